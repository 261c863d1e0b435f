"""Whether a claim mixes the rows or columns of a table: what one row says, said of what another is about."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from muniment.language.quantities import amounts
from muniment.language.synonyms import synonyms
from muniment.language.tables import cells, fitted
from muniment.language.terms import STOP_WORDS, WORD, stem
from muniment.language.units import UnitKind, split_units

_PARTS = re.compile(r"[.;]\s+|,?\s(?:and|but|while|whereas)\s")
_TWO_CELLS = 2


@dataclass(frozen=True, slots=True)
class _Row:
    key: frozenset[str]
    """Words of the first cell."""
    cells: tuple[frozenset[str], ...]
    """Words of each of the others."""
    written: str
    """The first cell."""


@dataclass(frozen=True, slots=True)
class _Table:
    columns: tuple[frozenset[str], ...]
    """Words of the names of the columns behind the first; empty where there are none."""
    rows: tuple[_Row, ...]
    names: tuple[str, ...] = ()


def mixed_rows(claim: str, text: str, neutral: str) -> Iterable[str]:
    """What is said of one row though another row says it, and what is said to be of another column.

    Args:
        text: the passages cited; what they say outside the table is nobody's.
        neutral: headings.
    """
    if " | " in claim:
        return
    for table in _tables(text):
        outside = _words(neutral) | _outside(text)
        for part in _parts(claim, table):
            yield from _of_another_row(part, table, outside)
            yield from _in_place_of_its_own(part, table)
            yield from _of_another_column(part, table, outside)


def _tables(text: str) -> Iterator[_Table]:
    header: str | None = None
    rows: list[str] = []
    for unit in split_units(text):
        if unit.kind is UnitKind.TABLE_HEADER:
            if header is not None:
                yield _table(header, rows)
            header, rows = unit.of(text), []
        elif unit.kind is UnitKind.TABLE_ROW:
            rows.append(unit.of(text))
    if header is not None:
        yield _table(header, rows)


def _table(header: str, rows: Sequence[str]) -> _Table:
    widest = max((len(cells(row)) for row in rows), default=0)
    names = fitted([cell.strip("| ") for cell in cells(header)], widest)
    made = []
    for row in rows:
        key, *rest = (cell.strip("| ") for cell in cells(row))
        made.append(_Row(_words(key), tuple(_words(cell) for cell in rest), key))
    columns = tuple(_words(name) for name in names[1:]) if len(names) == widest else ()
    return _Table(columns, tuple(made), tuple(names[1:]))


def _parts(claim: str, table: _Table) -> Iterator[frozenset[str]]:
    """The claim; its parts instead when several of them name a row, or numbers of their own."""
    whole = _words(claim)
    parts = [words for part in _PARTS.split(claim) if (words := _words(part))]
    if len(parts) > 1 and len(_named(whole, table)) > 1:
        yield from parts
        return
    numbered = [bool(amounts(part).quantities) for part in _PARTS.split(claim) if _words(part)]
    key = _named(whole, table)
    if len(parts) > 1 and all(numbered) and len(key) == 1:
        yield from (part | key[0].key for part in parts)
        return
    yield whole


def _named(words: frozenset[str], table: _Table) -> list[_Row]:
    """The rows whose first cell is named whole; of "Pro" and "Pro Plus" only the longer."""
    named = [row for row in table.rows if row.key and row.key <= words]
    return [row for row in named if not any(row.key < other.key for other in named)]


def _of_another_row(said: frozenset[str], table: _Table, outside: frozenset[str]) -> Iterable[str]:
    named = _named(said, table)
    if len(named) != 1:
        return
    (mine,) = named
    own = mine.key | outside | frozenset().union(*mine.cells, *table.columns)
    for other in table.rows:
        if other is mine or other.key == mine.key:
            continue
        for cell in other.cells:
            foreign = {word for word in cell & said if not _matches(word, own)}
            if foreign and _tells(foreign, cell, said):
                yield f"the table says this of {other.written}, not of {mine.written}"
                return


def _in_place_of_its_own(said: frozenset[str], table: _Table) -> Iterable[str]:
    """A cell of another row, stated whole, where nothing of the named row's own cell in that column is."""
    named = _named(said, table)
    if len(named) != 1:
        return
    (mine,) = named
    stated = said - mine.key
    for other in table.rows:
        if other is mine or other.key == mine.key:
            continue
        for own, cell in zip(mine.cells, other.cells, strict=False):
            whole = len(cell) >= _TWO_CELLS and cell <= stated
            if whole and own and not own & said and not any(cell <= one for one in mine.cells):
                yield f"the table says this of {other.written}, not of {mine.written}"
                return


def _tells(foreign: set[str], cell: frozenset[str], said: frozenset[str]) -> bool:
    """Whether a cell is what the claim states: all of it, or most of a longer text."""
    return len(cell & said) * 2 > len(cell) and bool(foreign)


def _of_another_column(said: frozenset[str], table: _Table, outside: frozenset[str]) -> Iterable[str]:
    named = _named(said, table)
    if len(named) != 1 or not table.columns or len(table.columns) < _TWO_CELLS:
        return
    (mine,) = named
    numbers = {word for word in said if word[0].isdigit()}
    for at, cell in enumerate(mine.cells[: len(table.columns)]):
        stated = {word for word in cell & numbers if word not in mine.key}
        if not stated or sum(bool(stated & other) for other in mine.cells) > 1:
            continue
        if stated & frozenset().union(*table.columns, *(row.key for row in table.rows)):
            continue
        rest = said - mine.key
        own = [word for word in table.columns[at] if _matches(word, rest)]
        for other, column in enumerate(table.columns):
            only = column - table.columns[at] - {word for word in outside if not word[0].isdigit()}
            if other == at or not any(_matches(word, rest) for word in only):
                continue
            stands = other < len(mine.cells) and mine.cells[other] & said
            if not stands and not [word for word in own if word not in column]:
                said_of, not_of = table.names[at], table.names[other]
                yield f"the table says {'/'.join(sorted(stated))} of {said_of}, not of {not_of}"
                return


def _outside(text: str) -> frozenset[str]:
    units = split_units(text)
    tables = (UnitKind.TABLE_ROW, UnitKind.TABLE_HEADER)
    return frozenset().union(*(_words(unit.of(text)) for unit in units if unit.kind not in tables))


def _words(text: str) -> frozenset[str]:
    """Stems of the words, and numbers as written without separators of thousands."""
    text = re.sub(r"(?<=\d)[,\u00a0\u202f'’](?=\d{3}\b)", "", text)
    found = re.findall(rf"\d+(?:\.\d+)?(?![\w.]*\w)|{WORD.pattern}", text)
    return frozenset(
        re.sub(r"(\.\d*?)0+$", r"\1", word).rstrip(".") if word[0].isdigit() else stem(word)
        for word in found
        if word.lower() not in STOP_WORDS
    )


def _matches(word: str, there: Iterable[str]) -> bool:
    held = frozenset(there)
    return word in held or bool(synonyms(word) & held)
