"""What speaks for and against a candidate, as numbers for the model of the choice."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.names import codes
from muniment.language.people import of_others
from muniment.language.qualifiers import Qualifier, contradict, qualifiers
from muniment.language.quantities import Amounts, amounts, units_named
from muniment.language.terms import WORD, content_stems, is_content, stem
from muniment.language.units import UnitKind
from muniment.protocols import PromptPassage
from muniment.providers.extractive import rows
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.defining import defines, wants_definition
from muniment.providers.extractive.headings import option_names
from muniment.providers.extractive.question import Expects, Question
from muniment.providers.extractive.scoring import holds_expected
from muniment.providers.extractive.sorts import names_one, sort_of

SIGNALS = (
    "own", "alike", "nearby", "pairs", "density", "says nothing",
    "behind", "passage cosine", "section",
    "amount", "no amount", "other kind", "defines", "counted", "unit", "other unit", "date",
    "code", "code first",
    "asks", "leads in", "fragment", "caption", "short", "length", "first", "row", "item",
    "contradicts", "unqualified", "narrowed", "other year", "in range",
    "row asked", "row strange", "names one", "of others", "defines expressly", "option",
)  # fmt: skip
"""The names of the signals, in order."""

_CAPTION = re.compile(r"(?:table|figure|fig\.)\s*\d", re.I)
_CONTENTS = re.compile(r"\d+(?:\.\d+)+\s+.*\D\d{1,3}$")
"""A line of a table of contents."""
EMPTY_TITLE = 2.0
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d])")
_RANGE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?(?:to|[-–—]|and|until)\s?(\d+(?:\.\d+)?)(?![\d.]*\d)")
_IS = re.compile(
    r"(?:\s(?:is|are|was|were|means?|refers? to|describes?|denotes?|stands? for)\b|:| [–—-] | \| )",
    re.I,
)
_LONGEST_SUBJECT = 8
_MOSTLY = 0.6
_NEEDS_AMOUNTS = frozenset({Expects.NUMBER, Expects.MONEY, Expects.DURATION, Expects.DATE})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is read once for all candidates of a question; ``sections`` by the number of the passage."""

    question: Question
    weights: dict[str, float]
    total: float
    pairs: frozenset[tuple[str, str]]
    years: frozenset[str]
    numbers: frozenset[float]
    qualifiers: frozenset[Qualifier]
    sections: dict[int, float]


def read_asked(question: Question, weights: dict[str, float], passages: Sequence[PromptPassage]) -> Asked:
    """The question with its terms' weights, adjacent terms, years and numbers."""
    words = [stem(word) for word in WORD.findall(question.text) if is_content(word) or word.isdigit()]
    years = frozenset(_YEAR.findall(question.text))
    quantities = amounts(question.text).quantities if not question.codes or years else ()
    numbers = frozenset(value for one in quantities for value in one.values if value < 1000)
    pairs = frozenset(itertools.pairwise(words))
    total = sum(weights.values()) or 1.0
    sections = {given.number: _section(question, given) for given in passages}
    return Asked(question, weights, total, pairs, years, numbers, qualifiers(question.text), sections)


def _section(question: Question, given: PromptPassage) -> float:
    """Share of the words of a passage's own heading that the question holds."""
    headings = given.passage.chunk.headings
    words = set(content_stems(headings[-1])) if headings else set()
    return sum(word in question.terms for word in words) / max(1, len(words))


def signals(asked: Asked, candidate: Candidate, behind: float) -> tuple[float, ...]:
    """The values of ``SIGNALS``, about 0 to 1 each.

    ``behind`` says how far the passage stands behind the best one found: 0 for the best, 1 for the last.
    """
    words = [word.lower() for word in WORD.findall(candidate.text)]
    return (
        *_of_words(asked, candidate, words),
        *_of_passage(asked, candidate, behind),
        *_of_kind(asked, candidate, words),
        *_of_form(candidate),
        *_of_scope(asked, candidate),
        *rows.about(asked.question, candidate),
        _names_one(asked.question, candidate),
        float(of_others(asked.question.text, candidate.text)),
        defines(wants_definition(asked.question.text)[0], candidate.text),
        float(bool(candidate.option & option_names(asked.question.text))),
    )


def _names_one(question: Question, candidate: Candidate) -> float:
    """Whether the unit names a thing of the sort that a "which" asks for."""
    sort = sort_of(question.sort) if question.sort else None
    return float(sort is not None and names_one(sort, candidate.text, question.text))


def _of_words(asked: Asked, candidate: Candidate, words: list[str]) -> tuple[float, ...]:
    weights, total = asked.weights, asked.total
    said = [stem(word) for word in words if is_content(word) or word.isdigit()]
    near = (*itertools.pairwise(said), *zip(said, said[2:], strict=False))
    content = set(said)
    return (
        sum(weights[term] for term in candidate.carried) / total,
        sum(weights[term] for term in candidate.alike) / total,
        sum(weights[term] for term in candidate.nearby - candidate.alike) / total,
        min(1.0, sum(map(asked.pairs.__contains__, near)) / max(1, len(asked.pairs))),
        len(candidate.carried) / max(4, len(content)),
        _says_nothing(asked.question, candidate, content),
    )


