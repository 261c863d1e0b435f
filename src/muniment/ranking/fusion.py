"""Joins the cosine and the BM25 ranking into one."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

RRF_K = 60

Scores = NDArray[np.float64]


class Fusion(StrEnum):
    """How two rankings become one."""

    RRF = "rrf"
    """Reciprocal rank fusion, k = 60 (Cormack, Clarke and Büttcher, SIGIR 2009)."""
    ZSCORE = "zscore"
    """Mean of the two scores, each standardised over the candidates."""


def fuse(fusion: Fusion, cosine: Scores, bm25: Scores) -> Scores:
    """Fused scores of the candidates, shape (n,), higher is better.

    ``cosine`` and ``bm25`` have shape (n,); NaN where a candidate was not found at that stage.
    """
    if fusion is Fusion.RRF:
        return _reciprocal(cosine) + _reciprocal(bm25)
    return 0.5 * _standard(cosine) + 0.5 * _standard(bm25)


def ranks(scores: Scores) -> Scores:
    """1-based rank of each score, best first; NaN where there is none; ties keep their order."""
    result = np.full(scores.shape, np.nan)
    found = np.flatnonzero(~np.isnan(scores))
    order = found[np.argsort(-scores[found], kind="stable")]
    result[order] = np.arange(1, len(order) + 1)
    return result


def _reciprocal(scores: Scores) -> Scores:
    return np.nan_to_num(1.0 / (RRF_K + ranks(scores)), nan=0.0)


def _standard(scores: Scores) -> Scores:
    found = scores[~np.isnan(scores)]
    if not len(found):
        return np.zeros(scores.shape)
    # What a stage did not find is at best as good as the worst that it did find.
    filled: Scores = np.where(np.isnan(scores), found.min(), scores)
    deviation = filled.std()
    return (filled - filled.mean()) / deviation if deviation > 1e-12 else np.zeros(scores.shape)
