"""Vectors of sentences are kept with the rows; collections made before there were any go on without them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from muniment.protocols import IndexSpec, ProviderContext
from muniment.providers.milvus import MilvusOptions
from muniment.providers.milvus.schema import SENTENCES, collection_schema
from muniment.providers.milvus.store import MilvusStore
from muniment.testing.vector_store import chunk_row, unit
from muniment.types import SearchMode, VectorQuery

SPEC = IndexSpec("sentences", 4, "model", "chunker")
ROW = replace(
    chunk_row(7, "Leave is granted. Carrots are not.", unit(1, 1, 0, 0)),
    sentences=np.array([unit(1, 0, 0, 0), unit(0, 1, 0.5, 0)]),
)
QUERY = VectorQuery(SearchMode.HYBRID, 3, "are carrots granted", unit(0, 1, 0, 0))


async def opened(folder: Path) -> MilvusStore:
    context = ProviderContext(folder)
    return MilvusStore(MilvusOptions(), context.data_dir)


@pytest.mark.parametrize("snapshot", [True, False])
async def test_the_nearest_sentence_is_found_after_a_restart(tmp_path: Path, snapshot: bool) -> None:
    store = await opened(tmp_path)
    await (await store.open(SPEC)).upsert([ROW])
    await store.aclose()
    if not snapshot:
        shutil.rmtree(tmp_path / "milvus.db.resident")
    store = await opened(tmp_path)
    [hit] = await (await store.open(SPEC)).search(QUERY)
    assert hit.scores["sentence"] == pytest.approx(1 / np.sqrt(1.25), abs=0.01)
    assert await store.check() == ()
    await store.aclose()


async def test_a_collection_made_before_is_searched_and_written_without(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    client = await store.call(store.client)
    schema = collection_schema(client, SPEC, "made before")
    schema._fields[:] = [field for field in schema.fields if field.name != SENTENCES]
    description = {
        "dimension": SPEC.dimension,
        "embedding_fingerprint": SPEC.embedding_fingerprint,
        "chunker_spec": SPEC.chunker_spec,
        "stamp": "before",
    }
    client.create_collection(SPEC.name, schema=schema, properties={"muniment": json.dumps(description)})
    index = await store.open(SPEC)
    await index.upsert([ROW])
    [hit] = await index.search(QUERY)
    assert hit.id == ROW.id
    assert hit.chunk == ROW.chunk
    [note] = await store.check()
    assert "Rebuild" in note
    await store.aclose()
    store = await opened(tmp_path)
    [hit] = await (await store.open(SPEC)).search(QUERY)
    assert "sentence" not in hit.scores
    await store.aclose()
