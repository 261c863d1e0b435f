"""Exact ranking in memory: keyword analysis, BM25, cosine, fusion and filters; no I/O but snapshots."""

from muniment.ranking.analysis import analyze
from muniment.ranking.fields import Terms, terms_of, with_headings
from muniment.ranking.filters import Attributes, matches
from muniment.ranking.fusion import Fusion, fuse
from muniment.ranking.resident import Entry, Ranked, ResidentIndex
from muniment.ranking.sentences import Sentences, to_8_bits

__all__ = [
    "Attributes",
    "Entry",
    "Fusion",
    "Ranked",
    "ResidentIndex",
    "Sentences",
    "Terms",
    "analyze",
    "fuse",
    "matches",
    "terms_of",
    "to_8_bits",
    "with_headings",
]
