"""Sizes of any range of a document in tokens, from one tokenisation of each block."""

import re
from bisect import bisect_left
from collections.abc import Iterable

from muniment.cutting import CHARS_PER_TOKEN
from muniment.protocols import Tokenizer
from muniment.types import ParsedDocument

Range = tuple[int, int]

_SENTENCES = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")
_CELLS = re.compile(r" \| ")
_WORDS = re.compile(r"\s+")
_LETTERS = 8


class Measure:
    """Counts and splits ranges of one document's text."""

    def __init__(self, document: ParsedDocument, tokenizer: Tokenizer) -> None:
        self._text = document.text
        starts: list[int] = []
        for block in document.blocks:
            at = block.start
            starts.extend(at + start for start, _ in tokenizer.offsets(self._text[at : block.end]))
        starts.sort()
        self._starts = starts

    def tokens(self, start: int, end: int) -> int:
        """Tokens of a range with the line break before it; never fewer for a longer range."""
        counted = bisect_left(self._starts, end) - bisect_left(self._starts, start)
        return max(counted, -(-(end - start) // CHARS_PER_TOKEN)) + 1

    def trim(self, start: int, end: int) -> Range:
        """The range without blanks at its ends."""
        text = self._text[start:end]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())

    def split(self, start: int, end: int, budget: int, *, cells: bool = False) -> list[Range]:
        """Ranges of at most ``budget`` tokens that cover all but blanks.

        Cuts at sentence ends (with ``cells``, between cells), then between words, then between letters.
        """
        levels = [_CELLS if cells else _SENTENCES, _WORDS, None]
        pieces = self._split(start, end, budget, levels)
        return [piece for piece in (self.trim(*piece) for piece in pieces) if piece[0] < piece[1]]

    def _split(self, start: int, end: int, budget: int, levels: list[re.Pattern[str] | None]) -> list[Range]:
        if self.tokens(start, end) <= budget:
            return [(start, end)]
        if not levels:
            return [(at, at + 1) for at in range(start, end)]
        cuts = [start, *self._cuts(start, end, levels[0]), end]
        pieces: list[Range] = []
        first = 0
        while first < len(cuts) - 1:
            last = self._furthest(cuts, first, budget)
            if last > first:
                pieces.append((cuts[first], cuts[last]))
            else:
                last = first + 1
                pieces.extend(self._split(cuts[first], cuts[last], budget, levels[1:]))
            first = last
        return pieces

    def _cuts(self, start: int, end: int, level: re.Pattern[str] | None) -> Iterable[int]:
        if level is None:
            return range(start + _LETTERS, end, _LETTERS)
        return (found.end() for found in level.finditer(self._text, start, end) if start < found.end() < end)

    def _furthest(self, cuts: list[int], first: int, budget: int) -> int:
        """The last cut that a piece from ``first`` can reach; ``first`` when not even the next one."""
        low, high = first, min(len(cuts) - 1, first + budget * CHARS_PER_TOKEN)
        while low < high:
            middle = (low + high + 1) // 2
            if self.tokens(cuts[first], cuts[middle]) <= budget:
                low = middle
            else:
                high = middle - 1
        return low
