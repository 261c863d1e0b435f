"""What every Embedder promises, as tests to inherit."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest_asyncio

from muniment.protocols import Embedder

SAMPLE = (
    "The warranty covers manufacturing defects for twenty-four months from delivery.",
    "Employees may work remotely up to three days a week with their manager's consent.",
    "Das Gerät darf nicht unter −10 °C betrieben werden. 保証期間は二年間です。 🙂 é e\u0301",
    "short",
    "",
)


class EmbedderContract:
    """Inherit, and give a fixture ``embedder``; every test then runs against it."""

    tolerance = 1e-3
    """How far a vector's parts may move with its batch neighbours."""

    @pytest_asyncio.fixture
    async def embedder(self) -> AsyncIterator[Embedder]:
        """The embedder under test; close it behind the yield."""
        raise NotImplementedError
        yield

    async def test_vectors_are_unit_length_float32_rows_in_order(self, embedder: Embedder) -> None:
        """One row for each text, in order, of the promised dimension."""
        vectors = await embedder.embed_texts(SAMPLE)
        assert vectors.shape == (len(SAMPLE), embedder.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
        backwards = await embedder.embed_texts(SAMPLE[::-1])
        np.testing.assert_allclose(backwards[::-1], vectors, atol=self.tolerance)

    async def test_no_texts_give_no_rows(self, embedder: Embedder) -> None:
        """An empty list keeps the dimension."""
        assert (await embedder.embed_texts([])).shape == (0, embedder.dimension)

    async def test_a_text_has_the_same_vector_whatever_its_neighbours(self, embedder: Embedder) -> None:
        """Padding and batching do not leak into a vector."""
        alone = await embedder.embed_texts([SAMPLE[0]])
        beside = await embedder.embed_texts([SAMPLE[0], " ".join(SAMPLE) * 20, *SAMPLE])
        np.testing.assert_allclose(beside[0], alone[0], atol=self.tolerance)
        np.testing.assert_allclose(beside[2], alone[0], atol=self.tolerance)

    async def test_different_texts_have_different_vectors(self, embedder: Embedder) -> None:
        """The texts matter."""
        first, second = await embedder.embed_texts(SAMPLE[:2])
        assert float(first @ second) < 0.99

    async def test_what_is_longer_than_the_model_reads_is_cut(self, embedder: Embedder) -> None:
        """The text up to ``max_tokens`` decides; what stands behind does not."""
        text = " ".join(f"item {n} costs {n * 7} euros," for n in range(embedder.max_tokens + 50))
        end = embedder.tokenizer.offsets(text)[embedder.max_tokens * 2][1]
        vectors = await embedder.embed_texts([text, text[:end]])
        np.testing.assert_allclose(vectors[0], vectors[1], atol=self.tolerance)

    async def test_a_query_has_one_vector_and_keeps_it(self, embedder: Embedder) -> None:
        """Asked twice, the same vector; of the passages' dimension."""
        first = await embedder.embed_query(SAMPLE[0])
        again = await embedder.embed_query(SAMPLE[0])
        assert first.shape == (embedder.dimension,)
        np.testing.assert_allclose(np.linalg.norm(first), 1, atol=1e-3)
        np.testing.assert_array_equal(first, again)

    async def test_concurrent_calls_do_not_mix(self, embedder: Embedder) -> None:
        """Many queries and passages at once each get their own vector."""
        texts = [f"question number {n} about {'contracts' if n % 2 else 'holidays'}" for n in range(24)]
        expected = await embedder.embed_texts(texts)
        pairs, queries = await asyncio.gather(
            asyncio.gather(*(embedder.embed_texts([text, SAMPLE[0]]) for text in texts)),
            asyncio.gather(*(embedder.embed_query(text) for text in texts)),
        )
        np.testing.assert_allclose(np.stack(pairs)[:, 0], expected, atol=self.tolerance)
        nearest = np.argmax(np.stack(queries) @ expected.T, axis=1)
        np.testing.assert_array_equal(nearest, np.arange(len(texts)))

    async def test_tokens_lie_in_the_text_in_order(self, embedder: Embedder) -> None:
        """Offsets are ranges of characters, not of bytes."""
        for text in SAMPLE:
            offsets = embedder.tokenizer.offsets(text)
            assert all(0 <= start <= end <= len(text) for start, end in offsets)
            assert offsets == sorted(offsets)
            assert embedder.tokenizer.count(text) == len(offsets)
        assert embedder.tokenizer.offsets("") == []
        assert embedder.tokenizer.offsets("warranty claim")[-1][1] == len("warranty claim")

    async def test_it_says_what_it_is(self, embedder: Embedder) -> None:
        """Name, fingerprint and limits are there without embedding anything."""
        assert embedder.name
        assert embedder.fingerprint
        assert embedder.max_tokens > 0
