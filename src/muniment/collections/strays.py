"""Rows that seem lost or left over in an index, looked at once more: other workers go on meanwhile."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

from muniment.catalog import Catalog
from muniment.ingest.rows import row_ids
from muniment.protocols import VectorIndex
from muniment.types import Document

_AT_A_TIME = 500


async def still_lost(
    documents: Sequence[Document], catalog: Catalog, index: VectorIndex, chunker_spec: str
) -> tuple[Document, ...]:
    """Those of the documents that are in the catalog as they were, and whose rows are not all there."""
    lost = []
    for document in documents:
        find = partial(catalog.document_at, generation=document.generation)
        now = await asyncio.to_thread(find, document.collection, document.uri)
        if now is None or now.updated_at != document.updated_at:
            continue
        if not row_ids(document, chunker_spec) <= await index.ids(document.document_id):
            lost.append(document)
    return tuple(lost)


async def left_over(
    rows: Iterable[int],
    catalog: Catalog,
    index: VectorIndex,
    collection: str,
    generation: int,
    chunker_spec: str,
) -> dict[str, int]:
    """How many of the rows belong to nothing, by document id.

    Contents in doubt are left out: a run is at them, or the next one that comes to its end cleans them.
    """
    found: dict[str, set[int]] = {}
    ids = sorted(rows)
    for start in range(0, len(ids), _AT_A_TIME):
        for hit in await index.get(ids[start : start + _AT_A_TIME]):
            found.setdefault(hit.document_id, set()).add(hit.id)
    doubts = catalog.doubts.all(collection, generation)
    doubtful = await asyncio.to_thread(lambda: {content.document_id for content in doubts})
    # The documents after the doubts: a content leaves those in the step that brings its document.
    find = partial(catalog.documents_with_content, generation=generation)
    counts: dict[str, int] = {}
    for document_id in found.keys() - doubtful:
        holders = await asyncio.to_thread(find, collection, document_id)
        unneeded = found[document_id].difference(*(row_ids(holder, chunker_spec) for holder in holders))
        if unneeded:
            counts[document_id] = len(unneeded)
    return counts
