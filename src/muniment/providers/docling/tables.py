"""Tables as rows of text: cells joined by `` | ``, header rows marked."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from docling_core.types.doc import DoclingDocument, RefItem, RichTableCell, TableCell, TableData
from docling_core.types.doc.base import BoundingBox

_EMPTY_CELL = re.compile(r"\|  (?=\|)")
_REPEATED_CHARS = 60
"""Labels up to this length that span rows are repeated in each, so that a row is understood alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row's text, whether it is a header, and the boxes of its cells in Docling's coordinates."""

    text: str
    header: bool
    boxes: tuple[BoundingBox, ...]


def rows_of(data: TableData, text_of: Callable[[RefItem | None, str], str]) -> list[Row]:
    """The rows that hold text, in order.

    A cell merged over columns stands once in its row. A cell merged over rows stands in its first row;
    short ones in all. When every row is marked a header, only the first one is.
    """
    texts: dict[int, str] = {}
    by_row: dict[int, list[TableCell]] = {}
    for cell in data.table_cells:
        ref = cell.ref if isinstance(cell, RichTableCell) else None
        texts[id(cell)] = text = " ".join(text_of(ref, cell.text).split())
        last = max(cell.start_row_offset_idx + 1, min(cell.end_row_offset_idx, data.num_rows))
        for number in range(cell.start_row_offset_idx, last):
            if number == cell.start_row_offset_idx or (text and len(text) <= _REPEATED_CHARS):
                by_row.setdefault(number, []).append(cell)
    made = [_row(number, by_row[number], texts) for number in sorted(by_row)]
    rows = [row for row in made if row.text]
    return _with_leading_headers(rows)


def _row(number: int, cells: list[TableCell], texts: dict[int, str]) -> Row:
    cells.sort(key=lambda cell: cell.start_col_offset_idx)
    filled: list[str] = []
    at = 0
    for cell in cells:
        filled.extend([""] * max(0, cell.start_col_offset_idx - at))
        filled.append(texts[id(cell)])
        at = max(at, cell.end_col_offset_idx, cell.start_col_offset_idx + 1)
    while filled and not filled[-1]:
        filled.pop()
    named = [cell for cell in cells if texts[id(cell)]]
    own = [cell for cell in named if cell.end_row_offset_idx - cell.start_row_offset_idx <= 1] or named
    return Row(
        # Empty cells keep their bar, so that columns stay in step.
        text=_EMPTY_CELL.sub("| ", " | ".join(filled)).strip() if any(filled) else "",
        header=bool(named) and all(cell.column_header for cell in named),
        boxes=tuple(cell.bbox for cell in own if cell.bbox is not None),
    )


def _with_leading_headers(rows: list[Row]) -> list[Row]:
    """Keep header marks on the rows at the top only, and never on all."""
    count = next((index for index, row in enumerate(rows) if not row.header), len(rows))
    if count == len(rows):
        count = min(1, len(rows) - 1)
    return [Row(row.text, index < count, row.boxes) for index, row in enumerate(rows)]


def contained_refs(data: TableData, document: DoclingDocument) -> set[str]:
    """References of every item that is written as part of a cell."""
    return set(_cell_refs(data, document))


def _cell_refs(data: TableData, document: DoclingDocument) -> Iterator[str]:
    stack = [cell.ref.resolve(document) for cell in data.table_cells if isinstance(cell, RichTableCell)]
    while stack:
        item = stack.pop()
        yield item.self_ref
        stack.extend(child.resolve(document) for child in item.children)
