"""Running headers and footers: lines in the page margins that recur from page to page.

Decided over the whole document: a line is a running line when the same text, page numbers aside, stands at
the same height on other pages nearby, and nothing but running lines stands between it and the page's edge.
Numbered labels such as "Article 4" at the top of a page look the same with their numbers masked, so for
these only the exact text counts.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from muniment.providers.docling.pdf_page import Line, Page

_MARGIN = 0.15  # of the page's height, at the top and at the bottom
_NEAR = 4  # pages to either side: left and right pages may differ, chapters change
_FAR = 2.5  # line heights between a running row and the body, at the least, when the next row recurs too
_APART = -0.3  # line heights between a running row and the body: they may touch
_WELL_APART = 1.0  # the same in a short document, where a line on two pages is thin evidence
_SHORT = 6  # pages
_SLACK = 6.0  # points: height at which a recurring line may vary
_LABEL = re.compile(
    r"^(article|chapter|section|annex|part|title|appendix|schedule|item|table|figure|step)\s+([ivxlcdm]+|\d+[a-z]?)\b",
    re.IGNORECASE,
)
_NUMERALS = re.compile(r"\d+|\b[ivxlc]+\b")
_PAGE_NUMBER = re.compile(
    r"^[\W_]*(page|seite|p\.|pg\.?)?\s*((\d{1,3}-)?\d{1,5}|[ivxlc]{1,6})\s*((of|/|von)\s*\d{1,5})?[\W_]*$",
    re.IGNORECASE,
)

Place = tuple[int, int]  # page number, index of the line on it


def running_lines(pages: Sequence[Page]) -> dict[Place, bool]:
    """Running lines of a document: place of the line to whether it stands at the top (a header)."""
    marginal = [
        (page, index, line, line.box.b < page.height / 2)
        for page in pages
        for index, line in enumerate(page.lines)
        if _in_margin(line, page)
    ]
    seen: defaultdict[tuple[bool, str], list[tuple[int, float]]] = defaultdict(list)
    for page, _, line, top in marginal:
        seen[top, _key(line)].append((page.number, _height(line, page, top)))
    needed = 1 if len(pages) < _SHORT else 2
    found: set[Place] = set()
    for page, index, line, top in marginal:
        others = {
            number
            for number, height in seen[top, _key(line)]
            if number != page.number
            and abs(number - page.number) <= _NEAR
            and abs(height - _height(line, page, top)) < _SLACK
        }
        if len(others) >= needed or _is_lone_page_number(line, page, top):
            found.add((page.number, index))
    found |= _in_the_same_place(marginal, found)
    apart = _WELL_APART if len(pages) < _SHORT else _APART
    running = {place: top for page in pages for place, top in _from_the_edge(page, found, apart)}
    # A running line runs beside a body. Where pages hold nothing else, one line each, they are the text.
    alone = len(running) == sum(len(page.lines) for page in pages)
    return {} if alone and not any(page.tables for page in pages) else running


def _from_the_edge(page: Page, found: set[Place], apart: float) -> Iterator[tuple[Place, bool]]:
    """Candidates in rows of nothing else, from the top and bottom edge up to the first other row."""
    for top in (True, False):
        side = [
            (index, line)
            for index, line in enumerate(page.lines)
            if (line.box.b < page.height / 2) == top and _in_margin(line, page)
        ]
        side.sort(key=lambda entry: entry[1].box.t if top else -entry[1].box.b)
        rows: list[list[tuple[int, Line]]] = []
        while side:
            first = side[0][1].box
            row = [entry for entry in side if entry[1].box.y_overlap(first) > 0.3 * first.height]
            if not all((page.number, index) in found for index, _ in row) or _is_far(row, rows):
                break
            rows.append(row)
            side = [entry for entry in side if entry not in row]
        while rows and not _is_apart(page, rows, apart):
            rows.pop()
        yield from (((page.number, index), top) for row in rows for index, _ in row)


def _is_far(row: list[tuple[int, Line]], rows: list[list[tuple[int, Line]]]) -> bool:
    """Whether a wide gap separates a row from the running rows before it: there the body has begun."""
    if not rows:
        return False
    line, last = row[0][1], rows[-1][0][1]
    return -line.box.y_overlap(last.box) > _FAR * max(line.size, last.size)


def _is_apart(page: Page, rows: list[list[tuple[int, Line]]], apart: float) -> bool:
    """Whether the innermost running row keeps a distance from the text: else it is a part of it."""
    running = {index for row in rows for index, _ in row}
    inner = rows[-1][0][1]
    return all(
        -line.box.y_overlap(inner.box) > apart * min(inner.size, line.size)
        for index, line in enumerate(page.lines)
        if index not in running and not line.sideways
    )


def _in_margin(line: Line, page: Page) -> bool:
    return line.box.b < _MARGIN * page.height or line.box.t > (1 - _MARGIN) * page.height


def _key(line: Line) -> str:
    text = re.sub(r"\s+", " ", line.text.strip().lower())
    return text if _LABEL.match(text) and len(text) < 90 else _NUMERALS.sub("#", text)


def _height(line: Line, page: Page, top: bool) -> float:
    """Distance from the page's edge, so that pages of different sizes compare."""
    return line.box.t if top else page.height - line.box.b


def _is_lone_page_number(line: Line, page: Page, top: bool) -> bool:
    """A number by itself as the outermost line of a page, set apart from the rest."""
    if not _PAGE_NUMBER.match(line.text):
        return False
    others = [other.box for other in page.lines if other is not line] + [table.box for table in page.tables]
    apart = 1.2 * line.size
    if top:
        return all(other.t > line.box.b + apart for other in others)
    return all(other.b < line.box.t - apart for other in others)


def _in_the_same_place(marginal: Sequence[tuple[Page, int, Line, bool]], found: set[Place]) -> set[Place]:
    """Lines that recur nowhere but stand exactly where, and are set exactly as, running lines elsewhere.

    This catches the running title of a chapter that is one page long.
    """
    slots = Counter[tuple[bool, int, str, int]]()
    recurring = Counter[tuple[bool, int, str, int]]()
    for page, index, line, top in marginal:
        slots[_slot(page, line, top)] += 1
        recurring[_slot(page, line, top)] += (page.number, index) in found
    return {
        (page.number, index)
        for page, index, line, top in marginal
        if recurring[_slot(page, line, top)] >= max(3, 0.5 * slots[_slot(page, line, top)])
        and len(line.text) < 120
    }


def _slot(page: Page, line: Line, top: bool) -> tuple[bool, int, str, int]:
    return top, round(_height(line, page, top) / 2), line.font, round(line.size * 2)
