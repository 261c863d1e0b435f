"""Tables drawn with lines: a grid of ruling lines gives the cells, spans included.

Rules that touch form one drawing. Its distinct positions are the lattice; two neighbouring lattice cells
are one table cell where no line is drawn between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from muniment.providers.docling.pdf_page import Box, Drawing, Rule, around

_TOUCH = 2.5  # points between two rules that count as touching
_NARROWEST = 8.0  # points: what protrudes less than this is not an open column or row
_SAME = 3.5  # points between two positions that are one grid line


@dataclass(frozen=True, slots=True)
class Lattice:
    """Grid lines of one drawing and which of their pieces are drawn."""

    box: Box
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    horizontal: tuple[Rule, ...]
    vertical: tuple[Rule, ...]

    def spans(self) -> list[tuple[int, int, int, int]]:
        """Cells as (row, row end, column, column end), rectangles that tile the lattice."""
        rows, columns = len(self.ys) - 1, len(self.xs) - 1
        taken = [[False] * columns for _ in range(rows)]
        cells: list[tuple[int, int, int, int]] = []
        for row in range(rows):
            for column in range(columns):
                if taken[row][column]:
                    continue
                column_end = column + 1
                while column_end < columns and not taken[row][column_end] and not self._wall(column_end, row):
                    column_end += 1
                row_end = row + 1
                while row_end < rows and not any(
                    taken[row_end][inner] or self._floor(row_end, inner)
                    for inner in range(column, column_end)
                ):
                    row_end += 1
                for down in range(row, row_end):
                    for across in range(column, column_end):
                        taken[down][across] = True
                cells.append((row, row_end, column, column_end))
        return cells

    def _wall(self, column: int, row: int) -> bool:
        """Whether a line is drawn left of the column, along the row."""
        return _covered(self.vertical, self.xs[column], self.ys[row], self.ys[row + 1])

    def _floor(self, row: int, column: int) -> bool:
        """Whether a line is drawn above the row, along the column."""
        return _covered(self.horizontal, self.ys[row], self.xs[column], self.xs[column + 1])


def _covered(rules: Sequence[Rule], at: float, start: float, end: float) -> bool:
    drawn = sum(
        max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules if abs(rule.at - at) <= _SAME
    )
    return drawn > 0.5 * (end - start)


def within_page(drawing: Drawing, width: float, height: float) -> Drawing:
    """The drawing cut to the page: boxes that go on over a page break are drawn on both pages in full."""
    return replace(
        drawing,
        horizontal=tuple(_cut(rule, width) for rule in drawing.horizontal if 0 <= rule.at <= height),
        vertical=tuple(_cut(rule, height) for rule in drawing.vertical if 0 <= rule.at <= width),
    )


def _cut(rule: Rule, end: float) -> Rule:
    return Rule(rule.at, max(0.0, rule.start), min(end, rule.end))


def lattices(drawing: Drawing) -> list[Lattice]:
    """Drawings that are grids or stacks of parallel rules, from top to bottom."""
    rules = [(rule, True) for rule in drawing.horizontal] + [(rule, False) for rule in drawing.vertical]
    found = []
    for group in _connected(rules):
        horizontal = tuple(rule for rule, flat in group if flat)
        vertical = tuple(rule for rule, flat in group if not flat)
        box = around([_box(rule, flat) for rule, flat in group])
        if not horizontal or not vertical:
            continue
        xs = _distinct([*(rule.at for rule in vertical), *_open_sides(vertical, box.l, box.r)])
        ys = _distinct([*(rule.at for rule in horizontal), *_open_sides(horizontal, box.t, box.b)])
        if len(xs) >= 2 and len(ys) >= 2 and box.width > 40 and box.height > 12:
            found.append(Lattice(box, xs, ys, horizontal, vertical))
    return sorted(found, key=lambda lattice: (lattice.box.t, lattice.box.l))


def _open_sides(rules: Sequence[Rule], start: float, end: float) -> list[float]:
    """Outer edges that are not drawn: many tables are open at the sides."""
    first, last = min(rule.at for rule in rules), max(rule.at for rule in rules)
    return [edge for edge, nearest in ((start, first), (end, last)) if abs(edge - nearest) > _NARROWEST]


def _box(rule: Rule, flat: bool) -> Box:
    return (
        Box(rule.start, rule.at, rule.end, rule.at) if flat else Box(rule.at, rule.start, rule.at, rule.end)
    )


def _distinct(values: list[float]) -> tuple[float, ...]:
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > _SAME:
            kept.append(value)
    return tuple(kept)


def _connected(rules: list[tuple[Rule, bool]]) -> list[list[tuple[Rule, bool]]]:
    """Groups of touching rules: a sweep from top to bottom with union-find."""
    boxes = [_box(rule, flat) for rule, flat in rules]
    parent = list(range(len(rules)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    active: list[int] = []
    for index in sorted(range(len(rules)), key=lambda item: boxes[item].t):
        box = boxes[index]
        active = [other for other in active if boxes[other].b >= box.t - _TOUCH]
        for other in active:
            if boxes[other].l <= box.r + _TOUCH and box.l <= boxes[other].r + _TOUCH:
                parent[root(index)] = root(other)
        active.append(index)
    groups: dict[int, list[tuple[Rule, bool]]] = {}
    for index, rule in enumerate(rules):
        groups.setdefault(root(index), []).append(rule)
    return list(groups.values())
