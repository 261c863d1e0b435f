"""Tries what a declared collection rests on, each thing by itself, without opening the data.

Where one thing keeps the data from being opened, the others are told of nevertheless.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from muniment.catalog import Catalog
from muniment.collections.probes import (
    probe_catalog,
    probe_disk,
    probe_embedder,
    probe_file_store,
    probe_generator,
    probe_reranker,
    probe_source,
    probe_vector_store,
    tried,
)
from muniment.protocols import Embedder, FileStore, Generator, Reranker, Source, VectorStore
from muniment.types import Check, Verification


class _Closable(Protocol):
    async def aclose(self) -> None: ...


Part = TypeVar("Part", bound=_Closable)


@dataclass(frozen=True, slots=True)
class Makers:
    """How to make each thing that a collection rests on; the names are for the report.

    ``adopted`` is the name of another server's index in the vector store, empty for an index of our own.
    """

    collection: str
    data_dir: Path
    catalog: Callable[[], Catalog]
    file_store: Callable[[], Awaitable[FileStore]]
    sources: Sequence[Callable[[], Awaitable[Source]]]
    embedding_model: str
    embedder: Callable[[], Awaitable[Embedder]]
    vector_store: Callable[[], Awaitable[VectorStore]]
    generator_name: str
    generator: Callable[[], Awaitable[Generator]]
    adopted: str = ""
    reranker_name: str = ""
    reranker: Callable[[], Awaitable[Reranker]] | None = None


async def verify_setup(makers: Makers) -> Verification:
    """Make and use each thing once."""
    checks = [
        await tried("disk", probe_disk(makers.data_dir)),
        await tried("catalog", _catalog(makers.catalog)),
        await tried("file store", _used(makers.file_store, probe_file_store)),
    ]
    for number, source in enumerate(makers.sources):
        checks.append(await tried(f"source {number}", _used(source, probe_source)))
    checks += await _index(makers)
    name = f"generator {makers.generator_name}"
    checks.append(await tried(name, _used(makers.generator, probe_generator)))
    if makers.reranker is not None:
        used = _used(makers.reranker, probe_reranker)
        checks.append(await tried(f"reranker {makers.reranker_name}", used))
    return Verification(makers.collection, tuple(checks))


async def _catalog(make: Callable[[], Catalog]) -> str:
    catalog = await asyncio.to_thread(make)
    try:
        return await probe_catalog(catalog)
    finally:
        await asyncio.to_thread(catalog.close)


async def _index(makers: Makers) -> list[Check]:
    """The embedding model, and the vector store with vectors of its length."""
    made: list[Embedder] = []

    async def embedding() -> str:
        made.append(await makers.embedder())
        return await probe_embedder(made[0])

    async def storing(store: VectorStore) -> str:
        if not made:
            return f"answers, with {len(await store.names())} indexes; not written to without the model"
        if makers.adopted:
            await store.adopt(makers.adopted, made[0].dimension)
            return f"{makers.adopted} can be read"
        return await probe_vector_store(store, made[0])

    try:
        return [
            await tried(f"embedding model {makers.embedding_model}", embedding()),
            await tried("vector store", _used(makers.vector_store, storing)),
        ]
    finally:
        for embedder in made:
            await embedder.aclose()


async def _used(make: Callable[[], Awaitable[Part]], probe: Callable[[Part], Awaitable[str]]) -> str:
    part = await make()
    try:
        return await probe(part)
    finally:
        await part.aclose()
