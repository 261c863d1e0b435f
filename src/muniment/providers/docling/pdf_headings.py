"""Which blocks are headings, and at what level.

A heading is short, stands alone in its row, does not end like a sentence, and is set off: larger than
the body, bold in a document that is not, numbered, or a label such as "Article 4". Levels come from
the numbering where there is one ("2.1.3" is the third level), otherwise from the rank of the type size.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from muniment.providers.docling.pdf_blocks import BULLET, LABEL, SYMBOL, TextBlock
from muniment.providers.docling.pdf_page import Line, Table

_LABELLED = re.compile(
    r"^(article|chapter|section|annex|part|appendix|item|schedule)\s+([IVXLC]+|\d+[a-zA-Z]?|[A-Z])\b[.:]?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,5}|[A-Z](?:\.\d{1,2}){1,4})\.?\s+\S")
_CAPTION = re.compile(
    r"^[\[(<]?((?i:table|figure|fig\.|exhibit|chart|example|listing|tabelle|abbildung|tableau|tabla|tabela|figura)|표|그림|表|图|図)"
    r"\s*[\dA-Z][\d.\-]*[\])>.:]*(\s+[^a-z]|$)"  # "Table 2 shows" is a sentence
)
_ADMONITION = re.compile(
    r"^(note|important|warning|caution|tip|danger|notice|hinweis|remarque)s?\W*$", re.IGNORECASE
)
_LABEL_RANK = {"section": 2, "item": 2, "article": 3}  # the others are of the first rank
_LARGER = 1.13  # of the body's size
_LONGEST = 170  # characters
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Profile:
    """How the body of a document is set: its usual line size, and whether it is bold or italic."""

    size: float
    bold: bool
    italic: bool


def profile_of(lines: Iterable[Line], tables: Iterable[Table]) -> Profile:
    """The body's typography: what most characters are set in, those in tables included."""
    sizes = Counter[float]()
    bold = italic = total = 0
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
        total += len(line.text)
        bold += len(line.text) * line.bold
        italic += len(line.text) * line.italic
    for table in tables:
        sizes[round(table.size * 2) / 2] += sum(len(cell.text) for cell in table.cells)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    return Profile(size, bold > 0.4 * max(total, 1), italic > 0.4 * max(total, 1))


def is_caption(text: str) -> bool:
    """Whether a text is the caption of a table or figure."""
    return bool(_CAPTION.match(text)) and len(text) < 300


def is_heading(block: TextBlock, text: str, alone: bool, profile: Profile) -> bool:
    """Whether a block is a heading.

    Args:
        block: the block.
        text: its text on one line.
        alone: whether no other text stands beside it in the same row.
        profile: the typography of the document's body.
    """
    if LABEL.match(text):
        return alone and block.size >= 0.88 * profile.size
    if not alone or block.runs_on or not _reads_like_heading(block, text):
        return False
    larger = block.size >= _LARGER * profile.size
    bold = block.bold and not profile.bold and block.size >= 0.88 * profile.size
    if _LABELLED.match(text) and len(text) < 90 and (larger or bold):
        return True
    if BULLET.match(text) and not (larger or bold):
        return False
    capitals = text.isupper() and len(text) > 5 and len(block.lines) <= 2
    italic = len(block.lines) == 1 and block.lines[0].italic and not profile.italic and block.followed
    return larger or bold or italic or (capitals and block.size >= 0.95 * profile.size)


def _reads_like_heading(block: TextBlock, text: str) -> bool:
    letters = sum(char.isalpha() for char in text)
    return (
        len(text) <= _LONGEST
        and len(block.lines) <= 4
        and letters >= 3
        and letters > 0.5 * len(text.replace(" ", ""))
        and not text[0].islower()
        and not text.rstrip().endswith((".", ",", ";"))
        and not block.marked
        and not SYMBOL.match(text)
        and not block.lines[0].leader
        and not _ADMONITION.match(text)
        and not is_caption(text)
    )


@dataclass(frozen=True, slots=True)
class Style:
    """What a heading looks like, for comparing headings."""

    size: float
    bold: bool
    capitals: bool


def style_of(block: TextBlock, text: str) -> Style:
    """The look of a heading."""
    return Style(round(block.size * 2) / 2, block.bold, text.isupper())


def heading_levels(headings: Sequence[tuple[str, Style]]) -> list[int]:
    """Levels (1 is the outermost) of a document's headings, given in reading order.

    Numbered headings keep their depth. The others take the level of the numbered ones of the same look, if
    there are any, or else the rank of their size among all looks.
    """
    depths = [_depth(text) for text, _ in headings]
    by_style: defaultdict[Style, list[int]] = defaultdict(list)
    for (_, style), depth in zip(headings, depths, strict=True):
        if depth:
            by_style[style].append(depth)
    sizes = sorted({(style.size, style.bold) for _, style in headings}, reverse=True)
    levels = []
    for (_, style), depth in zip(headings, depths, strict=True):
        if depth:
            level = depth
        elif by_style[style]:
            level = round(median(by_style[style]))
        else:
            level = 1 + sizes.index((style.size, style.bold))
        levels.append(min(level, _DEEPEST))
    return _without_gaps(levels)


def _depth(text: str) -> int:
    """Depth that a heading's own numbering states; 0 when it has none."""
    if labelled := _LABELLED.match(text):
        return _LABEL_RANK.get(labelled[1].lower(), 1)
    if numbered := _NUMBERED.match(text):
        return numbered[1].count(".") + 1
    return 0


def _without_gaps(levels: list[int]) -> list[int]:
    used = sorted(set(levels))
    return [used.index(level) + 1 for level in levels]
