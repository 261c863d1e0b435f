"""From a question to the passages that may answer it."""

from muniment.retrieve.filters import parse_filter
from muniment.retrieve.joined import JoinedRetriever, join
from muniment.retrieve.relevance import Explanation, Stage, explain, with_relevance
from muniment.retrieve.retriever import DocumentNames, Retrieval, Retriever

__all__ = [
    "DocumentNames",
    "Explanation",
    "JoinedRetriever",
    "Retrieval",
    "Retriever",
    "Stage",
    "explain",
    "join",
    "parse_filter",
    "with_relevance",
]
