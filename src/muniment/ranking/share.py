"""BM25 as a share of what a row could earn: unlike BM25 itself, alike for all questions and indexes."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from muniment.ranking.bm25 import K1, Postings, term_weights

SHARE = "bm25_share"


def with_share(
    found: Iterable[dict[str, float]], postings: Postings, terms: Sequence[str], live: NDArray[np.bool_]
) -> None:
    """Add ``bm25_share`` to the scores of rows, 0 to 1, 0 where there is no BM25.

    Every term adds less than (k1 + 1) idf; one that stands nowhere counts as the rarest.
    """
    idf = term_weights(postings, terms, live)
    bound = (K1 + 1.0) * sum(idf[term] for term in terms)
    for scores in found:
        scores[SHARE] = scores.get("bm25", 0.0) / bound if bound > 0.0 else 0.0
