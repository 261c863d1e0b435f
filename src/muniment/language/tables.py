"""Rows of tables: their cells, and whether a first row names the columns."""

import re

from muniment.language.units import CELL_SEPARATOR

_PERIOD = re.compile(r"(?:[QH][1-4]\s*)?(?:19|20)\d\d(?:\s*[-–/]\s*\d{2,4})?|[QH][1-4]", re.I)
_AMOUNT = re.compile(r"[^\w]*[$€£¥]?\s?\d[\d.,'’ ]*\s?(?:%|[A-Za-z°/²³]{0,6})?[^\w]*")
_DIGIT = re.compile(r"\d")


def cells(row: str) -> list[str]:
    """The cells of a row, without surrounding white space."""
    return [cell.strip() for cell in row.split(CELL_SEPARATOR)]


def is_header(row: str) -> bool:
    """Whether a table's first row names its columns.

    It does not when a cell behind the first is a mere amount, or holds one where there are two cells:
    such a table has a name and a value in each row. Years and quarters name columns.
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
