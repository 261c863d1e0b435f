"""Joins the rankings of a search into one."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

RRF_K = 60

Scores = NDArray[np.float64]


class Fusion(StrEnum):
    """How the rankings of a search become one."""

    RRF = "rrf"
    """Reciprocal rank fusion of cosine and BM25, k = 60 (Cormack, Clarke and Büttcher, SIGIR 2009)."""
    ZSCORE = "zscore"
    """Mean of cosine and BM25, each standardised over the candidates."""
    WEIGHTED = "weighted"
    """Weighted sum of all signals there are, each standardised over the candidates."""


@cache
def weights() -> dict[str, float]:
    """The weight of each signal in ``Fusion.WEIGHTED``, as ``benchmarks/retrieval/train.py`` wrote them."""
    text = files("muniment.ranking").joinpath("weights.json").read_text(encoding="utf-8")
    return {name: float(weight) for name, weight in json.loads(text)["weights"].items()}


def fuse(fusion: Fusion, signals: Mapping[str, Scores]) -> Scores:
    """Fused scores of the candidates, shape (n,), higher is better.

    ``signals`` has ``cosine`` and ``bm25``, and for ``Fusion.WEIGHTED`` others by their names, each of shape
    (n,); NaN where a candidate was not found at that stage.
    """
    if fusion is Fusion.RRF:
        return _reciprocal(signals["cosine"]) + _reciprocal(signals["bm25"])
    if fusion is Fusion.ZSCORE:
        return 0.5 * _standard(signals["cosine"]) + 0.5 * _standard(signals["bm25"])
    fused = np.zeros(len(signals["cosine"]), np.float64)
    for name, weight in weights().items():
        if name in signals:
            fused += weight * _standard(signals[name])
    return fused


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
