"""Sizes that hold whatever the tokenizer."""

CHARS_PER_TOKEN = 24
"""A range counts as at least one token per this many characters: some tokenizers take a word of any length,
and any run of blanks, for a single token or none."""
