"""The terms of a row by field: what stands in its text, in the heading above it, and further up."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from muniment.ranking.analysis import analyze


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a row.

    Attributes:
        all: those of context and text, in order.
        context: how many of them, at the beginning, are the context's.
        heading: those of the heading directly above the text; of the title where there is none.
        path: those of the title and the headings further up.
    """

    all: Sequence[str]
    context: int = 0
    heading: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Text, heading, path."""
        return self.all[self.context :], self.heading, self.path


def terms_of(text: str, context: str, headings: Sequence[str]) -> Terms:
    """The terms of a chunk by its text, context (title and heading path, a line each) and heading path."""
    return with_headings(analyze(f"{context}\n{text}" if context else text), context, headings)


def with_headings(terms: Sequence[str], context: str, headings: Sequence[str]) -> Terms:
    """The same from the analysed context and text."""
    count, heading, path = _headings(context, tuple(headings))
    return Terms(terms, min(count, len(terms)), heading, path)


@lru_cache(maxsize=8_192)
def _headings(context: str, headings: tuple[str, ...]) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Terms of the context, and those of the own heading and of the others. Chunks share them."""
    lines = [" ".join(heading.split()) for heading in headings] or context.splitlines()
    if not lines:
        return 0, (), ()
    above = dict.fromkeys([*context.splitlines(), *lines[:-1]])
    above.pop(lines[-1], None)
    return len(analyze(context)), tuple(analyze(lines[-1])), tuple(analyze("\n".join(above)))