def _of_passage(asked: Asked, candidate: Candidate, behind: float) -> tuple[float, ...]:
    return (
        behind,
        candidate.passage.passage.scores.get("cosine", 0.0),
        asked.sections.get(candidate.passage.number, 0.0),
    )


def _of_kind(asked: Asked, candidate: Candidate, words: list[str]) -> tuple[float, ...]:
    """Whether the unit holds the kind of thing asked for."""
    question = asked.question
    holds = holds_expected(question.expects, candidate.text)
    amount = question.expects in _NEEDS_AMOUNTS
    found = amounts(candidate.text) if amount or question.units else Amounts((), ())
    units = {quantity.unit for quantity in found.quantities} - {""}
    if candidate.unit.header and question.units:
        units |= units_named(candidate.passage.passage.chunk.text[slice(*candidate.unit.header)])
    one = question.parts == 1
    theirs = {code.upper() for code in codes(candidate.text)} & question.codes if question.codes else set()
    begins = candidate.text.upper().startswith(tuple(question.codes)) if theirs else False
    return (
        float(amount and bool(holds)),
        float(amount and holds is False and one),
        float(not amount and bool(holds) and question.expects is not Expects.DEFINITION),
        float(question.expects is Expects.DEFINITION and _defines(question, candidate.text)),
        float(_counted(question, words)),
        float(bool(question.units & units)),
        float(bool(units) and bool(question.units) and not question.units & units),
        float(question.expects is Expects.DATE and (bool(found.dates) or bool(_YEAR.search(candidate.text)))),
        float(bool(theirs)),
        float(begins),
    )


def _of_form(candidate: Candidate) -> tuple[float, ...]:
    """Questions, labels and very short lines seldom answer."""
    text, kind = candidate.text.rstrip(), candidate.unit.kind
    fragment = kind is UnitKind.FRAGMENT
    return (
        float(text.endswith("?")),
        float(text.endswith(":")),
        float(fragment),
        float(fragment and bool(_CAPTION.match(text))),
        float(len(text) < 25),
        min(1.0, len(text) / 400),
        float(candidate.position == 0),
        float(kind is UnitKind.TABLE_ROW),
        float(kind is UnitKind.LIST_ITEM),
    )


def _of_scope(asked: Asked, candidate: Candidate) -> tuple[float, ...]:
    """Whether the unit speaks of the part-time, of the year, of the amount that the question speaks of."""
    wanted, scope = asked.qualifiers, candidate.scope
    years = frozenset(_YEAR.findall(candidate.text)) if asked.years else frozenset()
    return (
        float(contradict(wanted, scope)),
        len(wanted - scope) / max(1, len(wanted)),
        float(bool({one.group for one in scope} - {one.group for one in wanted})),
        float(bool(years) and not asked.years & years),
        float(bool(asked.numbers) and _in_range(asked.numbers, candidate.text)),
    )


def _says_nothing(question: Question, candidate: Candidate, content: set[str]) -> float:
    """1 for a unit that only repeats the question, 2 for a title that does (one new word is no help)."""
    if candidate.unit.kind is UnitKind.TABLE_ROW:
        return 0.0
    title = candidate.unit.kind is UnitKind.FRAGMENT
    if title and _CONTENTS.fullmatch(candidate.text):
        return EMPTY_TITLE
    if len(content - set(question.terms)) >= (2 if title else 1):
        return 0.0
    return EMPTY_TITLE if title else 1.0


def _defines(question: Question, text: str) -> bool:
    """Whether the unit begins with what the question asks about, and says what that is or means."""
    match = _IS.search(text)
    if not match:
        return False
    subject = {stem(word) for word in WORD.findall(text[: match.start()])}
    return (
        len(subject) <= _LONGEST_SUBJECT
        and bool(question.terms)
        and (sum(term in subject for term in question.terms) >= _MOSTLY * len(question.terms))
    )


def _counted(question: Question, words: list[str]) -> bool:
    """Whether a number stands before what the question counts: "how many days" and "28 days"."""
    if not question.counted:
        return False
    held = [n for n, word in enumerate(words) if stem(word) == question.counted]
    return any(amounts(" ".join(words[max(0, n - 3) : n])).quantities for n in held)


def _in_range(numbers: frozenset[float], text: str) -> bool:
    """Whether a number of the question lies in a range of the unit: 7 in "5 to 10 years"."""
    return any(
        float(match[1]) <= number <= float(match[2]) for match in _RANGE.finditer(text) for number in numbers
    )
