"""Tables of a page: where they are, and their rows, columns and cells.

Three kinds, tried in this order: a grid of ruling lines (its lattice gives the cells), a stack of
parallel rules or shaded stripes (rows from the rules, columns from the words), and no lines at all.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from muniment.providers.docling.pdf_borderless_tables import (
    cell_lines,
    column_edges,
    is_number,
    prose_columns,
    rows_of,
    table_regions,
)
from muniment.providers.docling.pdf_lines import baselines, build_lines, is_mono, text_of
from muniment.providers.docling.pdf_page import Box, Cell, Line, RawPage, Rule, Table, Word, around
from muniment.providers.docling.pdf_ruled_tables import Lattice, lattices, within_page

_PROSE_WORDS = 7  # so many spaces in one piece of a row are a sentence, not a cell
_MIN_CELLS = 4  # filled cells; below, it is a framed sentence or a form field
_TALLEST_ROW = 150.0  # points between two rules of one table; header and footer rules are further apart
_LONGEST_AVERAGE = 220  # characters in a cell: beyond, the lines are a page frame around prose


def find_tables(page: RawPage) -> tuple[list[Table], list[Word]]:
    """The tables of a page from top to bottom, and the words outside them."""
    tables: list[Table] = []
    words = list(page.words)

    def take(box: Box, build: Callable[[list[Word]], Table | None]) -> None:
        nonlocal words
        inside = _inside(words, box)
        table = build(inside) if len(inside) >= _MIN_CELLS and not _is_code(inside) else None
        if table is not None:
            tables.append(table)
            words = _without(words, inside)

    drawing = within_page(page.drawing, page.width, page.height)
    for lattice in sorted(lattices(drawing), key=lambda grid: grid.box.area):  # inner grids before frames
        take(lattice.box, partial(_ruled, lattice))
    free = [rule for rule in drawing.horizontal if not any(_touches(rule, table.box) for table in tables)]
    for stack in _stacks(free):
        box = Box(stack[0].start - 2, stack[0].at - 2, stack[0].end + 2, stack[-1].at + 2)
        take(box, partial(_banded, box, [rule.at for rule in stack]))
    for strip in prose_columns(build_lines(words), page.width):
        for region in table_regions(strip):
            take(region, partial(_unruled, region))
    return sorted(tables, key=lambda table: (table.box.t, table.box.l)), words


def _touches(rule: Rule, box: Box) -> bool:
    return box.t - 3 < rule.at < box.b + 3 and rule.start < box.r and box.l < rule.end


def _is_code(words: Sequence[Word]) -> bool:
    """Program code is indented and spaced in columns, and often framed, but it is no table."""
    return sum(is_mono(word.font) for word in words) > 0.8 * len(words)


def _inside(words: Sequence[Word], box: Box) -> list[Word]:
    return [word for word in words if box.holds(word.box)]


def _without(words: Sequence[Word], used: Sequence[Word]) -> list[Word]:
    gone = {id(word) for word in used}
    return [word for word in words if id(word) not in gone]


def _ruled(lattice: Lattice, words: Sequence[Word]) -> Table | None:
    """A table from a lattice; when the drawing has no inner columns, from its bands."""
    if len(lattice.xs) == 2:
        return _banded(lattice.box, list(lattice.ys), words) if len(lattice.ys) >= 4 else None
    if len(lattice.ys) == 2:  # only columns are drawn
        return _unruled(lattice.box, words)
    if _cuts_lines(lattice, words):
        return None
    spans = lattice.spans()
    owner = {
        (y, x): index
        for index, (top, low, left, right) in enumerate(spans)
        for y in range(top, low)
        for x in range(left, right)
    }
    inside: dict[int, list[Word]] = {}
    for word in words:
        place = _slot(lattice.ys, word.box.t + word.box.b), _slot(lattice.xs, word.box.l + word.box.r)
        inside.setdefault(owner[place], []).append(word)
    cells = [
        Cell(_cell_text(held), around([word.box for word in held]), *spans[index])
        for index, held in inside.items()
    ]
    return _compact(lattice.box, cells, median(word.box.height for word in words))


def _cuts_lines(lattice: Lattice, words: Sequence[Word]) -> bool:
    """Whether the drawn verticals run through words of a line: then it is a picture with text, not a grid."""
    lines = build_lines(words, gutter=0.35)
    cut = sum(
        any(
            line.box.l + 2 < rule.at < line.box.r - 2 and rule.start < line.box.t and line.box.b < rule.end
            for rule in lattice.vertical
        )
        for line in lines
    )
    return cut > 0.2 * len(lines)


def _slot(edges: Sequence[float], twice_centre: float) -> int:
    """Index of the interval that a centre lies in, the outermost ones reaching to infinity."""
    return min(max(bisect_right(edges, twice_centre / 2) - 1, 0), len(edges) - 2)


def _cell_text(words: Sequence[Word]) -> str:
    return " ".join(text_of(row) for row in baselines(words))


def _stacks(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Parallel rules of the same extent, one below the other."""
    groups: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda item: item.at):
        for group in groups:
            last = group[-1]
            if (
                abs(last.start - rule.start) < 4
                and abs(last.end - rule.end) < 4
                and rule.at - last.at < _TALLEST_ROW
            ):
                if rule.at - last.at > 3:
                    group.append(rule)
                break
        else:
            groups.append([rule])
    return [group for group in groups if len(group) >= 2 and group[0].end - group[0].start > 60]


