"""Keeps what is declared in existence: compares declaration, catalog and vector store, and mends."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from muniment.catalog import Catalog
from muniment.catalog.clock import now
from muniment.collections.adopted import open_adopted
from muniment.collections.embedding_models import EmbeddingModels
from muniment.collections.orphans import remove_orphans
from muniment.collections.recipe import alias_of, index_spec, recipe_of
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import MunimentError
from muniment.ingest.plan import IngestPlan, repair_of
from muniment.ingest.rows import row_ids
from muniment.protocols import VectorIndex, VectorStore
from muniment.types import Document, Generation, GenerationState, Mending, RunState, parser_of

logger = logging.getLogger(__name__)

BUILDING = ("stage", "promote", "rollback")
"""What starts runs that fill a generation that is not live."""


_LOOKED_AT_AGAIN = 100
"""So many documents that seem to have lost chunks are looked at once more; of more, most have."""


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


async def reconcile(
    runtime: CollectionRuntime, catalog: Catalog, store: VectorStore, models: EmbeddingModels
) -> Finding | None:
    """Open the live generation's index and compare it with the catalog; None when all is as it should be.

    Raises:
        UnavailableError, StorageError: catalog or store cannot be used, or the embedding model of the
            live generation cannot be had any more.
    """
    if runtime.settings.adopt is not None:
        # Nothing of it is in the catalog, and nothing in it is ours to mend.
        await open_adopted(runtime, store)
        return None
    kept = await asyncio.to_thread(catalog.documents, runtime.name)
    await _choose_generation(runtime, catalog, store, models, kept)
    assert runtime.generation is not None
    missing_index = runtime.generation.index_name not in await store.names()
    index = runtime.index = await store.open(index_spec(runtime.generation))
    await point_alias(store, runtime.generation)
    titles = await asyncio.to_thread(catalog.given.titles, runtime.name)
    runtime.show_all(kept, titles)
    return await _compare(runtime, index, catalog, kept, missing_index)


async def point_alias(store: VectorStore, live: Generation) -> None:
    """Let other programs find the live generation's index; Muniment itself goes by the catalog."""
    try:
        await store.point(alias_of(live.collection), live.index_name)
    except MunimentError as error:
        logger.warning("The alias of collection %s is not set: %s", live.collection, error.message)


async def _choose_generation(
    runtime: CollectionRuntime,
    catalog: Catalog,
    store: VectorStore,
    models: EmbeddingModels,
    documents: Sequence[Document],
) -> None:
    """Bring the runtime to the live generation, which takes the declaration over while it holds nothing."""
    live = await asyncio.to_thread(catalog.generations.live, runtime.name)
    if live is None:
        live = runtime.wanted.generation(runtime.name, 1, GenerationState.LIVE)
        live = await asyncio.to_thread(catalog.generations.save, live)
    elif _made_as_wanted(runtime, live, documents):
        live = await _updated(runtime, catalog, live)
    elif not any(document.chunks for document in documents) and not await asyncio.to_thread(
        catalog.given.count, runtime.name
    ):
        await store.drop(live.index_name)
        live = await _updated(runtime, catalog, live)
    runtime.generation = live
    runtime.recipe = await recipe_of(live, models) if runtime.wanted.differences(live) else runtime.wanted


def _made_as_wanted(runtime: CollectionRuntime, live: Generation, documents: Sequence[Document]) -> bool:
    """Whether nothing in the index would come out otherwise, whatever the generation was made for."""
    wanted = runtime.wanted
    return all(
        difference.what == "parser"
        and all(
            parser_of(document.parser) == wanted.parser_version for document in documents if document.chunks
        )
        for difference in wanted.differences(live)
    )


async def _updated(runtime: CollectionRuntime, catalog: Catalog, live: Generation) -> Generation:
    updated = runtime.wanted.applied_to(live)
    if updated != live:
        await asyncio.to_thread(catalog.generations.save, updated)
    return updated


async def _compare(
    runtime: CollectionRuntime,
    index: VectorIndex,
    catalog: Catalog,
    documents: Sequence[Document],
    missing_index: bool,
) -> Finding | None:
    present = await index.ids()
    expected = {document.uri: row_ids(document, runtime.recipe.chunker_spec) for document in documents}
    lost = tuple(document for document in documents if not expected[document.uri] <= present)
    if len(lost) <= _LOOKED_AT_AGAIN:
        lost = tuple([one for one in lost if await _is_lost(one, runtime, catalog, expected[one.uri])])
    # Read after the index: a chunk being inserted is in the catalog before it is there.
    given = set(await asyncio.to_thread(catalog.given.titles, runtime.name))
    needed: set[int] = given.union(*expected.values())
    orphans = present - needed
    if orphans and await _last_run_ended_well(catalog, runtime.name):
        # After an interrupted run the rows it wrote are left: the next run takes them up.
        orphans = await remove_orphans(runtime, catalog, index, orphans)
    else:
        orphans = set()
    lost_given = tuple(sorted(given - present))
    if not lost and not orphans and not lost_given:
        return None
    missing = len(set[int]().union(*(expected[document.uri] for document in lost)) - present)
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


async def _is_lost(
    document: Document, runtime: CollectionRuntime, catalog: Catalog, expected: set[int]
) -> bool:
    """Whether chunks of a document are missing that it still has: other workers change both meanwhile."""
    find = partial(catalog.document_at, generation=runtime.number)
    now_known = await asyncio.to_thread(find, document.collection, document.uri)
    if now_known != document:
        return False
    return not expected <= await runtime.open_index().ids(document.document_id)


async def _last_run_ended_well(catalog: Catalog, collection: str) -> bool:
    runs = await asyncio.to_thread(catalog.runs.list, collection, 20)
    # A run that fills another generation says nothing about this one.
    last = next((run for run in runs if run.trigger not in BUILDING), None)
    return last is not None and last.state is RunState.DONE
