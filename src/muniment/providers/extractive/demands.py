"""Whether what would be quoted holds the very thing that a question demands: a count, a sum, a name.

A question for a number is not answered by a text without one, however well it fits otherwise; and the number
of a paragraph or a year counts nothing. Only what is told by how it is written is demanded, and whatever may
be an answer in other words is let pass: half of them, none, free of charge, "she".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.counting import counted
from muniment.language.currencies import MONEY
from muniment.language.measures import POUNDS, TIMES, unit_of
from muniment.language.names import names
from muniment.language.quantities import amounts, units_named
from muniment.language.terms import WORD, stem, stems
from muniment.language.unnumbered import (
    count_in_words,
    free_of_charge,
    hangs_on_something,
    open_duration,
    share_of_sum,
)
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.question import Expects, Question
from muniment.providers.extractive.scoring import Scored, likelihoods

_SUM_OF = r"(?:price|fees?|salary|fare|costs?|surcharge|rent|wage)\b"
_SUM = re.compile(
    r"\bhow (?:much (?:money|does|do|did|is|are|was|were|will|would|can|must|should)\b"
    r".*\b(?:cost|pay|paid|price|charge|fee|spend|earn|worth|owe)|expensive|much money)"
    rf"|\bwhat (?:does|do|did|will|would) .*\bcosts?\b|\b(?:what|which) (?:\w+ ){{0,2}}{_SUM_OF}"
    rf"|\bwhat (?:is|are|was|were) (?:(?:the|an?|your|my|our) )?(?:\w+ ){{0,2}}{_SUM_OF}"
    r"|\bwhat (?:do|did|must|should|will) (?:\w+ ){1,2}(?:have to )?pay\b",
    re.I,
)
_DURATION = re.compile(
    r"\bhow (?:long|soon|many (?:\w+[- ]){0,3}(?:days|weeks|months|years|hours|minutes|seconds))\b", re.I
)
_COUNT = re.compile(r"\bhow many (?:of )?((?:[\w'’-]+ ){0,3}[\w'’-]+)", re.I)
_NUMBER = re.compile(
    r"\bhow (?:much|large|big|high|far|old|heavy|tall|deep|fast|wide|hot|cold|warm|thick|strong|efficient"
    r"|loud)\b"
    r"|\b(?:what|which) (?:\w+ ){0,2}(?:number|percentage|percent|amount|age)\b",
    re.I,
)
_MEASURES = [
    (re.compile(pattern, re.I), frozenset(units))
    for pattern, units in (
        (r"\bhow (?:tall|wide|deep|thick)\b",
         ("kilometre", "metre", "centimetre", "millimetre", "mile", "inch", "foot")),
        (r"\bhow heavy\b|\bhow much .*\bweigh",
         ("kilogram", "gram", "tonne", POUNDS, "pound of weight")),
        (r"\bhow (?:hot|cold|warm)\b", ("celsius", "fahrenheit")),
        (r"\b(?:what|which) (?:\w+ ){0,2}(?:percentage|percent|share|rate|proportion)\b|\bhow efficient\b",
         ("percent", "per mille", "percentage point", "basis point")),
    )
]  # fmt: skip
_OFTEN = re.compile(
    r"\b(?:daily|weekly|monthly|quarterly|annual(?:ly)?|yearly|hourly|once|twice|every)\b", re.I
)
_SOMEBODY = re.compile(r"^(?:You|We|I)\b|\b(?:[Hh]e|[Ss]he|[Tt]hey|by (?:the|an?|its|their) \w+)\b")
_WHO = re.compile(r"\W*who\b", re.I)
LIKELY = 0.04
"""How likely a candidate must be the answer to be it because the ones before name nobody."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What of a text may be an amount: its units, and whether it has numbers without one."""

    text: str
    units: frozenset[str]
    bare: bool
    row: bool
    """Whether it has a row of a table with a number, whose unit may stand anywhere."""


def holds_demanded(question: Question, chosen: Sequence[Candidate]) -> bool:
    """Whether ``chosen`` hold what the question cannot be answered without; of several questions in one
    nothing is demanded."""
    if question.parts > 1 or not chosen or question.yes_or_no:
        return True
    if _asks_who(question):
        return any(_names_somebody(question, one) for one in chosen)
    return _holds_amount(question.text, _written(question, chosen))


def somebody_first(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The same, the first of those likely to answer that names somebody new before the others, where somebody
    is asked for; as it is when none does."""
    if not _asks_who(question):
        return list(ranked)
    for one, likelihood in zip(ranked, likelihoods(ranked), strict=True):
        if likelihood >= LIKELY and _names_somebody(question, one.candidate):
            return [one, *(other for other in ranked if other is not one)]
    return list(ranked)


def _asks_who(question: Question) -> bool:
    return question.expects is Expects.PERSON and bool(_WHO.match(question.text))


def _names_somebody(question: Question, one: Candidate) -> bool:
    """Whether a unit speaks of somebody whom the question does not name; a row only where it holds something
    of the question itself: tables are full of names."""
    if one.in_table and not one.carried and not one.alike:
        return False
    known = stems(question.text)
    return bool(_SOMEBODY.search(one.text)) or any(stem(name) not in known for name in names(one.text))


def _written(question: Question, chosen: Sequence[Candidate]) -> _Written:
    text = "\n".join(one.text for one in chosen)
    asked = {value for one in amounts(question.text).quantities for value in one.values}
    found = [one for one in counted(text) if not one.values & asked]
    row = bool(found) and any(one.in_table for one in chosen)
    units = frozenset(one.unit for one in found) - {""}
    return _Written(text, units, any(not one.unit for one in found), row)


def _holds_amount(question: str, said: _Written) -> bool:
    if said.row or count_in_words(said.text) or hangs_on_something(said.text):
        return True
    if _DURATION.search(question):
        return _holds_duration(said)
    if _SUM.search(question):
        money = said.units & (MONEY | {POUNDS, "percent"})
        return bool(money) or free_of_charge(said.text) or share_of_sum(said.text)
    if match := _COUNT.search(question):
        return _holds_count(match[1], said)
    if not _NUMBER.search(question):
        return _holds_measure(question, said)
    if not said.units and not said.bare:
        return free_of_charge(said.text) or share_of_sum(said.text)
    return _holds_measure(question, said)


def _holds_duration(said: _Written) -> bool:
    dates = amounts(said.text).dates
    times = said.units & (TIMES | {"clock time"})
    return bool(times or dates) or open_duration(said.text) or bool(_OFTEN.search(said.text))


def _holds_count(counts: str, said: _Written) -> bool:
    """Whether something is counted: a sum of money or a time is no number of things."""
    asked = frozenset(unit_of(word) for word in WORD.findall(counts)) - {""}
    other = said.units & (asked | {"percent"}) or (asked and said.units - MONEY)
    return said.bare or bool(other)


def _holds_measure(question: str, said: _Written) -> bool:
    for pattern, units in _MEASURES:
        if pattern.search(question):
            return said.bare or bool(units & (said.units | units_named(said.text)))
    return True
