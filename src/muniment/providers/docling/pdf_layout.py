"""One raw page reduced to lines and tables."""

import re
from collections.abc import Sequence
from dataclasses import replace

from muniment.providers.docling.pdf_lines import build_lines
from muniment.providers.docling.pdf_page import Box, Line, Page, RawPage, around
from muniment.providers.docling.pdf_tables import find_tables

_MARK_DISTANCE = 30.0  # points between a drawn bullet and its line

_HANGING = 4.0  # line heights between a label in the margin and its text
_LABEL = re.compile(
    r"^([•●▪■◦‣∙·○✓➢❖►☐☑☒\ue000-\uf8ff–—-]|o|\(?[a-z]{1,2}[.)]|\(?[ivx]{1,5}[.)]|\(?\d{1,3}[.)]|[A-Z]\.|"
    r"\d{1,2}(\.\d{1,2}){1,4}\.?|(table|figure|example|fig\.)\s+[\d.\-]+[.:]?)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\d{1,2}$")


def reduce_page(raw: RawPage) -> Page:
    """Find the tables of a page, build lines of the words outside them, and let the words go."""
    tables, words = find_tables(raw)
    lines = [_marked(line, raw.drawing.marks) for line in _with_hanging_labels(build_lines(words))]
    in_tables = [cell.box for table in tables for cell in table.cells]
    lines += [line for line in raw.sideways if not any(box.holds(line.box) for box in in_tables)]
    return Page(
        raw.number, raw.width, raw.height, tuple(lines), tuple(tables), turn=raw.turn, by_ocr=raw.by_ocr
    )


def _marked(line: Line, marks: tuple[Box, ...]) -> Line:
    """Note a bullet that is drawn to the left of the line instead of written."""
    for mark in marks:
        beside = 0 < line.box.l - mark.r < _MARK_DISTANCE and mark.y_overlap(line.box) > 0.5 * mark.height
        if beside and mark.width > 0 and 0.5 < mark.width / max(mark.height, 0.1) < 2:
            return replace(line, marked=True)
    return line


def _with_hanging_labels(lines: Sequence[Line]) -> list[Line]:
    """Join a bullet or number that hangs in the margin to the line beside it, however wide the gap."""
    labels = [line for line in lines if _LABEL.match(line.text) or _NUMBER.match(line.text)]
    joined: dict[int, Line] = {}
    gone: set[int] = set()
    for label in labels:
        beside = [
            line
            for line in lines
            if 0 < line.box.l - label.box.r < _HANGING * label.size
            and line.box.y_overlap(label.box) > 0.5 * min(line.size, label.size)
        ]
        nearest = min(beside, key=lambda line: line.box.l, default=None)
        if nearest is None or id(nearest) in joined or _LABEL.match(nearest.text):
            continue
        if not _NUMBER.match(label.text) or (label.bold and nearest.bold and label.font == nearest.font):
            box = around([label.box, nearest.box])
            joined[id(nearest)] = replace(nearest, box=box, text=f"{label.text} {nearest.text}")
            gone.add(id(label))
    return [joined.get(id(line), line) for line in lines if id(line) not in gone]
