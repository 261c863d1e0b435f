"""BM25 with fields over postings that can grow: a sorted base of arrays, and what came since.

A term in the chunk's own heading counts for more than one in its text, and one in the headings above it for
less (BM25F: Robertson, Zaragoza and Taylor, CIKM 2004). A row without headings is ranked as by plain BM25.
"""

import math
from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

K1 = 1.5
B = 0.75

WEIGHTS = np.array([1.0, 5.0, 0.3], np.float32)
"""What a term counts in the text, in the heading directly above it, in title and headings further up."""

FIELDS = len(WEIGHTS)
MOST = 255
"""The highest count of a term in a field that is told from higher ones; the score is flat long before."""

Slots = NDArray[np.int32]
Counts = NDArray[np.uint8]
Fields = Sequence[Sequence[str]]
"""The terms of a row by field: text, heading, path."""


class Postings:
    """For each term the slots (row numbers) that hold it, and how often in each field, shape (n, FIELDS).

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
        self._counts = np.zeros((0, FIELDS), np.uint8) if counts is None else counts
        self._recent: dict[str, tuple[array[int], array[int]]] = {}

    def add(self, slot: int, fields: Fields) -> None:
        """Count a row's terms; ``slot`` must be larger than all before."""
        counted = [Counter(terms) for terms in fields]
        for term in dict.fromkeys(term for terms in fields for term in terms):
            slots, counts = self._recent.setdefault(term, (array("i"), array("B")))
            slots.append(slot)
            counts.extend([min(MOST, one.get(term, 0)) for one in counted])

    def of(self, term: str) -> tuple[Slots, Counts]:
        """The slots that hold ``term``, ascending, and the counts there."""
        parts = []
        if (number := self._base.get(term)) is not None:
            start, end = self._starts[number], self._starts[number + 1]
            parts.append((self._slots[start:end], self._counts[start:end]))
        if term in self._recent:
            slots, counts = self._recent[term]
            parts.append((np.array(slots, np.int32), np.array(counts, np.uint8).reshape(-1, FIELDS)))
        if len(parts) == 1:
            return parts[0]
        empty = (np.zeros(0, np.int32), np.zeros((0, FIELDS), np.uint8))
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
            np.concatenate(counts) if counts else None,
        )

    def arrays(self) -> tuple[list[str], Slots, Slots, Counts]:
        """Terms, starts, slots and counts of a packed one, as the constructor takes them."""
        return list(self._base), self._starts, self._slots, self._counts


def term_weights(postings: Postings, terms: Sequence[str], live: NDArray[np.bool_]) -> dict[str, float]:
    """The inverse document frequency of each term among live rows (Lucene's variant, never negative).

    A term that no row holds has that of the rarest one.
    """
    rows = int(np.count_nonzero(live))
    weights = {}
    for term in terms:
        if term not in weights:
            slots = postings.of(term)[0]
            frequency = len(slots) if rows == len(live) else int(np.count_nonzero(live[slots]))
            weights[term] = math.log((rows - frequency + 0.5) / (frequency + 0.5) + 1.0)
    return weights


def field_shares(lengths: NDArray[np.float32], live: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What a term counts in each field of each slot, from the fields' lengths, both of shape (slots, FIELDS).

    Longer than the mean of all live rows counts for less. There must be a live row.
    """
    means = np.maximum(lengths[live].mean(axis=0), 1e-9)
    shares: NDArray[np.float32] = WEIGHTS / (1.0 - B + B * lengths / means)
    return shares


def bm25_scores(
    postings: Postings, terms: Sequence[str], shares: NDArray[np.float32], live: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """BM25 of every slot, shape (slots,), 0 where no term stands.

    ``shares`` are the slots' ``field_shares``. Lucene's variant (idf never negative), k1 = 1.5, b = 0.75 in
    every field; statistics of all live rows. A term counts as often as it stands in the query.
    """
    scores = np.zeros(len(live), np.float64)
    if not live.any():
        return scores
    idf = term_weights(postings, terms, live)
    for term, weight in Counter(terms).items():
        slots, counts = postings.of(term)
        if not len(slots):
            continue
        frequency = np.einsum("ij,ij->i", counts.astype(np.float32), shares[slots])
        scores[slots] += weight * idf[term] * frequency * (K1 + 1.0) / (frequency + K1)
    scores[~live] = 0.0
    return scores
