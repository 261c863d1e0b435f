"""What searches found, as chunks that clients can be shown: given ones as they were given."""

from dataclasses import replace

from muniment.api.dialects.base import FoundChunk
from muniment.api.openai.hits import ranked
from muniment.api.wire.evidence import ExplanationWire
from muniment.collections.services import ServedWorkspace
from muniment.retrieve import explain
from muniment.types import Document, Filter, GivenChunk, Passage, SearchMode, file_id_of

EXPLANATION = "muniment_explanation"
"""The key of a chunk's metadata that holds its explanation."""


async def search_store(
    workspace: ServedWorkspace,
    store_id: str,
    query: str,
    *,
    mode: SearchMode,
    limit: int,
    filter: Filter | None = None,
    explained: bool = False,
) -> list[FoundChunk]:
    """The chunks of a store that fit a query best, the store given by id or name.

    Their scores are probabilities of being relevant, which fall with the rank. ``explained`` ones say in
    their metadata what every stage of the search gave, under ``EXPLANATION``.

    Raises:
        NotFoundError: code ``unknown_store``; others as in ``Workspace.search``.
    """
    stores = workspace.services.stores
    collection = await stores.find(store_id)
    result = await workspace.search(collection, query, mode=mode, limit=limit, filter=filter)
    given = await stores.given(collection, [passage.id for passage in result.passages])
    others = sorted({p.document_id for p in result.passages if p.id not in given})
    documents = await stores.documents_of(collection, others) if others else {}
    await stores.touch(collection)
    embedding = stores.embedding_of(collection)
    found = [
        _given(given[passage.id], score, embedding)
        if passage.id in given
        else _of_document(documents.get(passage.document_id), passage, score, embedding)
        for passage, score in ranked([result])
    ]
    if not explained:
        return found
    noted = [ExplanationWire.of(one).model_dump() for one in explain(query, result.passages)]
    return [
        replace(chunk, metadata={**chunk.metadata, EXPLANATION: note})
        for chunk, note in zip(found, noted, strict=True)
    ]


def _given(given: GivenChunk, score: float, embedding: tuple[str, int]) -> FoundChunk:
    return FoundChunk(
        chunk_id=given.chunk_id,
        content=given.content,
        metadata=given.metadata,
        chunk_metadata=given.chunk_metadata or None,
        embedding=given.vector,
        embedding_model=embedding[0],
        dimension=embedding[1],
        score=score,
    )


def _of_document(
    document: Document | None, passage: Passage, score: float, embedding: tuple[str, int]
) -> FoundChunk:
    file_id = file_id_of(document.collection, document.uri) if document else passage.document_id
    document_id = str(passage.metadata.get("document_id") or file_id)
    pages = {"page": passage.chunk.pages[0]} if passage.chunk.pages else {}
    return FoundChunk(
        chunk_id=str(passage.id),
        content=passage.chunk.text,
        metadata={
            "filename": passage.document_name,
            **pages,
            **passage.metadata,
            "document_id": document_id,
            "file_id": file_id,
        },
        chunk_metadata={
            "chunk_id": str(passage.id),
            "document_id": document_id,
            "source": passage.document_name,
            "content_token_count": passage.chunk.tokens,
        },
        embedding=None,
        embedding_model=embedding[0],
        dimension=embedding[1],
        score=score,
    )
