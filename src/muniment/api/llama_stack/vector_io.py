"""Chunks given directly, and the chunks that fit a query."""

import logging
from functools import cache
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import Field, RootModel, StrictInt, StrictStr

from muniment.api.context import ServedOf, ServicesOf, dialect_failures
from muniment.api.dialects.base import ChunkWire, Dialect
from muniment.api.dialects.choice import dialect_of, narrowed
from muniment.api.dialects.ogx_1 import EmbeddedChunk
from muniment.api.llama_stack.content import Interleaved, text_of
from muniment.api.llama_stack.retrieved import search_store
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text, json_response
from muniment.api.openai.body import JsonBody
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.errors import InputError
from muniment.retrieve.filters import parse_filter
from muniment.settings import DialectName
from muniment.types import GivenChunk, SearchMode

router = Router(tags=["llama stack"])
logger = logging.getLogger(__name__)

DEFAULT_CHUNKS = 5
MOST_CHUNKS = 1000

Component = Annotated[float, Field(strict=True, ge=-3.4e38, le=3.4e38)]


class ChunkRequest(Asked):
    """A chunk to keep. Without an embedding it is embedded here; without an id it gets one."""

    content: Interleaved
    metadata: Given | None = None
    """Given back with the chunk; strings, numbers and booleans in it can be filtered on."""
    embedding: tuple[Component, ...] | None = None
    chunk_id: StrictInt | Text | None = None
    """A chunk with a known id replaces the earlier. An integer is the same as its decimal digits."""
    stored_chunk_id: StrictInt | Text | None = None
    """An older name of `chunk_id`."""
    chunk_metadata: Given | None = None

    def domain(self, number: int) -> GivenChunk:
        """The chunk; errors as ``text_of``."""
        metadata, chunk_metadata = self.metadata or {}, self.chunk_metadata or {}
        content = text_of(self.content, f"Chunk {number}")
        document_id = str(metadata.get("document_id") or chunk_metadata.get("document_id") or "")
        named = (self.chunk_id, self.stored_chunk_id, chunk_metadata.get("chunk_id"))
        chunk_id = next((str(one) for one in named if one not in (None, "")), "")
        return GivenChunk(
            chunk_id=chunk_id or sha256(f"{document_id}\0{content}".encode()).hexdigest()[:32],
            content=content,
            document_id=document_id,
            metadata=metadata,
            chunk_metadata=chunk_metadata,
            vector=self.embedding or None,
        )


class InsertRequest(Asked):
    """Chunks for a store, which is named by either key."""

    vector_db_id: Text | None = None
    """Llama Stack's key."""
    vector_store_id: Text | None = None
    """OGX's key."""
    chunks: tuple[ChunkRequest, ...]
    ttl_seconds: int | None = None
    """Ignored: chunks stay until their store goes."""


class QueryParams(Asked):
    """How to search."""

    max_chunks: int | None = Field(default=None, ge=1, le=MOST_CHUNKS)
    k: int | None = Field(default=None, ge=1, le=MOST_CHUNKS)
    """Another name of `max_chunks`."""
    mode: StrictStr | None = None
    """`vector` (when omitted), `keyword` or `hybrid`."""
    search_mode: StrictStr | None = None
    """Another name of `mode`."""
    score_threshold: float | None = None
    """Only chunks with at least this score, a probability of being relevant."""
    filters: JsonBody | None = None
    """Only chunks with such metadata; as in a vector store's search."""
    explain: bool = False
    """Muniment's own: `muniment_explanation` in each chunk's metadata says what every stage gave."""


class QueryRequest(Asked):
    """A query to a store, which is named by either key."""

    vector_db_id: Text | None = None
    """Llama Stack's key."""
    vector_store_id: Text | None = None
    """OGX's key."""
    query: Interleaved
    params: QueryParams | None = None


class FoundChunkWire(RootModel[ChunkWire | EmbeddedChunk]):
    """A chunk as Llama Stack or OGX shows it."""


class FoundChunks(Wire):
    """The chunks that fit best, and their scores in the same order."""

    chunks: tuple[FoundChunkWire, ...]
    scores: tuple[float, ...]


@router.post(
    "/v1/vector-io/insert",
    summary="Insert chunks into a store",
    operation_id="insert_chunks",
    response_model=Nothing,
    responses={
        **dialect_failures(400, 404, 413),
        204: {"description": "The same for clients of OGX."},
    },
)
async def insert_chunks(request: Request, asked: InsertRequest, services: ServicesOf) -> Response:
    """They can be found when this answers, and survive a restart."""
    dialect, store_id = _store_id(request, asked)
    if asked.ttl_seconds is not None:
        _tell_of_ttl()
    chunks = [chunk.domain(number) for number, chunk in enumerate(asked.chunks)]
    await services.stores.insert(store_id, chunks)
    return Response(status_code=204) if dialect.insert_status == 204 else json_response(None)


@router.post(
    "/v1/vector-io/query",
    summary="The chunks of a store that fit a query best",
    operation_id="query_chunks",
    response_model=FoundChunks,
    responses=dialect_failures(400, 404, 413, 503, 504),
)
async def query_chunks(request: Request, asked: QueryRequest, workspace: ServedOf) -> Response:
    """Given chunks as they were given, others with their file and page in the metadata."""
    dialect, store_id = _store_id(request, asked)
    params = asked.params or QueryParams()
    mode = search_mode(params.mode or params.search_mode)
    query = text_of(asked.query, "The query")
    limit = params.max_chunks or params.k or DEFAULT_CHUNKS
    filter = parse_filter(params.filters) if params.filters else None
    search = search_store(
        workspace, store_id, query, mode=mode, limit=limit, filter=filter, explained=params.explain
    )
    found = await until_disconnect(request, search)
    if params.score_threshold is not None:
        found = [chunk for chunk in found if chunk.score >= params.score_threshold]
    return json_response(
        {
            "chunks": [dialect.found_chunk(chunk) for chunk in found],
            "scores": [chunk.score for chunk in found],
        }
    )


def search_mode(name: str | None, default: SearchMode = SearchMode.VECTOR) -> SearchMode:
    """The mode of that name.

    Raises:
        InputError: code ``unknown_mode``.
    """
    try:
        return SearchMode(name) if name else default
    except ValueError:
        raise InputError(
            f"Unknown search mode {name!r:.80}.",
            code="unknown_mode",
            hint="Known: vector, keyword, hybrid.",
        ) from None


def _store_id(request: Request, asked: InsertRequest | QueryRequest) -> tuple[Dialect, str]:
    """The request's dialect, now that the body shows it, and the store it names."""
    if asked.vector_store_id is not None:
        return narrowed(request, DialectName.OGX_1), asked.vector_store_id
    dialect = dialect_of(request.scope)
    if asked.vector_db_id is not None:
        if not dialect.name.startswith("llama-stack"):
            dialect = narrowed(request, DialectName.LLAMA_STACK_0_3)
        return dialect, asked.vector_db_id
    key: Literal["vector_store_id", "vector_db_id"]
    key = "vector_store_id" if dialect.name is DialectName.OGX_1 else "vector_db_id"
    problem = {"type": "missing", "loc": ("body", key), "msg": "Field required", "input": {}}
    raise RequestValidationError([problem])


@cache
def _tell_of_ttl() -> None:
    logger.warning(
        "Clients send ttl_seconds with chunks, which is ignored: chunks stay until they are deleted"
    )
