"""Exact ranking in memory: keyword analysis, BM25, cosine, fusion and filters; no I/O but snapshots."""

from muniment.ranking.analysis import analyze
from muniment.ranking.filters import Attributes, matches
from muniment.ranking.fusion import Fusion, fuse
from muniment.ranking.resident import Entry, Ranked, ResidentIndex

__all__ = ["Attributes", "Entry", "Fusion", "Ranked", "ResidentIndex", "analyze", "fuse", "matches"]
