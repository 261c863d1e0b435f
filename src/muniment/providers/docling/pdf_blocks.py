"""Lines to blocks: paragraphs, list items, captions, headings-to-be.

A line continues the block above it when it follows at the block's own line distance, overlaps it
sideways, and is set alike (size, weight). A bullet, a drawn mark or a numbered label begins a new block.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from muniment.providers.docling.pdf_page import Box, Line, around

SYMBOL = re.compile(r"^\s*([•●▪■◦‣∙·○✓➢❖►☐☑☒*\ue000-\uf8ff–—-]|o(?=\s[A-Z]))\s*")
BULLET = re.compile(
    r"^\s*([•●▪■◦‣∙·–—\-*○✓➢❖►☐☑☒\ue000-\uf8ff]|o(?=\s)|\(?[a-z]{1,2}[.)]|\(?[ivx]{1,4}[.)]|\(?\d{1,3}[.)])(\s+\S|$)"
)
LABEL = re.compile(
    r"^(article|chapter|section|annex|part|title|appendix|schedule|book|item)\s+([ivxlcdm]+|\d+[a-z]?|[a-z])[.:]?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines that belong together, from top to bottom.

    ``followed``: a line set in another face comes right below, at the distance of the same paragraph.
    ``runs_on``: the last line is full and the next one below could well continue it.
    """

    lines: tuple[Line, ...]
    box: Box
    followed: bool = False
    runs_on: bool = False

    @property
    def size(self) -> float:
        """Typical line height in points."""
        return median(line.size for line in self.lines)

    @property
    def bold(self) -> bool:
        """Whether every line is bold."""
        return all(line.bold for line in self.lines)

    @property
    def marked(self) -> bool:
        """Whether a bullet is drawn before the first line."""
        return self.lines[0].marked


def group_lines(lines: Sequence[Line]) -> list[TextBlock]:
    """Group the lines of one page into blocks, in no particular order."""
    ordered = sorted(lines, key=lambda line: (line.box.t, line.box.l))
    below = _nearest_below(ordered)
    distance = _line_distance(ordered, below)
    blocks: list[TextBlock] = []
    used: set[int] = set()
    for start in range(len(ordered)):
        if start in used:
            continue
        chain = [start]
        used.add(start)
        while (following := below.get(chain[-1])) is not None and following not in used:
            if not _continues([ordered[index] for index in chain], ordered[following], distance):
                break
            chain.append(following)
            used.add(following)
        members = tuple(ordered[index] for index in chain)
        after = None if following is None else ordered[following]
        box = around([line.box for line in members])
        followed = after is not None and after.italic != members[-1].italic
        runs_on = after is not None and _runs_on(members[-1], after, distance)
        blocks.append(TextBlock(members, box, followed, runs_on))
    return blocks


def _nearest_below(lines: Sequence[Line]) -> dict[int, int]:
    """For each line the nearest one below that overlaps it sideways, one to one."""
    tops = [line.box.t for line in lines]
    below: dict[int, int] = {}
    claimed: set[int] = set()
    for index, line in enumerate(lines):
        best: int | None = None
        for other in range(bisect_left(tops, line.box.t + 0.5 * line.size), len(lines)):
            candidate = lines[other]
            if candidate.box.t - line.box.b > 1.6 * line.size:
                break
            narrower = min(line.box.width, candidate.box.width)
            if line.box.x_overlap(candidate.box) > 0.5 * narrower and (
                best is None or candidate.box.t < lines[best].box.t - 1
            ):
                best = other
        if best is not None and best not in claimed:
            below[index] = best
            claimed.add(best)
    return below


def _line_distance(lines: Sequence[Line], below: dict[int, int]) -> float:
    """The page's usual distance between baselines' boxes, as a share of the line height."""
    gaps = [
        (lines[lower].box.t - lines[upper].box.b) / lines[upper].size
        for upper, lower in below.items()
        if abs(lines[upper].size - lines[lower].size) < 0.15 * lines[upper].size
    ]
    return median(gaps) if gaps else 0.2


def _continues(chain: Sequence[Line], line: Line, distance: float) -> bool:
    last = chain[-1]
    gap = (line.box.t - last.box.b) / last.size
    if len(chain) > 1:
        inner = (last.box.t - chain[-2].box.b) / last.size
        if gap > inner + 0.25:  # further away than the block's own lines are from one another
            return False
    elif gap > max(distance + 0.35, 0.25):
        return False
    if last.leader or line.leader or last.mono != line.mono or _is_run_in(chain, line):
        return False
    if line.italic and not last.italic and last.text.rstrip().endswith((".", "!", "?")):
        return False
    if abs(last.size - line.size) > 0.18 * max(last.size, line.size) or last.bold != line.bold:
        return False
    if line.marked or BULLET.match(line.text) or LABEL.match(line.text) or LABEL.match(last.text):
        return False
    return not _new_paragraph(chain, line)


def _runs_on(line: Line, after: Line, distance: float) -> bool:
    return (
        (line.bold, line.italic) == (after.bold, after.italic)
        and (after.box.t - line.box.b) / line.size < distance + 0.35
        and line.box.r > after.box.r - 0.5 * line.size
        and after.box.l < line.box.l + line.size
        and not BULLET.match(after.text)
    )


def _is_run_in(chain: Sequence[Line], line: Line) -> bool:
    """A short line in italics above upright text is a heading without any distance of its own."""
    first = chain[0]
    return (
        len(chain) == 1
        and first.italic
        and not line.italic
        and first.box.r < line.box.r - 2 * first.size
        and not first.text.rstrip().endswith((".", ",", ";", ":"))
    )


def _new_paragraph(chain: Sequence[Line], line: Line) -> bool:
    """First-line indent after a line that ended short: books mark paragraphs so, without extra distance."""
    last = chain[-1]
    left = min(item.box.l for item in chain[1:]) if len(chain) > 1 else last.box.l
    right = max(item.box.r for item in chain)
    indented = line.box.l - left > 0.8 * line.size and len(chain) > 1
    ended = right - last.box.r > 2.5 * last.size or last.text.rstrip().endswith((".", "?", "!", ":"))
    return indented and ended
