"""Questions for the row that has the least or the most of something: its column is compared, row by row."""

import re
from collections.abc import Sequence

from muniment.language.captions import names_money
from muniment.language.quantities import amounts, units_named
from muniment.language.tables import NEGATIVE, label, named_cells
from muniment.language.terms import content_stems, stem
from muniment.language.units import UnitKind
from muniment.providers.extractive.candidates import Candidate, Wanted
from muniment.providers.extractive.listing import MOST_UNITS
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.rows import TOTALS

_LEAST = r"lowest|(?<!at )least|fewest|smallest|cheapest|lightest|shortest|(?<!not )least expensive"
_MOST = r"highest|(?<!at )most|largest|biggest|greatest|dearest|heaviest|longest"
_ASKS = re.compile(
    rf"^\W*(?:which|what|who|whose|where)\b.*?\b(?:(?P<least>{_LEAST})|(?P<most>{_MOST}))\b", re.I
)
_OF_MONEY = re.compile(
    r"\b(?:cheapest|dearest|(?:most|least) expensive|costs? (?:the )?(?:most|least))\b", re.I
)
_OF_WEIGHT = re.compile(r"\b(?:lightest|heaviest)\b", re.I)
_WEIGHTS = frozenset({"kilogram", "gram", "tonne"})
_PRICES = frozenset(stem(word) for word in "price cost fee charge rate".split())
_SUPERLATIVES = frozenset(
    stem(word)
    for word in "lowest fewest smallest cheapest lightest shortest highest largest biggest greatest dearest"
    " heaviest"
    " longest expensive".split()
)


def extreme_rows(question: Question, best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The rows of the table of ``best`` that have the least or the most of what the question names; all rows
    where their values cannot be compared; none where it asks for no such thing or no column is meant."""
    asked = _ASKS.search(question.text)
    if not asked or best.unit.kind is not UnitKind.TABLE_ROW:
        return []
    rows = _rows_of(best, candidates)
    column = _column(question, rows)
    if column is None or len(rows) < 2:
        return []
    values = [_value(row, column) for row in rows]
    numbers = [value[0] for value in values if value]
    if len(numbers) < len(rows) or len({value[1] for value in values if value}) > 1:
        return rows[:MOST_UNITS]
    sought = min(numbers) if asked["least"] else max(numbers)
    return [row for row, number in zip(rows, numbers, strict=True) if number == sought]


def _rows_of(best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The rows under the same head in the same document, passages that overlap counted once, totals left
    out."""
    head = _head(best)
    found: dict[str, Candidate] = {}
    for one in candidates:
        same = one.passage.passage.document_id == best.passage.passage.document_id
        if same and one.unit.kind is UnitKind.TABLE_ROW and _head(one) == head:
            found.setdefault(one.text, one)
    return [one for one in found.values() if not set(content_stems(label(one.text))) & TOTALS]


def _head(row: Candidate) -> str:
    return row.passage.passage.chunk.text[slice(*row.unit.header)] if row.unit.header else ""


def _column(question: Question, rows: Sequence[Candidate]) -> int | None:
    """The column whose name the question holds most of; None when none or several are meant."""
    named = [named_cells(_head(row), row.text) for row in rows]
    if not rows or any(one is None for one in named):
        return None
    names = [name for name, _ in max((one or [] for one in named), key=len)]
    wanted = Wanted(tuple(term for term in question.terms if term not in _SUPERLATIVES))
    shares = [_meant(question, wanted, name) if place else 0.0 for place, name in enumerate(names)]
    most = max(shares, default=0.0)
    return shares.index(most) if most and shares.count(most) == 1 else None


def _meant(question: Question, wanted: Wanted, name: str) -> float:
    carried, alike = wanted.with_alike(name)
    meant = len(carried) + 0.5 * len(alike)
    if _OF_MONEY.search(question.text) and (names_money(name) or set(content_stems(name)) & _PRICES):
        meant += 1
    if _OF_WEIGHT.search(question.text) and ("weight" in content_stems(name) or units_named(name) & _WEIGHTS):
        meant += 1
    return meant


def _value(row: Candidate, column: int) -> tuple[float, str] | None:
    """The number in a row's cell with its unit; None when it has none, or several."""
    named = named_cells(_head(row), row.text) or []
    cell = named[column][1] if column < len(named) else ""
    found = amounts(cell).quantities
    if len(found) != 1 or len(found[0].values) != 1:
        return None
    negative = cell.startswith(NEGATIVE)
    (number,) = found[0].values
    return (-number if negative else number), found[0].unit
