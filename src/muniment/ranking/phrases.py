"""Which of a question's words stand side by side in a passage."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint32]


def numbered(terms: Sequence[str]) -> Numbers:
    """A number for each term, alike in every process; of a million terms some hundred share theirs."""
    return np.array([crc32(term.encode()) for term in terms], np.uint32)


def phrase_scores(
    numbers: Numbers,
    place: NDArray[np.intp],
    count: int,
    terms: Sequence[str],
    weights: Mapping[str, float],
) -> NDArray[np.float64]:
    """How much of the query stands together in each of ``count`` rows, from 0 to about 1.

    ``numbers`` are the rows' terms in their order, ``place`` says which row each belongs to. Of the pairs of
    neighbours among the query's terms, those that are neighbours in the row, in that order, each with the
    lesser of its two weights; divided by the weights of all terms. After the ordered bigrams of Metzler and
    Croft's sequential dependence model (SIGIR 2005), which counts how often they stand there.
    """
    scores = np.zeros(count, np.float64)
    pairs = {(a, b) for a, b in pairwise(terms) if a != b}
    total = sum(weights.values())
    if not pairs or total <= 0:
        return scores
    known = dict(zip(weights, numbered(list(weights)), strict=True))
    # Few of the rows' terms are the query's: only those are looked at again.
    at = np.flatnonzero(np.isin(numbers[:-1], np.array(list(known.values()), np.uint32)))
    at = at[place[at] == place[at + 1]]
    left, right, row = numbers[at], numbers[at + 1], place[at]
    for first, second in sorted(pairs):
        found = (left == known[first]) & (right == known[second])
        scores[np.unique(row[found])] += min(weights[first], weights[second])
    return scores / total
