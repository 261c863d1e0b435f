"""Vectors of a passage's sentences, in 8 bits: how near the nearest of them is to a question."""

import numpy as np
from numpy.typing import NDArray

Sentences = NDArray[np.int8]
"""Shape (sentences, dimension); only the direction of a row says something."""


def to_8_bits(vectors: NDArray[np.float32]) -> Sentences:
    """Vectors of shape (n, dimension), each scaled so that its largest number becomes 127."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True, initial=0.0), 1e-12)
    scaled: Sentences = np.rint(vectors * (127.0 / largest)).astype(np.int8)
    return scaled


def sentence_scores(
    sentences: Sentences, place: NDArray[np.intp], count: int, vector: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The highest cosine of ``vector`` with a sentence of each of ``count`` rows; NaN for a row with none.

    ``place`` says which row each sentence belongs to.
    """
    scores = np.full(count, -np.inf)
    if len(sentences):
        values = sentences.astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
        # Not ``@``: BLAS keeps its threads spinning for a while after it.
        cosines = np.einsum("ij,j->i", values, vector) / np.maximum(lengths, 1e-9)
        np.maximum.at(scores, place, cosines.astype(np.float64))
    return np.where(np.isinf(scores), np.nan, scores)
