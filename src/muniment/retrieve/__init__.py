"""From a question to the passages that may answer it."""

from muniment.retrieve.filters import parse_filter
from muniment.retrieve.joined import JoinedRetriever, join
from muniment.retrieve.retriever import DocumentNames, Retrieval, Retriever

__all__ = ["DocumentNames", "JoinedRetriever", "Retrieval", "Retriever", "join", "parse_filter"]
