"""Chunking by sliding windows: as many tokens as allowed, each window repeating the end of the one before.

The ``static`` strategy of OpenAI's vector stores (``max_chunk_size_tokens``, ``chunk_overlap_tokens``), in
tokens of the embedding model and with exact spans.
"""

from collections.abc import Callable
from functools import lru_cache

from muniment.cutting import CHARS_PER_TOKEN, ContextWriter
from muniment.errors import InputError
from muniment.protocols import Tokenizer
from muniment.providers.window_chunker.words import Words
from muniment.types import Chunk, ParsedDocument

REVISION = 1
"""Raised when the same document would give other chunks."""
SMALLEST = 16
"""Fewest tokens a window may have."""
_SHORTEST_TITLE = 8
_ROWS_PER_WINDOW = 4


class WindowChunker:
    """Chunker of one embedding model.

    A chunk's context is the document's title, cut to a quarter of the window, or none where the windows
    advance by too little. A window starts and ends between words; it parts a table row at its end only when
    the row takes more than a quarter of the window, and starts with a row where that keeps half the overlap.

    Args:
        tokenizer: the embedding model's.
        max_tokens: most tokens of ``Chunk.embedding_text``, at least 16.
        overlap_tokens: most tokens of text that two windows share, smaller than ``max_tokens``.

    Raises:
        InputError: code ``invalid_chunking``, the sizes do not go together.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, overlap_tokens: int) -> None:
        if max_tokens < SMALLEST:
            raise InputError(
                f"Windows of {max_tokens} tokens are too small, at least {SMALLEST} were expected.",
                code="invalid_chunking",
                hint="Ask for larger chunks; 800 tokens with an overlap of 400 is usual.",
            )
        if not 0 <= overlap_tokens < max_tokens:
            raise InputError(
                f"An overlap of {overlap_tokens} tokens does not go with windows of {max_tokens}: "
                f"0 to {max_tokens - 1} were expected.",
                code="invalid_chunking",
                hint=f"Lower the overlap, to {max_tokens // 2} (half of the window) or less.",
            )
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._overlap_tokens = overlap_tokens

    @property
    def spec(self) -> str:
        """Name, revision and sizes."""
        return f"window-{REVISION}/{self._max_tokens}/{self._overlap_tokens}"

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """The chunks in reading order; see :class:`muniment.protocols.Chunker`."""
        share = min(self._max_tokens // 4, (self._max_tokens - self._overlap_tokens) // 2)
        writer = ContextWriter(self._tokenizer, document.title, share)
        windows = _Windows(
            document,
            self._tokenizer,
            writer.of(()) if share >= _SHORTEST_TITLE else "",
            self._max_tokens,
            self._overlap_tokens,
        )
        return windows.chunks()


class _Windows:
    """The windows over one document."""

    def __init__(
        self, document: ParsedDocument, tokenizer: Tokenizer, context: str, max_tokens: int, overlap: int
    ) -> None:
        # A window's text is measured when its end is found and again when it is made.
        self._count = lru_cache(maxsize=8)(tokenizer.count)
        self._context = context
        self._max_tokens = max_tokens
        self._room = max_tokens - (tokenizer.count(context + "\n") if context else 0)
        self._overlap = overlap
        self._words = Words(document, tokenizer, self._room)

    def chunks(self) -> list[Chunk]:
        """One chunk for each window, in reading order."""
        made: list[Chunk] = []
        first = last = 0
        while last < len(self._words):
            before = last
            last = self._end(first, before)
            while last <= before:  # the overlap left no room for a further word
                first += 1
                last = self._end(first, before)
            made.append(self._chunk(len(made), first, last))
            first = self._next_start(first, last)
        return made

    def _chunk(self, ordinal: int, first: int, last: int) -> Chunk:
        text = self._words.text(first, last)
        headings = self._words.headings(first, last)
        spans = self._words.spans(first, last)
        return Chunk(ordinal, text, self._context, headings, spans, self._tokens(text))

    def _tokens(self, text: str) -> int:
        return self._count(f"{self._context}\n{text}" if self._context else text)

    def _end(self, first: int, before: int) -> int:
        """Where the window from ``first`` ends, if possible behind ``before`` and not within a table row."""
        last = self._fullest(first)
        row = self._words.row(last)
        if row is None or row.first <= max(first, before):
            return last
        small = self._words.tokens(row.first, row.last) * _ROWS_PER_WINDOW <= self._room
        return row.first if small else last

    def _fullest(self, first: int) -> int:
        """The end of the longest window from ``first``; one word fits always."""
        taken = self._most_words(
            lambda number: (first, first + number),
            lambda tokens: self._words.furthest(first, tokens) - first,
            self._tokens,
            budget=self._max_tokens,
            limit=len(self._words) - first,
        )
        return first + max(1, taken)

    def _next_start(self, first: int, last: int) -> int:
        """Where the next window starts: so that it shares at most the overlap with this one, and advances."""
        start = last - self._most_words(
            lambda number: (last - number, last),
            lambda tokens: last - self._words.earliest(last, tokens),
            self._count,
            budget=self._overlap,
            limit=last - first - 1,
        )
        row = self._words.row(start)
        if row is not None and row.last < last:
            keeps_half = 2 * self._words.tokens(row.last, last) >= self._overlap
            return row.last if keeps_half else start
        return start

    def _most_words(
        self,
        ends: Callable[[int], tuple[int, int]],
        reach: Callable[[int], int],
        count: Callable[[str], int],
        *,
        budget: int,
        limit: int,
    ) -> int:
        """How many words fit into ``budget`` tokens, at most ``limit``.

        Tokens of a whole are not always the sum of its words' tokens, so counting puts the estimate right.

        Args:
            ends: the range of that many words.
            reach: how many words are estimated at that many tokens.
            count: tokens of a text.
        """
        fits, too_far = 0, limit + 1
        guess = min(reach(min(budget, self._room)), limit)
        while fits < guess < too_far:
            text = self._words.text(*ends(guess))
            estimate = self._words.tokens(*ends(guess))
            spare = budget - max(count(text), -(-len(text) // CHARS_PER_TOKEN))
            if spare >= 0:
                fits = guess
                guess = min(reach(estimate + spare), too_far - 1)
            else:
                too_far = guess
                guess = min(too_far - 1, max(reach(max(0, estimate + spare)), (fits + too_far) // 2))
        return fits
