"""The model of the choice: what each signal counts."""

from collections.abc import Iterator
from dataclasses import replace
from operator import mul

from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.scoring import ALIKE, Scored
from muniment.providers.extractive.signals import SIGNALS, Asked, signals
from muniment.providers.extractive.weights import COSINE, WITH_VECTORS, WORDS_ALONE

BY_HAND = {
    "says nothing": -2.0, "defines": 1.0, "contradicts": -3.0, "unqualified": -1.0, "narrowed": -0.3,
    "row asked": 1.5, "row strange": -1.0, "names one": 1.5, "of others": -3.0,
    "defines expressly": 3.0, "option": 6.0,
}  # fmt: skip
"""What too few questions of the sets turn on to be fitted. Of 40 units that contradict a qualifier of their
question none holds the answer; that a definition defines needs no proof."""


def score(asked: Asked, candidate: Candidate, behind: float) -> Scored:
    """The candidate's score by words alone: the logarithm of how likely it answers, but for a constant.

    ``behind`` says how far its passage stands behind the best one found: 0 for the best, 1 for the last.
    """
    found = signals(asked, candidate, behind)
    own, alike, nearby = found[:3]
    own += ALIKE * alike
    return Scored(candidate, found, _weigh(_WORDS_ALONE, found), own + nearby, own)


def near(one: Scored, cosine: float) -> Scored:
    """The same with the cosine of question and unit counted in."""
    return replace(one, score=_weigh(_WITH_VECTORS, one.signals) + COSINE * cosine, cosine=cosine)


def _all(fitted: dict[str, float]) -> tuple[float, ...]:
    weights = fitted | BY_HAND
    return tuple(weights.get(name, 0.0) for name in SIGNALS)  # a new signal counts nothing until it is fitted


def _weigh(weights: tuple[float, ...], found: tuple[float, ...]) -> float:
    weighed: Iterator[float] = map(mul, weights, found)
    return sum(weighed)


_WORDS_ALONE = _all(WORDS_ALONE)
_WITH_VECTORS = _all(WITH_VECTORS)
