"""Removes rows that no document has, while other workers may be writing theirs."""

import asyncio
import secrets
from functools import partial

from muniment.catalog import Catalog
from muniment.collections.runtime import CollectionRuntime
from muniment.ingest.claims import Claims
from muniment.ingest.rows import row_ids
from muniment.protocols import VectorIndex

_LEASE_S = 30.0


async def remove_orphans(
    runtime: CollectionRuntime, catalog: Catalog, index: VectorIndex, orphans: set[int]
) -> set[int]:
    """Remove those of the rows that nobody needs; returns these.

    What looked like an orphan may be a row of a document that another worker is just writing, or has
    written since: its content is in doubt, or claimed, or has a document by now, and stays.
    """
    rows: dict[str, set[int]] = {}
    for hit in await index.get(sorted(orphans)):
        rows.setdefault(hit.document_id, set()).add(hit.id)
    # Read before the documents: what is struck out of the doubtful has its document in the catalog.
    doubts = partial(catalog.doubts.all, runtime.name, runtime.number)
    doubtful = await asyncio.to_thread(lambda: {content.document_id for content in doubts()})
    owner = f"reconciler_{secrets.token_hex(8)}"
    claims = Claims(catalog, runtime.name, runtime.number, owner, _LEASE_S)
    removed: set[int] = set()
    async with claims.kept_alive():
        for document_id in sorted(rows.keys() - doubtful):
            key, _ = claims.content(document_id, "")
            if not await claims.take(key):
                continue
            find = partial(catalog.documents_with_content, generation=runtime.number)
            holders = await asyncio.to_thread(find, runtime.name, document_id)
            spec = runtime.recipe.chunker_spec
            unneeded = rows[document_id].difference(*(row_ids(holder, spec) for holder in holders))
            await index.delete(sorted(unneeded))
            removed |= unneeded
            await claims.release(key)
    return removed
