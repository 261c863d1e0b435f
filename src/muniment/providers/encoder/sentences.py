"""Which tokens of a passage make a sentence, and the vectors of its sentences."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muniment.providers.encoder.batches import Ids

SEEN_BY_ALL, CONTEXT, FIRST_SENTENCE = 1, 2, 3
"""Marks of tokens: special ones, those of the context, and those of the first sentence; 0 is padding."""

SHORTEST = 8
"""Tokens below which a sentence is joined with the next one."""

_ENDS = re.compile(r"[.!?…;:][\"'”’»)\]]*\s+|\n+|[。！？]")


def segments_of(
    text: str, offsets: Sequence[tuple[int, int]], start: int, most: int, framed: tuple[int, int]
) -> Ids:
    """The mark of each token: sentences are counted from ``FIRST_SENTENCE``, at most ``most`` of them.

    Args:
        offsets: the character range of each token of ``text``.
        start: where the context ends; sentences are made of what stands behind.
        most: sentences are joined with their neighbours until there are no more.
        framed: how many special tokens stand before and behind.
    """
    begin = next((n for n, (_, end) in enumerate(offsets) if end > start), len(offsets))
    size = max(SHORTEST, (len(offsets) - begin) / most)
    starts = _sentence_starts(text, offsets, begin)
    marks, mark, first = [CONTEXT] * begin, FIRST_SENTENCE, begin
    for place in range(begin, len(offsets)):
        far_enough = place - first >= size * 0.75 and len(offsets) - place >= SHORTEST
        if place in starts and far_enough and mark - FIRST_SENTENCE + 1 < most:
            mark, first = mark + 1, place
        marks.append(mark)
    before, behind = framed
    return [SEEN_BY_ALL] * before + marks + [SEEN_BY_ALL] * behind


def means(tokens: NDArray[np.float32], marks: Ids) -> NDArray[np.float32]:
    """The mean of each sentence's token vectors, shape (sentences, dimension), from (length, dimension)."""
    marked = np.array(marks, np.int32)
    places = np.flatnonzero(marked >= FIRST_SENTENCE)
    if not len(places):
        return np.zeros((0, tokens.shape[1]), np.float32)
    # Marks rise from left to right, so every sentence is one run.
    numbers = marked[places]
    starts = np.flatnonzero(np.diff(numbers, prepend=0))
    sums = np.add.reduceat(tokens[places], starts, axis=0)
    counts = np.diff([*starts, len(places)])[:, None]
    return np.asarray(sums / counts, np.float32)


def _sentence_starts(text: str, offsets: Sequence[tuple[int, int]], begin: int) -> set[int]:
    """Places of tokens with which a sentence begins."""
    ends = [found.end() for found in _ENDS.finditer(text)]
    starts, at = set(), 0
    for place in range(begin + 1, len(offsets)):
        while at < len(ends) and ends[at] <= offsets[place - 1][0]:
            at += 1
        if at < len(ends) and ends[at] <= offsets[place][0]:
            starts.add(place)
    return starts
