"""The sample corpus: documents of a company that does not exist, with labelled questions."""
