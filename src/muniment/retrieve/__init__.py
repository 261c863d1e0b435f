"""From a question to the passages that may answer it."""

from muniment.retrieve.filters import parse_filter
from muniment.retrieve.joined import JoinedRetriever, join
from muniment.retrieve.relevance import Explanation, Stage, explain, with_relevance
from muniment.retrieve.reranked import RerankedRetriever, Searcher, one_judge, standing
from muniment.retrieve.retriever import DocumentNames, Retrieval, Retriever

__all__ = [
    "DocumentNames",
    "Explanation",
    "JoinedRetriever",
    "RerankedRetriever",
    "Retrieval",
    "Retriever",
    "Searcher",
    "Stage",
    "explain",
    "join",
    "one_judge",
    "parse_filter",
    "standing",
    "with_relevance",
]
