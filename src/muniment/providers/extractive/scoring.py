"""A candidate with its score, and whether it holds the kind of thing asked for."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.currencies import MONEY
from muniment.language.measures import POUNDS, TIMES
from muniment.language.names import names
from muniment.language.quantities import Amounts, amounts
from muniment.language.units import CELL_SEPARATOR
from muniment.language.unnumbered import count_in_words, free_of_charge, open_duration, share_of_sum
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.question import Expects

ALIKE = 0.6
"""What a synonym of a term counts."""

_TIME = TIMES | {"clock time"}
_OFTEN = re.compile(
    r"\b(?:daily|weekly|monthly|quarterly|annual(?:ly)?|yearly|hourly|once|twice|immediately|every)\b", re.I
)
_WHEN = re.compile(
    r"\b(?:before|after|until|since|during|centur(?:y|ies)|monday|tuesday|wednesday|thursday|friday)\b", re.I
)
_WHY = re.compile(
    r"\b(?:because|due to|caused? by|since|so that|in order to|therefore|reason|as a result)\b", re.I
)
_WHERE = re.compile(
    r"\b(?:in|at|on|near|to|from)\s+(?:the\s+)?"
    r"(?!(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b)[A-Z]"
)
_DEFINES = re.compile(
    r"^\W*[\w\s\"“”'’().-]{2,60}?\b(?:is|are|was|were|means?|refers? to|describes?|stands? for)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its signals, its score and its coverage, both weighted by term.

    ``coverage`` is the share of the question carried by the unit with its surroundings;
    ``own`` the share carried by the unit alone. ``cosine`` is that of question and unit, where known.
    """

    candidate: Candidate
    signals: tuple[float, ...]
    score: float
    coverage: float
    own: float
    cosine: float | None = None


def likelihoods(ranked: Sequence[Scored]) -> list[float]:
    """The probability that each answers, were one of them to: the softmax that the weights were fitted by."""
    best = max((one.score for one in ranked), default=0.0)
    powers = [math.exp(one.score - best) for one in ranked]
    total = sum(powers)
    return [power / total for power in powers]


def holds_expected(expects: Expects, text: str) -> bool | None:
    """Whether ``text`` holds what is asked for; None when the question does not say."""
    in_table = CELL_SEPARATOR in text  # its units stand in the header, or nowhere
    found = amounts(text) if expects in _NEEDS_AMOUNTS else Amounts((), ())
    units = {quantity.unit for quantity in found.quantities}
    checks = {
        Expects.NUMBER: lambda: bool(found.quantities) or count_in_words(text),
        Expects.MONEY: lambda: (
            bool(units & (MONEY | {POUNDS}))
            or (in_table and bool(found.quantities))
            or free_of_charge(text)
            or share_of_sum(text)
        ),
        Expects.DURATION: lambda: (
            bool(units & _TIME)
            or bool(_OFTEN.search(text))
            or open_duration(text)
            or (in_table and bool(found.quantities))
        ),
        Expects.DATE: lambda: (
            bool(found.dates) or bool(units & _TIME) or _year(found) or bool(_WHEN.search(text))
        ),
        Expects.PERSON: lambda: bool(names(text)),
        Expects.PLACE: lambda: bool(_WHERE.search(text)),
        Expects.REASON: lambda: bool(_WHY.search(text)),
        Expects.DEFINITION: lambda: bool(_DEFINES.match(text)),
    }
    return checks[expects]() if expects in checks else None


_NEEDS_AMOUNTS = frozenset({Expects.NUMBER, Expects.MONEY, Expects.DURATION, Expects.DATE})


def _year(found: Amounts) -> bool:
    return any(1000 <= value <= 2100 for quantity in found.quantities for value in quantity.values)
