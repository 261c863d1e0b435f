"""How probable it is that a passage is relevant: a calibrated number beside the ranking's own scores.

A ranking's score says which passage is better, and nothing about whether the best is any good. The
probability is a logistic model over a few signals that every collection has, whichever stages ranked it:
the cosine, the share of the question's BM25 that the passage earns (or, where the store does not tell it,
the share of the question's words that stand in it), and the place in the ranking. Its weights stand in
``relevance.json`` with where they come from; ``benchmarks/calibration/relevance.py`` makes them.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from muniment.ranking import analyze
from muniment.ranking.share import SHARE
from muniment.types import Passage

RANK_SUFFIX = "_rank"
FIRST_STAGE = "first_stage"
"""Score and rank that a passage had before a reranker changed the order."""


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of a logistic model, by signal."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        """From 0 to 1; ``signals`` hold at least those the model weighs."""
        height = self.intercept + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, height))))


@dataclass(frozen=True, slots=True)
class Stage:
    """What a passage earned at one stage of a search.

    Attributes:
        name: ``cosine``, ``bm25``, a fusion, or whatever else ranked it.
        score: higher is better; only within one stage can scores be compared.
        rank: place among what the stage found, from 1; None where it has none.
    """

    name: str
    score: float
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a passage stands where it does.

    Attributes:
        stages: in the order in which they were computed.
        relevance: the probability that the passage is relevant.
        signals: what the probability rests on, by name.
        contributions: how much each signal adds to the log-odds; with the intercept they make the
            log-odds of ``relevance``.
        intercept: the log-odds without any signal.
    """

    stages: tuple[Stage, ...]
    relevance: float
    signals: Mapping[str, float]
    contributions: Mapping[str, float]
    intercept: float


def with_relevance(question: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages of one search, best first, each with its probability."""
    terms = frozenset(analyze(question))
    return tuple(
        replace(passage, relevance=_model_for(signals).probability(signals))
        for passage, signals in zip(passages, _all_signals(terms, passages), strict=True)
    )


def explain(question: str, passages: Sequence[Passage]) -> tuple[Explanation, ...]:
    """Explanations of all passages that one search found, best first.

    Of reranked ones too the probability rests on the place before: that is what it is fitted on.
    """
    terms = frozenset(analyze(question))
    return tuple(
        _explanation(passage, signals)
        for passage, signals in zip(passages, _all_signals(terms, passages), strict=True)
    )


def signals_of(terms: frozenset[str], passage: Passage, rank: int) -> dict[str, float]:
    """The signals that there are; ``rank`` counts from 1."""
    signals = {"place": 1.0 / rank}
    if "cosine" in passage.scores:
        signals["cosine"] = passage.scores["cosine"]
    if SHARE in passage.scores:
        signals["share"] = math.sqrt(max(0.0, passage.scores[SHARE]))
    else:
        held = terms.intersection(analyze(passage.chunk.embedding_text))
        signals["coverage"] = len(held) / len(terms) if terms else 0.0
    return signals


def _all_signals(terms: frozenset[str], passages: Sequence[Passage]) -> Iterator[dict[str, float]]:
    return (
        signals_of(terms, passage, int(passage.scores.get(FIRST_STAGE + RANK_SUFFIX, rank)))
        for rank, passage in enumerate(passages, 1)
    )


def _explanation(passage: Passage, signals: dict[str, float]) -> Explanation:
    model = _model_for(signals)
    ranks = {name: rank for name, rank in passage.scores.items() if name.endswith(RANK_SUFFIX)}
    stages = tuple(
        Stage(name, score, int(ranks[name + RANK_SUFFIX]) if name + RANK_SUFFIX in ranks else None)
        for name, score in passage.scores.items()
        if name not in ranks
    )
    used = {name: signals[name] for name in model.weights}
    parts = {name: model.weights[name] * value for name, value in used.items()}
    return Explanation(stages, model.probability(signals), used, parts, model.intercept)


def _model_for(signals: Mapping[str, float]) -> Model:
    return _models()[frozenset(signals)]


@cache
def _models() -> Mapping[frozenset[str], Model]:
    """The models by the signals they take."""
    text = files("muniment.retrieve").joinpath("relevance.json").read_text(encoding="utf-8")
    models = [Model(one["intercept"], one["weights"]) for one in json.loads(text)["models"]]
    return {frozenset(model.weights): model for model in models}
