"""Weights of standardised signals: the point of a grid with the highest mean nDCG@10 over sets.

Three free numbers are few enough to try all of a grid, which looks at the measure itself and not at a loss
that stands for it. Of the best points the mean is taken: it is steadier than the best one.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from signals import Figures, Measured, Scores, discounted, standard

GRID = {
    "bm25": (0.35, 0.45, 0.55, 0.65),
    "phrase": (0.0, 0.03, 0.06, 0.1),
    "sentence": (0.0, 0.15, 0.3, 0.45, 0.6, 0.75),
}
"""Beside ``cosine`` at 0.5."""

NAMES = ("cosine", *GRID)
BEST = 5

Weights = dict[str, float]


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: standardised signals (n, NAMES), the units of each, gains of units."""

    question: str
    pieces: NDArray[np.int64]
    columns: Scores
    units: list[list[str]]
    gains: dict[str, int]
    ideal: float


Design = dict[str, list[Asked]]


def design(sets: Sequence[Measured]) -> Design:
    """All candidates of all questions, by set."""
    return {one.name: [_asked(one, question) for question in one.set.questions] for one in sets}


def _asked(one: Measured, question: str) -> Asked:
    found = one.candidates(question)
    gains = one.set.gains[question]
    return Asked(
        question,
        found.pieces,
        np.stack([standard(found.signals[name]) for name in NAMES], axis=1),
        [one.set.pieces[int(number)].units for number in found.pieces],
        gains,
        discounted(sorted(gains.values(), reverse=True)),
    )


def points() -> list[Weights]:
    """The grid."""
    return [
        {"cosine": 0.5, **dict(zip(GRID, point, strict=True))} for point in itertools.product(*GRID.values())
    ]


def surface(made: Design) -> dict[str, NDArray[np.float64]]:
    """Mean nDCG@10 of every point of the grid, by set."""
    return {
        name: np.array([np.mean([_ndcg(one, _vector(point)) for one in asked]) for point in points()])
        for name, asked in made.items()
    }


def chosen(measured: dict[str, NDArray[np.float64]], names: Sequence[str]) -> Weights:
    """The weights by these sets, each of which counts alike."""
    means = np.mean([measured[name] for name in names], axis=0)
    best = [points()[place] for place in np.argsort(-means, kind="stable")[:BEST]]
    return {name: round(float(np.mean([point[name] for point in best])), 3) for name in NAMES}


def figures(sets: Sequence[Measured], made: Design, weights: dict[str, Weights]) -> Figures:
    """nDCG@10 of each question by set, each set with its own weights."""
    out: Figures = {}
    for one in sets:
        vector = _vector(weights[one.name])
        out[one.name] = one.ndcg(
            {
                asked.question: dict(
                    zip(map(str, asked.pieces), (asked.columns @ vector).tolist(), strict=True)
                )
                for asked in made[one.name]
            }
        )
    return out


def _vector(weights: Weights) -> Scores:
    return np.array([weights[name] for name in NAMES])


def _ndcg(one: Asked, weights: Scores) -> float:
    """nDCG@10 of one question; quicker than the judge, and equal to it."""
    gains: list[int] = []
    seen: set[str] = set()
    for place in np.argsort(-(one.columns @ weights), kind="stable"):
        for unit in one.units[place]:
            if unit not in seen:
                seen.add(unit)
                gains.append(one.gains.get(unit, 0))
        if len(gains) >= 10:
            break
    return discounted(gains[:10]) / one.ideal
