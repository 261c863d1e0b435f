"""A document as a row of words with their estimated tokens: what a window starts and ends between."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from muniment.cutting import CHARS_PER_TOKEN, Piece
from muniment.protocols import Tokenizer
from muniment.types import Block, BlockKind, ParsedDocument, Span, text_of

_RUN = re.compile(r"\S+")
_LETTERS = 8
_TOKENS_PER_CHAR = 4
"""Byte-level tokenizers take up to this many tokens for a character."""
_WORDS_PER_WINDOW = 16
"""A run of letters that takes more than this part of a window is no word: it is parted where tokens start."""


@dataclass(frozen=True, slots=True)
class Part:
    """What stands on its own line: a table's row, or another block whole; words ``first`` to ``last``."""

    piece: Piece
    block: Block
    row: bool
    first: int
    last: int


class Words:
    """The words of one document in reading order, numbered from 0; ``len`` is their number.

    Args:
        room: tokens a window has for text; a run of letters much longer than that counts as several words.
    """

    def __init__(self, document: ParsedDocument, tokenizer: Tokenizer, room: int) -> None:
        self._text = document.text
        self._tokenizer = tokenizer
        self._room = room
        self._break = max(0, tokenizer.count("a\na") - 2 * tokenizer.count("a"))
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._tokens_before = [0]
        self._parts: list[Part] = []
        for block in document.blocks:
            self._add(block)

    def __len__(self) -> int:
        return len(self._starts)

    def tokens(self, first: int, last: int) -> int:
        """Estimate of the tokens of words ``first`` to ``last`` (exclusive), blanks between them included."""
        return self._tokens_before[last] - self._tokens_before[first]

    def furthest(self, first: int, tokens: int) -> int:
        """The largest end of a range that starts at ``first`` and is estimated at ``tokens`` or fewer."""
        return max(first, bisect_right(self._tokens_before, self._tokens_before[first] + tokens) - 1)

    def earliest(self, last: int, tokens: int) -> int:
        """The smallest start of a range that ends at ``last`` and is estimated at ``tokens`` or fewer."""
        return bisect_left(self._tokens_before, self._tokens_before[last] - tokens)

    def row(self, word: int) -> Part | None:
        """The table row that is parted by a cut before ``word``."""
        if word == len(self):
            return None
        part = self._parts[self._part_of(word)]
        return part if part.row and word > part.first else None

    def spans(self, first: int, last: int) -> tuple[Span, ...]:
        """The places of words ``first`` to ``last`` (exclusive), blanks between them included."""
        made: list[Span] = []
        for part in self._touched(first, last):
            start, end = max(first, part.first), min(last, part.last)
            made += Piece(self._starts[start], self._ends[end - 1], part.piece.places).spans()
        return tuple(made)

    def text(self, first: int, last: int) -> str:
        """The text at :meth:`spans`."""
        return text_of(self._text, self.spans(first, last))

    def headings(self, first: int, last: int) -> tuple[str, ...]:
        """The path of headings above the first text among the words that is no heading itself."""
        blocks = [part.block for part in self._touched(first, last)]
        texts = (block for block in blocks if block.kind not in (BlockKind.TITLE, BlockKind.HEADING))
        return next(texts, blocks[0]).headings

    def _touched(self, first: int, last: int) -> list[Part]:
        return self._parts[self._part_of(first) : self._part_of(last - 1) + 1]

    def _part_of(self, word: int) -> int:
        return bisect_right(self._parts, word, key=lambda part: part.first) - 1

    def _add(self, block: Block) -> None:
        starts = self._token_starts(block)
        pieces = [Piece(row.start, row.end, row.spans or block.spans) for row in block.rows]
        for piece in pieces or [Piece(block.start, block.end, block.spans)]:
            first = len(self)
            for start, end in self._cut(piece, starts):
                self._starts.append(start)
                self._ends.append(end)
            if first < len(self):
                self._parts.append(Part(piece, block, bool(block.rows), first, len(self)))
                self._weigh(first, starts)

    def _token_starts(self, block: Block) -> list[int]:
        """Where the block's tokens start; those that take in the blank before a word, at the word."""
        shown = self._text[block.start : block.end]
        starts = []
        for start, end in self._tokenizer.offsets(shown):
            token = shown[start:end]
            starts.append(block.start + start + len(token) - len(token.lstrip() or token))
        return sorted(starts)

    def _weigh(self, first: int, starts: list[int]) -> None:
        """Count the tokens of the words from ``first`` on, which make one part."""
        borders = [*self._starts[first:], self._ends[-1]]
        counted = [bisect_left(starts, border) for border in borders]
        for number in range(len(borders) - 1):
            least = -(-(borders[number + 1] - borders[number]) // CHARS_PER_TOKEN)
            tokens = max(counted[number + 1] - counted[number], least)
            self._tokens_before.append(self._tokens_before[-1] + tokens)
        self._tokens_before[-1] += self._break

    def _cut(self, piece: Piece, starts: list[int]) -> Iterator[tuple[int, int]]:
        longest = max(1, self._room // _WORDS_PER_WINDOW)
        for run in _RUN.finditer(self._text, piece.start, piece.end):
            start, end = run.span()
            low, high = bisect_right(starts, start), bisect_left(starts, end)
            if high - low < longest and end - start <= longest * CHARS_PER_TOKEN:
                yield from self._fitting(start, end)
            else:
                yield from self._between(sorted({start, *starts[low:high], end}))

    def _between(self, borders: list[int]) -> Iterable[tuple[int, int]]:
        """The ranges between the borders, those too long for a token cut every few letters."""
        for start, end in pairwise(borders):
            step = _LETTERS if end - start > CHARS_PER_TOKEN else end - start
            for at in range(start, end, step):
                yield from self._fitting(at, min(at + step, end))

    def _fitting(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        """The range, or its letters when alone it would be too much for a window."""
        if (end - start) * _TOKENS_PER_CHAR <= self._room:
            return [(start, end)]
        if self._tokenizer.count(self._text[start:end]) <= self._room:
            return [(start, end)]
        return [(at, at + 1) for at in range(start, end)]
