"""Collections that another server filled: opened, listed and read back from the store alone."""

from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError, NotFoundError
from muniment.protocols import AdoptedDocument, AdoptedIndex, VectorStore
from muniment.types import Block, BlockKind, Document, DocumentState, ParsedDocument, StoredHit

PARSER = "adopted"
"""What stands for the parser: nothing was parsed, the text is that of the chunks."""


async def open_adopted(runtime: CollectionRuntime, own: VectorStore) -> None:
    """Open the collection's index, or read it again when it has changed.

    Raises:
        NotFoundError, ConflictError, UnavailableError: see ``VectorStore.adopt``.
    """
    adopt = runtime.settings.adopt
    if adopt is not None:
        store = await runtime.adopted_from.get() if runtime.adopted_from is not None else own
        adopted = await store.adopt(adopt.collection, runtime.embedder.dimension)
        # Before it can be asked: who asks while names are read would be told of no documents.
        names = {document.id: document.name for document in await adopted.documents()}
        runtime.adopted, runtime.index, runtime.names = adopted, adopted, names


def refuse_change(runtime: CollectionRuntime) -> None:
    """Raise ConflictError ``collection_adopted`` for a collection that another server filled."""
    if runtime.settings.adopt is not None:
        raise ConflictError(
            f"Collection {runtime.name!r} is adopted: {runtime.settings.adopt.collection!r} in Milvus is "
            "searched, and never changed.",
            code="collection_adopted",
            hint="Declare a collection with sources for new documents, or upload them to another one.",
        )


async def adopted_documents(runtime: CollectionRuntime) -> tuple[Document, ...]:
    """Every document by name; none as long as the collection cannot be opened."""
    known = await runtime.adopted.documents() if runtime.adopted is not None else ()
    return tuple(_document(runtime, document) for document in known)


async def adopted_text(index: AdoptedIndex, document_id: str) -> ParsedDocument:
    """A document whose text is that of its chunks, each a block of its own.

    Raises:
        NotFoundError: code ``unknown_document``.
    """
    hits = sorted(
        await index.get(sorted(await index.ids(document_id))), key=lambda hit: hit.chunk.spans[0].start
    )
    if not hits:
        raise NotFoundError(
            f"No chunk belongs to the document {document_id[:60]!r}.",
            code="unknown_document",
            hint="List the collection's documents with `muniment documents`.",
        )
    title = str(hits[0].metadata.get("title") or "")
    blocks = tuple(_block(hit) for hit in hits)
    return ParsedDocument(document_id, title, _joined(hits), blocks, (), PARSER)


def original_not_kept(document: Document) -> NotFoundError:
    """The error for the bytes of an adopted document."""
    return NotFoundError(
        f"The file of {document.name!r} is not here: the server that read it kept the text of its chunks.",
        code="original_not_kept",
        hint="Read its text instead, or ingest the file into a collection of your own.",
    )


def _joined(hits: list[StoredHit]) -> str:
    """The chunks at the places that their spans name, blank lines between them."""
    text = ""
    for hit in hits:
        text = text.ljust(hit.chunk.spans[0].start, "\n") + hit.chunk.text
    return text


def _block(hit: StoredHit) -> Block:
    spans = hit.chunk.spans
    return Block(BlockKind.TEXT, spans[0].start, spans[-1].end, spans=spans)


def _document(runtime: CollectionRuntime, known: AdoptedDocument) -> Document:
    return Document(
        collection=runtime.name,
        uri=f"adopted:///{known.id}",
        name=known.name,
        document_id=known.id,
        content_hash=known.id,
        version=str(known.chunks),
        size=known.size,
        state=DocumentState.DONE,
        parser=PARSER,
        chunks=known.chunks,
        metadata=dict(known.metadata),
        notes=("The text is that of its chunks; pages and places on them are not known.",),
    )