def _banded(box: Box, ys: list[float], words: Sequence[Word]) -> Table | None:
    """Rows from horizontal rules when they separate every row, or else from the baselines."""
    bands = [
        [word for word in words if top <= (word.box.t + word.box.b) / 2 < bottom]
        for top, bottom in zip([box.t, *ys[1:-1]], [*ys[1:-1], box.b], strict=True)
    ]
    filled = [cell_lines(band) for band in bands if band]
    if sum(len(rows_of(band)) > 6 for band in filled) or len(filled) < 4:
        return _unruled(box, words)
    return _table(box, filled)


def _unruled(box: Box, words: Sequence[Word]) -> Table | None:
    """A table from baselines alone; text columns of a page are refused."""
    rows = _unruled_rows(words)
    wordy = sum(any(line.text.count(" ") >= _PROSE_WORDS for line in row) for row in rows)
    several = sum(len(row) >= 2 for row in rows)
    if several < 2 or several < 0.5 * len(rows) or wordy > 0.5 * len(rows):
        return None
    return _table(box, rows)


def _unruled_rows(words: Sequence[Word]) -> list[list[Line]]:
    """Rows from baselines; a row that only continues the cells above it is joined to them."""
    rows = [_with_signs(row) for row in rows_of(cell_lines(words))]
    if not rows:
        return []
    left = min(row[0].box.l for row in rows)
    merged: list[list[Line]] = []
    for row in rows:
        if merged and _continues(row, merged[-1], left):
            merged[-1] = merged[-1] + row
        else:
            merged.append(row)
    return merged


def _with_signs(row: list[Line]) -> list[Line]:
    """Join "$" to the number after it and ")" or "%" to the one before it."""
    out: list[Line] = []
    for line in row:
        if out and (out[-1].text in {"$", "€", "£", "¥", "("} or line.text in {")", "%", ")%"}):
            last = out.pop()
            out.append(replace(line, box=around([last.box, line.box]), text=last.text + line.text))
        else:
            out.append(line)
    return out


def _continues(row: Sequence[Line], above: Sequence[Line], left: float) -> bool:
    """No label in the first column, no number, close below: wrapped text of the row above."""
    if any(is_number(line.text) for line in row) or row[0].box.l < left + 2 * row[0].size:
        return False
    gap = min(line.box.t for line in row) - max(line.box.b for line in above)
    return gap < 0.35 * row[0].size and len(row) < len(above)


def _table(box: Box, rows: list[list[Line]]) -> Table | None:
    """Assign the pieces of each row to columns; None when the result is not a table."""
    if len(rows) < 2:
        return None
    columns = column_edges(rows)
    if len(columns) < 2:
        return None
    cells: list[Cell] = []
    for index, row in enumerate(rows):
        spans: dict[tuple[int, int], list[Line]] = {}
        for line in row:
            span = _columns_of(line.box, columns)
            hit = [key for key in spans if key[0] < span[1] and span[0] < key[1]]
            pieces = [line]
            for key in hit:
                pieces = spans.pop(key) + pieces
                span = (min(span[0], key[0]), max(span[1], key[1]))
            spans[span] = pieces
        for (first, last), pieces in spans.items():
            text = " ".join(line.text for lines in rows_of(pieces) for line in lines)
            cells.append(Cell(text, around([line.box for line in pieces]), index, index + 1, first, last))
    return _compact(box, cells, median(line.size for row in rows for line in row))


def _columns_of(box: Box, columns: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """Half-open range of the columns a piece lies over; the nearest one when over none."""
    over = [
        index
        for index, (left, right) in enumerate(columns)
        if min(box.r, right) - max(box.l, left) > min(2.0, 0.3 * box.width)
    ]
    if over:
        return over[0], over[-1] + 1
    centre = (box.l + box.r) / 2
    nearest = min(range(len(columns)), key=lambda index: abs(sum(columns[index]) / 2 - centre))
    return nearest, nearest + 1


def _compact(box: Box, cells: list[Cell], size: float) -> Table | None:
    """Drop rows and columns that are empty throughout; refuse what has too few filled cells."""
    filled = [cell for cell in cells if cell.text]
    starts = sorted({cell.row for cell in filled})
    columns = sorted({cell.column for cell in filled})
    length = sum(len(cell.text) for cell in filled)
    if len(starts) < 2 or len(columns) < 2 or len(filled) < _MIN_CELLS:
        return None
    per_row = Counter(cell.row for cell in filled)
    if length > _LONGEST_AVERAGE * len(filled) or sum(count >= 2 for count in per_row.values()) < 2:
        return None
    kept = tuple(
        Cell(
            cell.text,
            cell.box,
            starts.index(cell.row),
            max(starts.index(cell.row) + 1, sum(start < cell.row_end for start in starts)),
            columns.index(cell.column),
            max(columns.index(cell.column) + 1, sum(start < cell.column_end for start in columns)),
        )
        for cell in filled
    )
    bounds = around([box, *(cell.box for cell in filled)])
    return Table(bounds, size, len(starts), len(columns), kept)
