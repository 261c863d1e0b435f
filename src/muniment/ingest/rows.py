"""A document's rows in the index: their ids, and their removal when nothing needs them any more."""

import asyncio
from functools import partial

from muniment.catalog import Catalog
from muniment.catalog.doubts import DoubtfulContent
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


async def remove_unneeded(
    catalog: Catalog,
    kept: KeptFiles,
    index: VectorIndex,
    collection: str,
    generation: int,
    content: DoubtfulContent,
    chunker_spec: str,
) -> None:
    """Remove rows of a content that no document of the generation has in this form, and kept files of
    it that no document of any collection and generation has.

    The content must be claimed, so that nobody relies on what is removed.
    """
    find = partial(catalog.documents_with_content, generation=generation)
    holders = await asyncio.to_thread(find, collection, content.document_id)
    needed: set[int] = set()
    for holder in holders:
        needed |= row_ids(holder, chunker_spec)
    unneeded = await index.ids(content.document_id) - needed
    if unneeded:
        await index.delete(sorted(unneeded))
    await forget_unneeded(catalog, kept, content)


async def forget_unneeded(catalog: Catalog, kept: KeptFiles, content: DoubtfulContent) -> None:
    """Remove what is kept of a content as far as no document of any collection and generation needs it."""
    if not content.content_hash:
        return
    if not await asyncio.to_thread(catalog.holds_content, content.content_hash, content.parser):
        await kept.forget_parsed(content.content_hash, content.parser)
    if not await asyncio.to_thread(catalog.holds_bytes, content.content_hash):
        await kept.forget_raw(content.content_hash)
