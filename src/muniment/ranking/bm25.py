"""BM25 over postings that can grow: a sorted base of arrays, and what came since."""

import math
from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

K1 = 1.5
B = 0.75

Slots = NDArray[np.int32]
Counts = NDArray[np.float32]


class Postings:
    """For each term the slots (row numbers) that hold it, and how often.

    The base is one pair of arrays over all terms, which loads from disk in one piece; terms of
    later slots go to small growing arrays beside it.
    """

    def __init__(
        self,
        terms: Sequence[str] = (),
        starts: Slots | None = None,
        slots: Slots | None = None,
        counts: Counts | None = None,
    ) -> None:
        self._base = {term: number for number, term in enumerate(terms)}
        self._starts = np.zeros(1, np.int32) if starts is None else starts
        self._slots = np.zeros(0, np.int32) if slots is None else slots
        self._counts = np.zeros(0, np.float32) if counts is None else counts
        self._recent: dict[str, tuple[array[int], array[float]]] = {}

    def add(self, slot: int, terms: Sequence[str]) -> None:
        """Count a row's terms; ``slot`` must be larger than all before."""
        for term, count in Counter(terms).items():
            slots, counts = self._recent.setdefault(term, (array("i"), array("f")))
            slots.append(slot)
            counts.append(count)

    def of(self, term: str) -> tuple[Slots, Counts]:
        """The slots that hold ``term``, ascending, and the counts there."""
        parts = []
        if (number := self._base.get(term)) is not None:
            start, end = self._starts[number], self._starts[number + 1]
            parts.append((self._slots[start:end], self._counts[start:end]))
        if term in self._recent:
            slots, counts = self._recent[term]
            parts.append((np.array(slots, np.int32), np.array(counts, np.float32)))
        if len(parts) == 1:
            return parts[0]
        empty = (np.zeros(0, np.int32), np.zeros(0, np.float32))
        first, second = parts or [empty, empty]
        return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])

    def packed(self, renumbered: Slots) -> "Postings":
        """The same with everything in the base; slot s becomes ``renumbered[s]``, dropped when negative."""
        terms, starts, slots, counts = [], [0], [], []
        for term in sorted(self._base.keys() | self._recent.keys()):
            old, count = self.of(term)
            new = renumbered[old]
            if kept := int(np.count_nonzero(new >= 0)):
                terms.append(term)
                starts.append(starts[-1] + kept)
                slots.append(new[new >= 0])
                counts.append(count[new >= 0])
        return Postings(
            terms,
            np.array(starts, np.int32),
            np.concatenate(slots).astype(np.int32) if slots else None,
            np.concatenate(counts).astype(np.float32) if counts else None,
        )

    def arrays(self) -> tuple[list[str], Slots, Slots, Counts]:
        """Terms, starts, slots and counts of a packed one, as the constructor takes them."""
        return list(self._base), self._starts, self._slots, self._counts


def bm25_scores(
    postings: Postings, terms: Sequence[str], lengths: NDArray[np.float32], live: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """BM25 of every slot, shape (slots,), 0 where no term stands.

    Lucene's variant (idf never negative), k1 = 1.5, b = 0.75; statistics of all live rows. A term
    counts as often as it stands in the query.
    """
    scores = np.zeros(len(live), np.float64)
    rows = int(np.count_nonzero(live))
    if not rows:
        return scores
    mean = max(float(lengths[live].mean()), 1e-9)
    for term, weight in Counter(terms).items():
        slots, counts = postings.of(term)
        frequency = int(np.count_nonzero(live[slots]))
        if not frequency:
            continue
        idf = math.log((rows - frequency + 0.5) / (frequency + 0.5) + 1.0)
        norm = counts + K1 * (1.0 - B + B * lengths[slots] / mean)
        scores[slots] += weight * idf * counts * (K1 + 1.0) / norm
    scores[~live] = 0.0
    return scores
