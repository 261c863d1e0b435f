"""Rows of tables: their cells, whether a first row names the columns."""

import re
from collections.abc import Iterator

from muniment.language.units import UnitKind, split_units

_BORDER = re.compile(r"(?:^|(?<=\s))\|(?=\s|$)")
_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_YEAR = r"(?:19|20)\d\d(?:\s*[-–/]\s*\d{2,4})?"
_PERIOD = re.compile(
    rf"(?:(?:[QH][1-4]|FY|fiscal(?: year)?|year|{_MONTHS})[\s/-]*)*{_YEAR}\s?[AEFP]?"
    rf"|[QH][1-4]|FY\s?\d\d|(?:[QH][1-4][\s/-]*)\d\d"
    rf"|\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d|\d{{1,2}}\.?\s{_MONTHS}(?:\s(?:19|20)\d\d)?",
    re.I,
)
_AMOUNT = re.compile(r"[^\w]*[$€£¥]?\s?\d[\d.,'’ ]*\s?(?:%|[A-Za-z°/²³]{0,6})?[^\w]*")
NEGATIVE = ("(", "-", "−", "–")
"""How a cell with a number below nought begins; brackets may only mean a cost."""
_DIGIT = re.compile(r"\d")


def cells(row: str) -> list[str]:
    """The cells of a row, without surrounding white space.

    A border at the beginning stands behind an empty first cell, as in the head of an income statement, unless
    the row ends with one too: then both only frame it.
    """
    parts = [cell.strip() for cell in _BORDER.split(row.strip())]
    if len(parts) > 2 and not parts[0] and not parts[-1]:
        return parts[1:-1]
    return parts


def fitted(names: list[str], width: int) -> list[str]:
    """The names of the columns for rows of ``width`` cells: an empty first one may not have been written."""
    return ["", *names] if len(names) == width - 1 else names


def is_header(row: str) -> bool:
    """Whether a table's first row names its columns.

    It does not when a cell behind the first is a mere amount, or holds one where there are two cells:
    such a table has a name and a value in each row. Years, quarters and days name columns.
    """
    rest = cells(row)[1:]
    if len(rest) == 1:
        return not _DIGIT.search(_PERIOD.sub("", rest[0]))
    return not any(_AMOUNT.fullmatch(cell) and not _PERIOD.fullmatch(cell) for cell in rest)


def named_cells(header: str, row: str) -> list[tuple[str, str]] | None:
    """Each cell of a row with its column's name; None when the two do not fit together.

    A row may end early: empty cells at its end are not written.
    """
    names, values = cells(header), cells(row)
    if len(names) < len(values) or not is_header(header):
        return None
    return list(zip(names, values, strict=False))


def table_rows(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """The rows of a text's tables: the names of the columns, none where there are none, and the cells."""
    header: list[str] = []
    for unit in split_units(text):
        if unit.kind is UnitKind.TABLE_HEADER:
            header = cells(unit.of(text))
        elif unit.kind is UnitKind.TABLE_ROW:
            row = cells(unit.of(text))
            yield fitted(header, len(row)), row


def is_amount(cell: str) -> bool:
    """Whether a cell is a mere amount, negative ones in brackets included; periods are none."""
    return bool(_AMOUNT.fullmatch(cell)) and not _PERIOD.fullmatch(cell)


def is_period(cell: str) -> bool:
    """Whether a cell is a year, a quarter or a day."""
    return bool(_PERIOD.fullmatch(cell))


def label(row: str) -> str:
    """The first cell of a row that says something in words: what the row is about; "" when none does."""
    return next((cell for cell in cells(row) if cell and not is_amount(cell)), "")
