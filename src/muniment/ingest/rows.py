"""A document's rows in the index: their ids, and their removal when nothing needs them any more."""

import asyncio

from muniment.catalog import Catalog
from muniment.ingest.kept_files import KeptFiles
from muniment.protocols import VectorIndex
from muniment.types import Document, chunk_id


def row_id(document: Document, chunker_spec: str, ordinal: int) -> int:
    """Id of one of a document's rows; another parser or chunker gives other ids.

    ``chunker_spec`` is that of the collection.
    """
    spec = document.chunker or chunker_spec
    return chunk_id(document.document_id, f"{document.parser}\n{spec}", ordinal)


def row_ids(document: Document, chunker_spec: str) -> set[int]:
    """Ids of all rows a document has in the index."""
    return {row_id(document, chunker_spec, ordinal) for ordinal in range(document.chunks)}


async def remove_traces(
    catalog: Catalog, kept: KeptFiles, index: VectorIndex, gone: Document, chunker_spec: str
) -> None:
    """Remove rows and kept files of a document that the catalog no longer holds in this form.

    Rows stay that another name with the same content, or the document's new form, still needs; so
    do kept files that a document of any collection needs.
    """
    if gone.chunks:
        holders = await asyncio.to_thread(
            lambda: catalog.documents_with_content(
                gone.collection, gone.document_id, generation=gone.generation
            )
        )
        needed: set[int] = set()
        for holder in holders:
            needed |= row_ids(holder, chunker_spec)
        await index.delete(sorted(row_ids(gone, chunker_spec) - needed))
    await forget_kept(catalog, kept, gone)


async def forget_kept(catalog: Catalog, kept: KeptFiles, gone: Document) -> None:
    """Remove what is kept of a document's content as far as no other document, of any collection and
    generation, needs it.
    """
    if not gone.content_hash:
        return
    if not await asyncio.to_thread(catalog.holds_content, gone.content_hash, gone.parser):
        await kept.forget_parsed(gone.content_hash, gone.parser)
    if not await asyncio.to_thread(catalog.holds_bytes, gone.content_hash):
        await kept.forget_raw(gone.content_hash)
