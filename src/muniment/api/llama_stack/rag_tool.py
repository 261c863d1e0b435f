"""Llama Stack's retrieval tool: documents in, passages for a language model out."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import Field

from muniment.agents.knowledge_search import Findings
from muniment.api.context import ServedOf, ServicesOf, dialect_failures
from muniment.api.llama_stack.content import Interleaved, text_of
from muniment.api.llama_stack.rag_documents import DocumentFile, RagDocument, as_file
from muniment.api.llama_stack.rag_query import SearchConfig, knowledge_search
from muniment.api.llama_stack.wire import Asked, Nothing, Text, json_response
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import DocumentError, NotFoundError
from muniment.types import StaticChunking, StoreFile, StoreFileState

router = Router(tags=["llama stack"])

KIND = "rag_document"
"""Resources that remember which files a store's document is, by store and document id, the latest last."""
SMALLEST_CHUNK = 16
LARGEST_CHUNK = 8192
FIRST_LOOK_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.25


class RagInsertRequest(Asked):
    """Documents for a store, which is named by either key."""

    documents: tuple[RagDocument, ...]
    vector_db_id: Text | None = None
    """The key of 0.2."""
    vector_store_id: Text | None = None
    """The key of 0.3."""
    chunk_size_in_tokens: int = Field(default=512, ge=SMALLEST_CHUNK, le=LARGEST_CHUNK)
    """Tokens of the embedding model; a quarter of it overlaps. Capped at what the model reads."""


class RagQueryRequest(Asked):
    """A query to stores, which are named by either key."""

    content: Interleaved
    vector_db_ids: tuple[Text, ...] | None = None
    """The key of 0.2."""
    vector_store_ids: tuple[Text, ...] | None = None
    """The key of 0.3."""
    query_config: SearchConfig | None = None


class TextItemWire(Wire):
    """A piece of text."""

    type: str = "text"
    text: str


class RagMetadata(Wire):
    """What the results are, best first."""

    document_ids: tuple[str, ...]
    chunks: tuple[str, ...]
    scores: tuple[float, ...]
    vector_db_ids: tuple[str, ...]
    """The stores they are from."""

    @classmethod
    def of(cls, found: Findings) -> "RagMetadata":
        """The shape of what was found."""
        return cls.model_validate(found.metadata)


class RagAnswer(Wire):
    """Text for a language model, and what it was made of."""

    content: tuple[TextItemWire, ...]
    metadata: RagMetadata


@router.post(
    "/v1/tool-runtime/rag-tool/insert",
    summary="Read documents into a store",
    operation_id="rag_insert",
    response_model=Nothing,
    responses=dialect_failures(400, 404, 413, 422),
)
async def rag_insert(request: Request, asked: RagInsertRequest, services: ServicesOf) -> Response:
    """They can be found when this answers. A document whose id is known in the store replaces the earlier."""
    store_id = asked.vector_db_id or asked.vector_store_id
    if not store_id:
        raise missing("vector_db_id")
    await until_disconnect(
        request, insert_documents(services, store_id, asked.documents, asked.chunk_size_in_tokens)
    )
    return json_response(None)


@router.post(
    "/v1/tool-runtime/rag-tool/query",
    summary="What stores hold on a query, as text for a language model",
    operation_id="rag_query",
    responses=dialect_failures(400, 404, 413, 503, 504),
)
async def rag_query(request: Request, asked: RagQueryRequest, workspace: ServedOf) -> RagAnswer:
    """The results with words around them that tell a language model what they are."""
    store_ids = asked.vector_db_ids if asked.vector_db_ids is not None else asked.vector_store_ids
    if store_ids is None:
        raise missing("vector_db_ids")
    query = text_of(asked.content, "The query")
    work = knowledge_search(workspace, query, store_ids, asked.query_config or SearchConfig())
    found = await until_disconnect(request, work)
    content = tuple(TextItemWire(text=text) for text in found.texts)
    return RagAnswer(content=content, metadata=RagMetadata.of(found))


