"""The context of a chunk: document title and heading path, within its share of the budget."""

from muniment.cutting.sizes import CHARS_PER_TOKEN
from muniment.protocols import Tokenizer


class ContextWriter:
    """Writes contexts of at most ``max_tokens``; innermost headings first, the title last."""

    def __init__(self, tokenizer: Tokenizer, title: str, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._title = " ".join(title.split())
        self._max_tokens = max_tokens
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}

    def of(self, path: tuple[str, ...]) -> str:
        """The context under ``path``, one heading a line, outermost first."""
        return self._made(path)[0]

    def tokens(self, path: tuple[str, ...]) -> int:
        """Tokens that this context takes of a chunk, its line break included."""
        return self._made(path)[1]

    def _made(self, path: tuple[str, ...]) -> tuple[str, int]:
        if path not in self._known:
            self._known[path] = self._make(path)
        return self._known[path]

    def _make(self, path: tuple[str, ...]) -> tuple[str, int]:
        lines = [" ".join(heading.split()) for heading in path]
        if self._title and self._title not in lines:
            lines.insert(0, self._title)
        kept: list[str] = []
        left = self._max_tokens
        for line in reversed(lines):
            offsets = self._tokenizer.offsets(line)
            if not offsets:
                continue
            if len(offsets) + 1 > left or len(line) > left * CHARS_PER_TOKEN:
                if not kept:
                    last = offsets[min(len(offsets), max(1, left - 1)) - 1]
                    kept.append(line[: min(last[1], left * CHARS_PER_TOKEN)].rstrip())
                break
            kept.append(line)
            left -= len(offsets) + 1
        context = "\n".join(reversed(kept))
        return context, (self._tokenizer.count(context) + 1 if context else 0)
