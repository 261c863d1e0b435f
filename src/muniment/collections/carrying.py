"""What a new generation takes over from another one besides what the sources list: uploads, given chunks."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from muniment.catalog import Catalog
from muniment.collections.given import vector_fits, write_given
from muniment.collections.kept_source import KeptSource
from muniment.collections.runtime import CollectionRuntime
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.plan import CarriedWork, Removal, Work
from muniment.types import (
    ChangeKind,
    Document,
    DocumentOrigin,
    GivenChunk,
    SourceFile,
    StoredHit,
    file_id_of,
    parser_of,
)
from muniment.types.store import ATTACHED

_AT_A_TIME = 500


async def carried_uploads(
    catalog: Catalog, kept: KeptFiles, live: CollectionRuntime, other: CollectionRuntime
) -> CarriedWork:
    """What makes the other generation hold the uploads and attached files that the live one holds.

    Their bytes are kept, and so is their text as long as the parser is the same.
    """
    held = await asyncio.to_thread(
        lambda: {one.uri: one for one in _uploads(catalog, other.name, other.number)}
    )
    work: list[Work] = []
    for document in await asyncio.to_thread(lambda: tuple(_uploads(catalog, live.name, live.number))):
        before = held.pop(document.uri, None)
        if before is not None and _same(document, before):
            continue
        if not document.chunks and not await _readable_anew(kept, document, other):
            # It has failed or holds no text, and would again.
            await asyncio.to_thread(catalog.save_document, replace(document, generation=other.number))
            continue
        work.append(_carried(catalog, kept, document, before, other))
    gone = tuple(Removal(one.uri, one.name, one.updated_at) for one in held.values())
    return CarriedWork(tuple(work), gone)


def _uploads(catalog: Catalog, collection: str, generation: int) -> Iterator[Document]:
    page = partial(
        catalog.documents_by_uri,
        collection,
        generation=generation,
        origin=DocumentOrigin.UPLOAD,
        limit=_AT_A_TIME,
    )
    found = page()
    while found:
        yield from found
        found = page(after=found[-1].uri)


def _same(document: Document, before: Document) -> bool:
    return (document.content_hash, document.name, document.metadata) == (
        before.content_hash,
        before.name,
        before.metadata,
    )


async def _readable_anew(kept: KeptFiles, document: Document, other: CollectionRuntime) -> bool:
    if parser_of(document.parser) == other.recipe.parser_version or not document.content_hash:
        return False
    return await kept.holds_raw(document.content_hash)


def _carried(
    catalog: Catalog,
    kept: KeptFiles,
    document: Document,
    before: Document | None,
    other: CollectionRuntime,
) -> Work:
    return Work(
        # An upload's version is the hash of its content.
        SourceFile(document.uri, document.name, document.size, document.content_hash, document.metadata),
        KeptSource(kept, document.content_hash),
        before,
        DocumentOrigin.UPLOAD,
        _chunker_spec(catalog, document, other),
        kind=ChangeKind.UPDATE if before else ChangeKind.ADD,
    )


def _chunker_spec(catalog: Catalog, document: Document, other: CollectionRuntime) -> str:
    """The document's own chunker, in the sizes that the other generation's model reads."""
    if not document.chunker or not document.uri.startswith(ATTACHED):
        return document.chunker
    attached = catalog.files.attached(document.collection, file_id_of(document.collection, document.uri))
    if attached is None or attached.chunking is None:
        return document.chunker
    return other.own_chunker_spec(attached.chunking)


async def late_uploads(
    catalog: Catalog, kept: KeptFiles, runtime: CollectionRuntime, former: int
) -> tuple[Work, ...]:
    """What came into a former generation after the one that the runtime serves was promoted."""
    promoted_at = runtime.generation.promoted_at if runtime.generation is not None else ""
    find = partial(catalog.document_at, runtime.name)

    def late() -> list[Document]:
        uploads = _uploads(catalog, runtime.name, former)
        return [one for one in uploads if one.updated_at > promoted_at and find(one.uri) is None]

    found = await asyncio.to_thread(late)
    return tuple([_carried(catalog, kept, document, None, runtime) for document in found])


async def carry_given(catalog: Catalog, other: CollectionRuntime) -> None:
    """Make the other generation hold the given chunks as they are in the catalog.

    A chunk is embedded from its text unless its vector is of the other generation's model. Rows of
    chunks that are gone cannot be found; the reconciler removes them.
    """
    index = other.open_index()
    page = await asyncio.to_thread(catalog.given.page, other.name)
    while page:
        rows = {hit.id: hit for hit in await index.get([chunk.row_id for chunk in page])}
        changed = [chunk for chunk in page if _must_write(other, chunk, rows.get(chunk.row_id))]
        await write_given(other, changed)
        page = await asyncio.to_thread(partial(catalog.given.page, other.name, after=page[-1].row_id))


async def show_carried(catalog: Catalog, other: CollectionRuntime) -> None:
    """Make visible what the other generation holds."""
    list_documents = partial(catalog.documents, other.name, generation=other.number)
    documents = await asyncio.to_thread(list_documents)
    other.show_all(documents, await asyncio.to_thread(catalog.given.titles, other.name))


def _must_write(other: CollectionRuntime, chunk: GivenChunk, row: StoredHit | None) -> bool:
    if row is None or vector_fits(other, chunk):
        return True
    return row.chunk.text != chunk.content or row.metadata != chunk.attributes
