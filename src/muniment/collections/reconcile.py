"""Keeps what is declared in existence: compares declaration, catalog and vector store, and mends."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.catalog import Catalog
from muniment.catalog.clock import now
from muniment.collections.adopted import open_adopted
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError
from muniment.ingest.plan import IngestPlan, repair_of
from muniment.ingest.rows import row_ids
from muniment.protocols import VectorStore
from muniment.types import Document, Mending, RunState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of one collection came to: documents and rows of given chunks that must be made again.

    ``mending`` tells what was found and what is done about it; it is kept once that is done.
    """

    mending: Mending
    lost: tuple[Document, ...]
    lost_given: tuple[int, ...] = ()

    @property
    def repair(self) -> IngestPlan:
        """The plan that makes the lost chunks again from what is kept."""
        return IngestPlan(tuple(repair_of(document) for document in self.lost))


async def reconcile(runtime: CollectionRuntime, catalog: Catalog, store: VectorStore) -> Finding | None:
    """Open the collection's index and compare it with the catalog; None when all is as it should be.

    Raises:
        ConflictError: the declaration changed in a way that needs the chunks made anew.
        UnavailableError, StorageError: catalog or store cannot be used.
    """
    if runtime.settings.adopt is not None:
        # Nothing of it is in the catalog, and nothing in it is ours to mend.
        await open_adopted(runtime, store)
        return None
    record = await asyncio.to_thread(catalog.collection, runtime.name)
    documents = await asyncio.to_thread(catalog.documents, runtime.name)
    if record is None:
        await asyncio.to_thread(catalog.save_collection, runtime.record)
    elif record != runtime.record:
        _refuse_change(runtime, documents)
        await asyncio.to_thread(catalog.save_collection, runtime.record)
        await store.drop(record.index_name)
    missing_index = runtime.record.index_name not in await store.names()
    runtime.index = await store.open(runtime.index_spec)
    titles = await asyncio.to_thread(catalog.given.titles, runtime.name)
    runtime.show_all(documents, titles)
    return await _compare(runtime, catalog, documents, missing_index)


def _refuse_change(runtime: CollectionRuntime, documents: Sequence[Document]) -> None:
    """A collection that holds documents is not silently made anew."""
    if not any(document.chunks for document in documents):
        return
    raise ConflictError(
        f"The embedding model or the chunking of collection {runtime.name!r} changed "
        f"(now {runtime.settings.embedding_model}, {runtime.embedder.dimension} dimensions), "
        f"but its chunks were made with the earlier ones.",
        code="collection_changed",
        hint=f"Set them back, or make the chunks anew with `muniment ingest {runtime.name} --rebuild` "
        "(parsed documents are kept, so nothing is parsed again).",
    )


async def _compare(
    runtime: CollectionRuntime, catalog: Catalog, documents: Sequence[Document], missing_index: bool
) -> Finding | None:
    index = runtime.open_index()
    present = await index.ids()
    expected = {document.uri: row_ids(document, runtime.chunker.spec) for document in documents}
    lost = tuple(document for document in documents if not expected[document.uri] <= present)
    # Read after the index: a chunk being inserted is in the catalog before it is there.
    given = set(await asyncio.to_thread(catalog.given.titles, runtime.name))
    needed: set[int] = given.union(*expected.values())
    orphans = present - needed
    if orphans and await _last_run_ended_well(catalog, runtime.name):
        # After an interrupted run the rows it wrote are left: the next run takes them up.
        await index.delete(sorted(orphans))
    else:
        orphans = set()
    lost_given = tuple(sorted(given - present))
    if not lost and not orphans and not lost_given:
        return None
    missing = len(needed - given - present)
    found = ["the index was missing"] if missing_index and (lost or lost_given) else []
    found += [f"{missing} chunks of {len(lost)} documents were missing"] if lost else []
    found += [f"{len(lost_given)} inserted chunks were missing"] if lost_given else []
    found += [f"{len(orphans)} chunks belonged to no document"] if orphans else []
    did = [f"made the chunks of {len(lost)} documents again"] if lost else []
    did += [f"wrote {len(lost_given)} inserted chunks again"] if lost_given else []
    did += [f"removed {len(orphans)} chunks"] if orphans else []
    mending = Mending(now(), runtime.name, "; ".join(found), "; ".join(did))
    logger.warning("Collection %s is being mended: %s.", runtime.name, mending.found)
    return Finding(mending, lost, lost_given)


async def _last_run_ended_well(catalog: Catalog, collection: str) -> bool:
    runs = await asyncio.to_thread(catalog.runs.list, collection, 1)
    return bool(runs) and runs[0].state is RunState.DONE
