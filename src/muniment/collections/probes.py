"""Tries each thing that ingestion and search rest on, by using it once."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncGenerator, Awaitable
from pathlib import Path

import numpy as np

from muniment.answer.fail_over import readiness_of
from muniment.catalog import Catalog
from muniment.errors import ConflictError, MunimentError, StorageError
from muniment.protocols import Embedder, FileStore, Generator, IndexSpec, Reranker, Source, VectorStore
from muniment.types import Check, Chunk, ChunkRow, SearchMode, Span, VectorQuery

PROBE = "muniment_verify"
"""What everything begins with that a probe makes; all of it is removed again."""

LEAST_FREE_BYTES = 1_000_000_000
"""Disk space below which ingestion is not begun: models' scratch files, kept files, a store's log."""

_TEXT = "A probe: can this text be embedded, written and found?"


async def tried(name: str, probe: Awaitable[str]) -> Check:
    """The check of that name: what the probe says, or the error that it ended with."""
    try:
        return Check(name, True, await probe)
    except MunimentError as error:
        return Check(name, False, f"{error.message} [{error.code}]", error.hint)


async def probe_source(source: Source) -> str:
    """Credentials and address of a source, and whether it can be listed.

    Raises:
        MunimentError: see ``Source.check`` and ``Source.list``.
    """
    await source.check()
    listing = source.list()
    try:
        first = await anext(listing, None)
    finally:
        if isinstance(listing, AsyncGenerator):
            await listing.aclose()
    return f"can be listed; the first file is {first.name}" if first else "can be listed; it holds no file"


async def probe_file_store(store: FileStore) -> str:
    """Write, read and delete a file.

    Raises:
        MunimentError: see ``FileStore``; StorageError when it gives back other bytes.
    """
    key, data = f"probe/{secrets.token_hex(8)}", secrets.token_bytes(64)
    await store.put(key, data)
    try:
        if await store.get(key) != data:
            raise StorageError(
                f"The file store gave back other bytes than were written under {key!r}.",
                hint="Check what lies between here and the store, and the store itself.",
            )
    finally:
        await store.delete(key)
    return "a file was written, read and deleted"


async def probe_catalog(catalog: Catalog) -> str:
    """Write to the catalog and take it back.

    Raises:
        UnavailableError, StorageError: it does not answer, or cannot be written.
    """
    owner = key = f"{PROBE}_{secrets.token_hex(8)}"
    taken = await asyncio.to_thread(catalog.leases.take, [key], owner, 60.0)
    await asyncio.to_thread(catalog.leases.release, owner)
    if taken != {key}:
        raise StorageError("A row written to the catalog was not there.", hint="Check the database.")
    kind = "PostgreSQL" if catalog.database.shared else "SQLite"
    return f"{kind}; a row was written and deleted"


async def probe_embedder(embedder: Embedder) -> str:
    """Embed one text.

    Raises:
        UnavailableError: the model does not answer.
        ConflictError: code ``dimension_differs``: its vectors are not as long as declared, or no vectors.
    """
    vectors = await embedder.embed_texts([_TEXT], urgent=True)
    if vectors.shape != (1, embedder.dimension) or not np.isfinite(vectors).all():
        raise ConflictError(
            f"Embedding model {embedder.name!r} gave an array of shape {vectors.shape}; "
            f"(1, {embedder.dimension}) of finite numbers was expected.",
            code="dimension_differs",
            hint="Declare the dimension that the model has, or name the right model.",
        )
    return f"one text embedded, {embedder.dimension} dimensions"


async def probe_vector_store(store: VectorStore, embedder: Embedder) -> str:
    """Make an index of the model's dimension, write a row, find it, and drop the index.

    Raises:
        MunimentError: see ``VectorStore``; StorageError when the row is not found.
    """
    spec = IndexSpec(f"{PROBE}_{secrets.token_hex(8)}", embedder.dimension, embedder.fingerprint, "probe")
    vector = np.zeros(embedder.dimension, np.float32)
    vector[0] = 1.0
    row = ChunkRow(1, "doc_probe", Chunk(0, _TEXT, "", (), (Span(0, len(_TEXT)),), 10), vector)
    try:
        index = await store.open(spec)
        await index.upsert([row])
        found = await index.search(VectorQuery(SearchMode.VECTOR, 1, _TEXT, vector, None))
    finally:
        await store.drop(spec.name)
    if [hit.id for hit in found] != [row.id]:
        raise StorageError(
            "A row written to the vector store was not found by a search.",
            hint="Check the store's log; `muniment verify` tries again.",
        )
    return f"a row of {embedder.dimension} dimensions was written, found and deleted"


async def probe_generator(generator: Generator) -> str:
    """Whether it would answer now; UnavailableError that says what to do otherwise."""
    return await readiness_of(generator)


async def probe_reranker(reranker: Reranker) -> str:
    """Score one text.

    Raises:
        MunimentError: see ``Reranker``.
    """
    await reranker.check()
    return "answers"


async def probe_disk(folder: Path) -> str:
    """Space where data is kept and files lie while they are read.

    Raises:
        StorageError: code ``disk_full``.
    """
    free = (await asyncio.to_thread(shutil.disk_usage, _existing(folder))).free
    if free < LEAST_FREE_BYTES:
        raise StorageError(
            f"{free / 1e6:,.0f} MB are free at {folder}; {LEAST_FREE_BYTES / 1e6:,.0f} MB should be.",
            code="disk_full",
            hint="Free some space, or set `data_dir` to a larger disk.",
        )
    return f"{free / 1e9:,.1f} GB are free"


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.resolve().parents) if place.exists())
