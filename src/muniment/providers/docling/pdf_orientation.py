"""Pages whose text runs in another direction than the page is displayed in."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from muniment.providers.docling.pdf_lines import build_lines
from muniment.providers.docling.pdf_page import Box, Drawing, Line, RawPage, Rule, Word, turned


def upright(page: RawPage, turns: Sequence[int]) -> RawPage:
    """Turn a page so that most of its text is upright; set the text that is not aside as lines.

    Args:
        page: a page as displayed.
        turns: for each of its words the clockwise rotation in degrees: 0, 90, 180 or 270.
    """
    if not any(turns):
        return page
    weights = Counter[int]()
    for word, turn in zip(page.words, turns, strict=True):
        weights[turn] += len(word.text)
    main = weights.most_common(1)[0][0]
    groups: defaultdict[int, list[Word]] = defaultdict(list)
    for word, turn in zip(page.words, turns, strict=True):
        groups[turn].append(_turned_word(word, (360 - turn) % 360, page.width, page.height))
    sideways = tuple(
        _set_aside(line, turn, main, page)
        for turn, words in groups.items()
        if turn != main
        for line in build_lines(words)
    )
    width, height = _size(page, main)
    drawing = _turned_drawing(page.drawing, (360 - main) % 360, page.width, page.height)
    return replace(
        page,
        width=width,
        height=height,
        words=tuple(groups[main]),
        drawing=drawing,
        sideways=sideways,
        turn=main,
    )


def _size(page: RawPage, turn: int) -> tuple[float, float]:
    return (page.width, page.height) if turn in (0, 180) else (page.height, page.width)


def _turned_word(word: Word, degrees: int, width: float, height: float) -> Word:
    return word._replace(box=turned(word.box, degrees, width, height))


def _set_aside(line: Line, turn: int, main: int, page: RawPage) -> Line:
    """A line built in its own upright frame, with its box in the frame of the page's main text."""
    shown = turned(line.box, turn, *_size(page, turn))
    box = turned(shown, (360 - main) % 360, page.width, page.height)
    return replace(line, box=box, sideways=True)


def _turned_drawing(drawing: Drawing, degrees: int, width: float, height: float) -> Drawing:
    if degrees == 0:
        return drawing
    flat = [
        turned(Box(rule.start, rule.at, rule.end, rule.at), degrees, width, height)
        for rule in drawing.horizontal
    ]
    steep = [
        turned(Box(rule.at, rule.start, rule.at, rule.end), degrees, width, height)
        for rule in drawing.vertical
    ]
    if degrees != 180:
        flat, steep = steep, flat
    return replace(
        drawing,
        horizontal=tuple(Rule(box.t, box.l, box.r) for box in flat),
        vertical=tuple(Rule(box.l, box.t, box.b) for box in steep),
        marks=tuple(turned(box, degrees, width, height) for box in drawing.marks),
        images=tuple(turned(box, degrees, width, height) for box in drawing.images),
    )
