"""Documents of any shape and tokenizers of two kinds, for the tests of chunkers."""

import re

from hypothesis import strategies as st

from muniment.types import Block, BlockKind, Box, ParsedDocument, Span, TableRow

TEXT, HEADING, TABLE, CAPTION = BlockKind.TEXT, BlockKind.HEADING, BlockKind.TABLE, BlockKind.CAPTION


class WordTokenizer:
    """A token for each word, however long."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer(r"\S+", text)]

    def count(self, text: str) -> int:
        return len(self.offsets(text))


class SyllableTokenizer:
    """Pieces of three letters counted from each word's start, blanks tokens too: counts do not add up."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer(r"\n|[^\s]{1,3}", text)]

    def count(self, text: str) -> int:
        return len(self.offsets(text))


TOKENIZERS = (WordTokenizer(), SyllableTokenizer())

WORDS = st.text(alphabet="abc .!?。é😀\n|-", min_size=0, max_size=120)
LONG = st.builds(
    lambda word, count: word * count, st.sampled_from(["deed ", "x", "Ende. ", "。字"]), st.integers(1, 400)
)


@st.composite
def documents(draw) -> ParsedDocument:
    """Documents of any shape: nested headings, tables, paragraphs over several pages, no places at all."""
    text, blocks = "", []
    path: dict[int, str] = {}
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from([TEXT, TEXT, HEADING, TABLE, CAPTION, BlockKind.LIST_ITEM]))
        shown = draw(WORDS | LONG).strip() or "a"
        if kind is TABLE:
            lines = draw(
                st.lists((WORDS | LONG).map(lambda w: " ".join(w.split()) or "b"), min_size=1, max_size=6)
            )
            shown = "\n".join(lines)
        text += "\n\n" if text else ""
        start, end = len(text), len(text) + len(shown)
        text += shown
        level = draw(st.integers(1, 3)) if kind is HEADING else 0
        if kind is HEADING:
            path = {known: title for known, title in path.items() if known < level}
        headings = tuple(path[known] for known in sorted(path))
        cut = draw(st.integers(start, end))
        spans = tuple(
            Span(low, high, page, Box(0, page, 1, page + 1))
            for page, (low, high) in enumerate([(start, cut), (cut, end)], start=1)
            if low < high
        )
        rows = []
        at, headers = start, draw(st.integers(0, 2))
        for number, line in enumerate(shown.split("\n") if kind is TABLE else []):
            rows.append(
                TableRow(
                    at, at + len(line), number < headers, (Span(at, at + len(line), 1, Box(0, number, 1, 2)),)
                )
            )
            at += len(line) + 1
        blocks.append(Block(kind, start, end, headings, level, spans, tuple(rows)))
        if kind is HEADING:
            path[level] = shown
    title = draw(st.sampled_from(["", "A title", "long title " * 30]))
    return ParsedDocument("0" * 64, title, text, tuple(blocks), (), "made")
