"""BM25 as a share of what a row could earn: unlike BM25 itself, alike for all questions and indexes."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from muniment.ranking.bm25 import K1, Postings

SHARE = "bm25_share"


def with_share(
    found: Iterable[dict[str, float]], postings: Postings, terms: Sequence[str], live: NDArray[np.bool_]
) -> None:
    """Add ``bm25_share`` to the scores of rows, 0 to 1, 0 where there is no BM25.

    Every term adds less than (k1 + 1) idf; one that stands nowhere counts as the rarest.
    """
    rows = int(np.count_nonzero(live))
    frequencies = {term: int(np.count_nonzero(live[postings.of(term)[0]])) for term in set(terms)}
    idf = {term: math.log((rows - n + 0.5) / (n + 0.5) + 1.0) for term, n in frequencies.items()}
    bound = (K1 + 1.0) * sum(idf[term] for term in terms)
    for scores in found:
        scores[SHARE] = scores.get("bm25", 0.0) / bound if bound > 0.0 else 0.0
