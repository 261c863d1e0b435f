"""Words to lines: what stands on one baseline belongs together until a gap as wide as a gutter."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from muniment.providers.docling.pdf_page import Box, Line, Word, around

# Foundries say "bold" in many ways; CM/SF/LM...BX are the bold faces of TeX.
_BOLD = re.compile(
    r"bold|black|heavy|semi|demi|[-,]b\b|medi(um|\b)|(cm|sf|lm|ec)\w*b[x\d]|\bbd\b|-bd", re.IGNORECASE
)
_ITALIC = re.compile(r"ital|oblique|slanted|(cm|sf|lm|ec)\w*ti\d", re.IGNORECASE)
_MONO = re.compile(
    r"mono|courier|consol|typewriter|code|menlo|(cm|sf|lm|ec)tt|letter\s?gothic|terminal", re.IGNORECASE
)
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_WORD_SPACE = 0.13  # of the line's height: a smaller gap is kerning inside one word
_GUTTER = 0.95  # of the line's height: justified text seldom stretches a space beyond this
_LEADER = re.compile(r"^[.\u2026\u00b7]+$")
_LEADER_DOTS = 5  # so many pieces of dots in one row lead from a title to its page number


@cache
def is_bold(font: str) -> bool:
    """Whether a font's name says that it is bold."""
    return bool(_BOLD.search(font))


@cache
def is_italic(font: str) -> bool:
    """Whether a font's name says that it is italic."""
    return bool(_ITALIC.search(font))


@cache
def is_mono(font: str) -> bool:
    """Whether a font's name says that all its characters are of one width."""
    return bool(_MONO.search(font))


def is_right_to_left(text: str) -> bool:
    """Whether a text is written from right to left for the most part."""
    letters = sum(char.isalpha() for char in text)
    return len(_RIGHT_TO_LEFT.findall(text)) > 0.5 * max(letters, 1)


def build_lines(words: Iterable[Word], gutter: float = _GUTTER) -> list[Line]:
    """Group words into lines, top to bottom and left to right.

    Args:
        words: the words of a page or of a region of it.
        gutter: the gap that ends a line, as a share of the line's height.
    """
    lines: list[Line] = []
    for row in baselines(words):
        if _has_leader(row):
            rest = [word for word in row if not _LEADER.match(word.text)]
            lines += [replace(line_of(rest), leader=True)] if rest else []
        else:
            lines += [line_of(group) for group in _split(row, gutter)]
    return lines


def _has_leader(row: Sequence[Word]) -> bool:
    dots = [word for word in row if _LEADER.match(word.text)]
    return len(dots) >= _LEADER_DOTS or any(len(word.text) > _LEADER_DOTS for word in dots)


def baselines(words: Iterable[Word]) -> list[list[Word]]:
    """Words sharing a baseline, each row sorted from left to right.

    Superscripts overlap their line by more than half of their own height and so stay in it.
    """
    rows: list[list[Word]] = []
    open_rows: list[tuple[Box, list[Word]]] = []
    for word in sorted(words, key=lambda item: (item.box.t + item.box.b, item.box.l)):
        best = -1
        for index in range(len(open_rows) - 1, max(-1, len(open_rows) - 9), -1):
            box = open_rows[index][0]
            shared = box.y_overlap(word.box)
            if shared > 0.6 * min(box.height, word.box.height) and (
                shared > 0.4 * max(box.height, word.box.height) or word.box.height < box.height
            ):
                best = index
                break
        if best < 0:
            row = [word]
            rows.append(row)
            open_rows.append((word.box, row))
        else:
            open_rows[best][1].append(word)
            # The row keeps the extent of its tallest ordinary word, not the union, or else rows would creep.
            if (
                len(word.text) > len(open_rows[best][1][0].text)
                and word.box.height < 1.3 * open_rows[best][0].height
            ):
                open_rows[best] = (word.box, open_rows[best][1])
    for row in rows:
        row.sort(key=lambda item: item.box.l)
    return rows


def _split(row: Sequence[Word], gutter: float) -> Iterable[list[Word]]:
    group: list[Word] = []
    right = 0.0
    for word in row:
        size = min(word.box.height, group[-1].box.height) if group else word.box.height
        if group and word.box.l - right > gutter * size:
            yield group
            group = []
        right = word.box.r if not group else max(right, word.box.r)
        group.append(word)
    if group:
        yield group


def line_of(words: Sequence[Word]) -> Line:
    """One line from words sorted from left to right."""
    total = sum(len(word.text) for word in words)
    bold = sum(len(word.text) for word in words if is_bold(word.font))
    fonts = Counter[str]()
    for word in words:
        fonts[word.font] += len(word.text)
    box = around([word.box for word in words])
    return Line(
        box=box,
        text=text_of(words),
        font=fonts.most_common(1)[0][0],
        size=_typical([word.box.height for word in words for _ in range(min(len(word.text), 12))]),
        bold=bold > 0.7 * total,
        italic=sum(len(word.text) for word in words if is_italic(word.font)) > 0.9 * total,
        mono=sum(len(word.text) for word in words if is_mono(word.font)) > 0.7 * total,
    )


def _typical(heights: list[float]) -> float:
    """The lower third of the heights: words with a superscript attached are too high, none is too low."""
    return sorted(heights)[len(heights) // 3]


def text_of(words: Sequence[Word]) -> str:
    """The text of words sorted from left to right, in logical order for right-to-left scripts."""
    rtl = sum(bool(_RIGHT_TO_LEFT.search(word.text)) for word in words)
    ordered = _logical(words) if rtl > 0.5 * len(words) else words
    parts: list[str] = []
    last: Word | None = None
    for word in ordered:
        if last is not None:
            gap = max(word.box.l - last.box.r, last.box.l - word.box.r)
            if gap > _WORD_SPACE * min(word.box.height, last.box.height):
                parts.append(" ")
        parts.append(word.text)
        last = word
    return "".join(parts).strip()


def _logical(words: Sequence[Word]) -> list[Word]:
    """Right to left, with embedded left-to-right runs (Latin words, numbers) kept in their own order."""
    out: list[Word] = []
    run: list[Word] = []
    for word in reversed(words):
        if _RIGHT_TO_LEFT.search(word.text) or not any(char.isalnum() for char in word.text):
            out.extend(reversed(run))
            run = []
            out.append(word)
        else:
            run.append(word)
    out.extend(reversed(run))
    return out
