"""How well a candidate answers a question."""

import re
from dataclasses import dataclass

from muniment.language.names import codes, names
from muniment.language.quantities import Amounts, amounts
from muniment.language.terms import WORD, is_content, stem
from muniment.language.units import CELL_SEPARATOR, UnitKind
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.question import Expects, Question

NEARBY = 0.5
"""What a term in the surroundings counts, against 1 for a term in the unit itself."""
ALIKE = 0.6
"""What a synonym of a term counts."""
EXPECTED = 0.2
"""Added when the unit holds the kind of thing asked for; taken off when a number, sum or date is missing."""
PASSAGE = 0.3
"""Taken off, times how far the passage's retrieval score lies below the best one's (0 to 1)."""
COSINE = 1.25
"""What the cosine of question and unit counts."""
PASSAGE_COSINE = 0.5
"""What the cosine of question and passage counts."""

SAYS_NOTHING = 0.4
"""Taken off a unit that hardly says more than the question does."""

_MONEY = frozenset({"euro", "dollar", "pound", "yen"})
_TIME = frozenset({"year", "month", "week", "day", "hour", "minute", "second", "millisecond", "clock time"})
_OFTEN = re.compile(
    r"\b(?:daily|weekly|monthly|quarterly|annual(?:ly)?|yearly|hourly|once|twice|immediately|every)\b", re.I
)
_WHEN = re.compile(
    r"\b(?:before|after|until|since|during|centur(?:y|ies)|monday|tuesday|wednesday|thursday|friday)\b", re.I
)
_WHY = re.compile(
    r"\b(?:because|due to|caused? by|since|so that|in order to|therefore|reason|as a result)\b", re.I
)
_WHERE = re.compile(r"\b(?:in|at|on|near|to|from)\s+(?:the\s+)?[A-Z]")
_CAPTION = re.compile(r"(?:table|figure|fig\.)\s*\d", re.I)
_DEFINES = re.compile(
    r"^\W*[\w\s\"“”'’().-]{2,60}?\b(?:is|are|was|were|means?|refers? to|describes?|stands? for)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score and its coverage, both weighted by term.

    ``coverage`` is the share of the question carried by the unit with its surroundings;
    ``own`` the share carried by the unit alone. ``cosine`` is that of question and unit, where known.
    """

    candidate: Candidate
    score: float
    coverage: float
    own: float
    cosine: float | None = None

    def near(self, cosine: float) -> "Scored":
        """The same with the cosine of question and unit counted in."""
        return Scored(self.candidate, self.score + COSINE * cosine, self.coverage, self.own, cosine)


def score(question: Question, weights: dict[str, float], candidate: Candidate, behind: float) -> Scored:
    """The candidate's score; about 1 for a unit that carries every term.

    ``behind`` says how far its passage stands behind the best one found: 0 for the best, 1 for the last.
    """
    total = sum(weights.values()) or 1.0
    own = sum(weights[term] for term in candidate.carried)
    own = (own + ALIKE * sum(weights[term] for term in candidate.alike)) / total
    nearby = sum(weights[term] for term in candidate.nearby - candidate.alike) / total
    value = own + NEARBY * nearby - PASSAGE * behind + _fit(question, candidate)
    value += _form(candidate) - (SAYS_NOTHING if _says_nothing(question, candidate) else 0.0)
    value += PASSAGE_COSINE * candidate.passage.passage.scores.get("cosine", 0.0)
    return Scored(candidate, value, own + nearby, own)


def holds_expected(expects: Expects, text: str) -> bool | None:
    """Whether ``text`` holds what is asked for; None when the question does not say."""
    in_table = CELL_SEPARATOR in text  # its units stand in the header, or nowhere
    found = amounts(text) if expects in _NEEDS_AMOUNTS else Amounts((), ())
    units = {quantity.unit for quantity in found.quantities}
    checks = {
        Expects.NUMBER: lambda: bool(found.quantities),
        Expects.MONEY: lambda: bool(units & _MONEY) or (in_table and bool(found.quantities)),
        Expects.DURATION: lambda: (
            bool(units & _TIME) or bool(_OFTEN.search(text)) or (in_table and bool(found.quantities))
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


def _fit(question: Question, candidate: Candidate) -> float:
    fit = 0.0
    if candidate.carried or candidate.nearby:
        holds = holds_expected(question.expects, candidate.text)
        if holds:
            fit = EXPECTED
        elif holds is False and question.expects in _NEEDS_AMOUNTS and question.parts == 1:
            fit = -EXPECTED
    if question.codes and question.codes & {code.upper() for code in codes(candidate.text)}:
        fit += EXPECTED / 2
        if candidate.text.upper().startswith(tuple(question.codes)):  # "E-417 | Earth fault" says what it is
            fit += EXPECTED
    return fit


def _says_nothing(question: Question, candidate: Candidate) -> bool:
    """Whether a unit repeats the question: no new word in a sentence, at most one in a title."""
    if candidate.unit.kind is UnitKind.TABLE_ROW:
        return False
    new = {stem(word) for word in WORD.findall(candidate.text) if is_content(word) or word.isdigit()}
    least = 2 if candidate.unit.kind is UnitKind.FRAGMENT else 1
    return len(new - set(question.terms)) < least


def _form(candidate: Candidate) -> float:
    """Questions, labels and very short lines seldom answer."""
    length = len(candidate.text)
    if candidate.unit.kind is UnitKind.FRAGMENT and _CAPTION.match(candidate.text):
        return -0.5
    penalty = 0.0
    if candidate.text.rstrip().endswith("?"):
        penalty -= 0.4
    if candidate.text.rstrip().endswith(":"):
        penalty -= 0.15
    if candidate.unit.kind is UnitKind.FRAGMENT:
        penalty -= 0.15
    if length < 25:
        penalty -= 0.1
    if length > 400:
        penalty -= 0.1
    return penalty + (0.02 if candidate.position == 0 else 0.0)
