"""Tables without a drawn grid: rows of short pieces that line up, most of all numbers."""

import re
from collections.abc import Sequence
from statistics import median

from muniment.providers.docling.pdf_lines import build_lines
from muniment.providers.docling.pdf_page import Box, Line, Word, around

_NUMBER = re.compile(r"^[\s$€£¥(%+\-–—<>~±]*[\d][\d.,\s/:%]*[\s)%*\-–—]*$|^[$€£%—–\-)✓✗]+$")
_SHORT = 34  # characters: longer pieces are prose set in columns
_LONG = 25  # characters: a line of prose, even in a narrow column
_COLUMN_LINES = 8
_CELL_GUTTER = 0.6  # of the line's height: cells may stand closer than columns of prose


def is_number(text: str) -> bool:
    """Whether a piece of text is a figure, an amount, or the dash that stands for none."""
    return bool(_NUMBER.match(text))


def table_regions(lines: Sequence[Line]) -> list[Box]:
    """Boxes of runs of rows that look like a table.

    A row counts when it has three or more pieces which are short or of which two are numbers, or a label
    with a number at its end. Three such rows close together, most of the run, make a table.
    """
    rows = rows_of([line for line in lines if not line.leader])
    kinds = [_is_tabular(row) for row in rows]
    regions: list[Box] = []
    start = 0
    while start < len(rows):
        if not kinds[start]:
            start += 1
            continue
        end, count = _run(rows, kinds, start)
        first = start
        start = end + 1
        if count < 3 or count < 0.4 * (end - first + 1) or not _aligned(rows[first : end + 1]):
            continue
        first = _with_header(rows, first)
        pieces = [line for row in rows[first : end + 1] for line in row]
        regions.append(around([line.box for line in pieces]))
    return regions


def prose_columns(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """Lines by the columns of prose that they stand in, so that a row never reaches over a gutter.

    A gutter is a place that hardly any line crosses, with many long lines on both sides of it. Lines that
    cross it stay with the left column.
    """
    long = [line for line in lines if len(line.text) >= _LONG]
    for step in range(25, 76):
        x = width * step / 100
        left = sum(line.box.r <= x for line in long)
        right = sum(line.box.l >= x for line in long)
        if min(left, right) >= _COLUMN_LINES and len(long) - left - right <= 0.1 * len(long):
            beyond = [line for line in lines if line.box.l >= x]
            before = [line for line in lines if line.box.l < x]
            return [*prose_columns(before, width), *prose_columns(beyond, width)]
    return [list(lines)]


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that share a baseline, from top to bottom, each row from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda item: item.box.t + item.box.b):
        if rows:
            anchor = rows[-1][0].box
            if anchor.y_overlap(line.box) > 0.5 * min(anchor.height, line.box.height):
                rows[-1].append(line)
                continue
        rows.append([line])
    return [sorted(row, key=lambda item: item.box.l) for row in rows]


def _is_tabular(row: Sequence[Line]) -> bool:
    numbers = sum(is_number(line.text) for line in row)
    short = sum(len(line.text) <= _SHORT for line in row)
    if len(row) >= 3:
        return numbers >= 2 or short >= len(row) - 1
    return len(row) == 2 and is_number(row[1].text) and not is_number(row[0].text)


def _run(rows: Sequence[Sequence[Line]], kinds: Sequence[bool], start: int) -> tuple[int, int]:
    """Last row of the run that begins at ``start``, and how many of its rows are tabular."""
    end, count, last = start, 1, start
    while last + 1 < len(rows):
        last += 1
        gap = min(line.box.t for line in rows[last]) - max(line.box.b for line in rows[last - 1])
        if gap > 2.6 * rows[last][0].size or last - end > 3:
            break
        if kinds[last]:
            end, count = last, count + 1
    return end, count


def _aligned(rows: Sequence[Sequence[Line]]) -> bool:
    """Whether pieces stand below one another, as the inner edges of prose in two columns do not."""
    edges = [side for row in rows if len(row) >= 2 for line in row[1:] for side in [(line.box.l, line.box.r)]]
    if not edges:
        return False
    hits = sum(
        any(abs(left - a) < 3 or abs(right - b) < 3 for k, (a, b) in enumerate(edges) if k != i)
        for i, (left, right) in enumerate(edges)
    )
    return hits >= 0.6 * len(edges)


def _with_header(rows: Sequence[Sequence[Line]], first: int) -> int:
    """Take in header rows above: close, and of short pieces that stand to the right of the labels."""
    while first > 0:
        above, row = rows[first - 1], rows[first]
        gap = min(line.box.t for line in row) - max(line.box.b for line in above)
        beside = len(above) >= 2 or above[0].box.l > min(line.box.r for line in row)
        if gap > 1.5 * row[0].size or not beside or any(len(line.text) > 60 for line in above):
            break
        first -= 1
    return first


def column_edges(rows: Sequence[Sequence[Line]]) -> list[tuple[float, float]]:
    """Extents of the columns: pieces that overlap on the x axis, spanning headers left out."""
    widest = max(len(row) for row in rows)
    pieces = [line for row in rows if len(row) >= max(2, 0.5 * widest) for line in row]
    pieces = pieces or [line for row in rows for line in row]
    columns: list[tuple[float, float]] = []
    limit = 3 * median([line.box.width for line in pieces])
    for line in sorted(pieces, key=lambda item: item.box.l):
        left, right = line.box.l, line.box.r
        if columns and left < columns[-1][1] - 1:
            if right - left <= max(limit, columns[-1][1] - columns[-1][0]) or len(columns) == 1:
                columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def cell_lines(words: Sequence[Word]) -> list[Line]:
    """Pieces of a table region, split at narrower gaps than prose."""
    return build_lines(words, gutter=_CELL_GUTTER)
