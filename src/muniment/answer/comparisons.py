"""Whether what is said to be the highest, or higher than another, is: tables are compared, prose must say
so."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from muniment.language.quantities import amounts
from muniment.language.tables import NEGATIVE, table_rows
from muniment.language.terms import stems

_LEAST = (
    r"lowest|fewest|smallest|cheapest|lightest|shortest|(?<!at )(?<!not )least (?=[a-z]+(?:ive|ant|ed|ent)\b)"
)
_MOST = (
    r"highest|largest|biggest|greatest|dearest|heaviest|longest"
    r"|(?<!at )(?<!the )most (?=(?:expensive|costly|important|powerful|efficient)\b)"
    r"|(?<=the )most (?=(?:expensive|costly|important|powerful|efficient)\b)"
)
_EXTREME = re.compile(rf"\b(?:(?P<least>{_LEAST})|(?P<most>{_MOST}))", re.I)
_RANKED = re.compile(
    rf"\b(?:{_LEAST}|{_MOST}|top|record|maximum|minimum|peak|main|primary|leading|first|last|best|worst|only"
    r"|at most|at least|up to|no (?:more|less) than|exceed\w*|\w+est)\b",
    re.I,
)
_THAN = re.compile(
    r"\b(?:(?P<more>higher|larger|greater|bigger|more|longer|heavier|dearer|above)"
    r"|(?P<less>lower|smaller|less|fewer|shorter|lighter|cheaper|below))\b(?:\s\w+)?\s+than\s+",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Row:
    key: frozenset[str]
    columns: tuple[frozenset[str], ...]
    numbers: tuple[float | None, ...]


def compared_otherwise(claim: str, text: str, stated: str) -> Iterable[str]:
    """What the claim ranks otherwise than the tables of ``text``, or though nothing in ``stated`` does."""
    yield from _no_extreme(claim, text, stated)
    yield from _not_more(claim, text)


def _no_extreme(claim: str, text: str, stated: str) -> Iterable[str]:
    said = _EXTREME.search(claim)
    if said is None or _RANKED.search(stated):
        return
    words = stems(claim)
    rows = list(_rows(text))
    named = [row for row in rows if row.key and row.key <= words]
    if not rows:
        yield f"the cited text ranks nothing as “{said.group().strip()}”"
    if len(named) != 1:
        return
    column = _column(named[0], words)
    numbers = [row.numbers[column] for row in rows if column is not None and column < len(row.numbers)]
    mine = named[0].numbers[column] if column is not None and column < len(named[0].numbers) else None
    known = [number for number in numbers if number is not None]
    if mine is not None and known and mine != (min(known) if said["least"] else max(known)):
        yield f"another row of the table has the “{said.group().strip()}”"


def _not_more(claim: str, text: str) -> Iterable[str]:
    than = _THAN.search(claim)
    if than is None:
        return
    left, right = stems(claim[: than.start()]), stems(claim[than.end() :])
    rows = list(_rows(text))
    first = [row for row in rows if row.key and row.key <= left]
    second = [row for row in rows if row.key and row.key <= right]
    if len(first) != 1 or len(second) != 1 or first == second:
        return
    column = _column(first[0], stems(claim))
    if column is None or column >= len(first[0].numbers) or column >= len(second[0].numbers):
        return
    one, other = first[0].numbers[column], second[0].numbers[column]
    if one is not None and other is not None and not (one > other if than["more"] else one < other):
        yield f"the table has {one:g} and {other:g}, which is not {than.group().strip()}"


def _column(row: _Row, words: set[str]) -> int | None:
    """The column whose name the claim speaks of most; the only one of numbers where it names none."""
    shares = [len(name & words) / max(1, len(name)) for name in row.columns]
    most = max(shares, default=0.0)
    if most and shares.count(most) == 1:
        return shares.index(most)
    of_numbers = [at for at, number in enumerate(row.numbers) if number is not None]
    return of_numbers[0] if len(of_numbers) == 1 else None


def _rows(text: str) -> Iterator[_Row]:
    for names, row in table_rows(text):
        yield _Row(
            frozenset(stems(row[0])),
            tuple(frozenset(stems(name)) for name in names[1:]),
            tuple(_number(cell) for cell in row[1:]),
        )


def _number(cell: str) -> float | None:
    """The one number of a cell; none where brackets leave open whether it is below nought."""
    found = amounts(cell).quantities
    if len(found) != 1 or len(found[0].values) != 1 or cell.startswith(NEGATIVE):
        return None
    return min(found[0].values)