def missing(field: str) -> RequestValidationError:
    """The error for a request without a field that it needs."""
    problem: dict[str, Any] = {"type": "missing", "loc": ("body", field), "msg": "Field required"}
    return RequestValidationError([{**problem, "input": {}}])


async def insert_documents(
    services: Services, store_id: str, documents: Sequence[RagDocument], chunk_tokens: int
) -> None:
    """Read documents into a store; all can be found when this returns.

    Raises:
        NotFoundError: code ``unknown_store``.
        InputError: as ``as_file``, before anything is kept.
        DocumentError: with the code of the first document that could not be read; the others are in.
    """
    collection = await services.stores.find(store_id)
    files = {file.document_id: file for file in map(as_file, documents)}
    chunking = StaticChunking(chunk_tokens, chunk_tokens // 4)
    attached: dict[str, str] = {}
    for file in files.values():
        attached[file.document_id] = await _attach(services, collection, file, chunking)
    ended: dict[str, StoreFile] = {}
    for name, file_id in attached.items():
        stored = await _ended(services, collection, file_id)
        await _settle(services, collection, name, file_id, stored)
        if stored is not None:
            ended[name] = stored
    await services.stores.touch(collection)
    _raise_first_failure(ended)


async def _attach(services: Services, collection: str, file: DocumentFile, chunking: StaticChunking) -> str:
    with tempfile.TemporaryDirectory(prefix="muniment-document-") as folder:
        path = Path(folder) / "document"
        await asyncio.to_thread(path.write_bytes, file.data)
        saved = await services.files.save(file.filename, "assistants", path)
    # Remembered before it is read: a client that goes away and sends it again must not have it twice.
    known = await _files_of(services, collection, file.document_id)
    await _remember(services, collection, file.document_id, [*known, saved.id])
    await services.attachments.attach(collection, saved.id, file.attributes, chunking)
    return saved.id


async def _ended(services: Services, collection: str, file_id: str) -> StoreFile | None:
    """The file once it is read; None when another request replaced it meanwhile."""
    pause = FIRST_LOOK_SECONDS
    while True:
        try:
            stored = await services.attachments.get(collection, file_id)
        except NotFoundError:
            return None
        if stored.state is not StoreFileState.IN_PROGRESS:
            return stored
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def _settle(
    services: Services, collection: str, document_id: str, file_id: str, stored: StoreFile | None
) -> None:
    """Remove the files that the document was before; or the new one, when it could not be read."""
    if stored is None:
        return
    known = await _files_of(services, collection, document_id)
    if file_id not in known:
        return
    place = known.index(file_id)
    completed = stored.state is StoreFileState.COMPLETED
    gone = known[:place] if completed else [file_id]
    await _remember(services, collection, document_id, [one for one in known if one not in gone])
    for one in gone:
        await _forget(services, collection, one)


async def _files_of(services: Services, collection: str, document_id: str) -> list[str]:
    kept = await asyncio.to_thread(services.resources.get, KIND, f"{collection}/{document_id}")
    return list(kept.body["file_ids"]) if kept else []


async def _remember(services: Services, collection: str, document_id: str, file_ids: list[str]) -> None:
    kept = [(f"{collection}/{document_id}", {"file_ids": file_ids})]
    await asyncio.to_thread(lambda: services.resources.add(KIND, kept, parent=collection))


async def _forget(services: Services, collection: str, file_id: str) -> None:
    try:
        await services.attachments.remove(collection, file_id)
        await services.files.forget(await services.files.get(file_id))
    except NotFoundError:
        # Deleted meanwhile, which is what was wanted.
        return


def _raise_first_failure(ended: dict[str, StoreFile]) -> None:
    failed = {name: stored for name, stored in ended.items() if stored.state is not StoreFileState.COMPLETED}
    if not failed:
        return
    name, stored = next(iter(failed.items()))
    raise DocumentError(
        f"{len(failed)} of {len(ended)} documents could not be read. {name!r:.80}: {stored.error}",
        code=stored.error_code or None,
        hint="The others can be found. Mend it and send it again.",
    )
