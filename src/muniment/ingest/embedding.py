"""Vectors of chunks and, where the embedding model gives them, of their sentences."""

from collections.abc import Sequence

import numpy as np

from muniment.protocols import EmbeddedPassages, Embedder, SentenceEmbedder
from muniment.types import Chunk


async def embed_chunks(embedder: Embedder, chunks: Sequence[Chunk]) -> EmbeddedPassages:
    """The vectors of the chunks' ``embedding_text``; no sentences from a model that gives none.

    Raises:
        UnavailableError: a remote model does not answer.
    """
    texts = [chunk.embedding_text for chunk in chunks]
    if isinstance(embedder, SentenceEmbedder):
        starts = [len(text) - len(chunk.text) for text, chunk in zip(texts, chunks, strict=True)]
        return await embedder.embed_passages(texts, starts)
    vectors = await embedder.embed_texts(texts)
    none = np.zeros((0, embedder.dimension), np.float32)
    return EmbeddedPassages(vectors, (none,) * len(texts))
