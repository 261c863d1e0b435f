"""Vector stores, the files in them and batches of these, as OpenAI's routes show them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Path, Request
from fastapi.responses import JSONResponse

from muniment.api.context import ServicesOf
from muniment.api.dialects.base import Dialect
from muniment.api.openai.chunking import ChunkingWire, chunking_wire
from muniment.api.openai.listing import ListPage
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.collections.attachments import Attachments
from muniment.errors import NotFoundError
from muniment.types import FileBatch, FileCounts, JsonObject, Store, StoreFile, StoreFileState

StoreId = Annotated[str, Path(description="A vector store's id, its name, or that of a collection.")]


@dataclass(frozen=True, slots=True)
class NamedStore:
    """A vector store: its collection in the domain, and its id for clients."""

    collection: str
    id: str


async def _named_store(vector_store_id: StoreId, services: ServicesOf) -> NamedStore:
    collection = await services.stores.find(vector_store_id)
    return NamedStore(collection, await services.stores.client_id(collection))


StoreOf = Annotated[NamedStore, Depends(_named_store)]
StoreFileId = Annotated[str, Path(description="A file's id.")]

FileState = Literal["in_progress", "completed", "cancelled", "failed"]
ErrorCode = Literal["server_error", "unsupported_file", "invalid_file"]

Read = TypeVar("Read", StoreFile, FileBatch)

POLL_AFTER_MS = 250
LOOK_AGAIN_S = 0.05


_UNSUPPORTED = ("unsupported_format", "ocr_disabled")
_INVALID = ("document_", "pdf_", "archive_", "image_", "too_many_pages", "file_too_large", "chunk_too_large")


class FileCountsWire(Wire):
    """Files by state."""

    completed: int
    cancelled: int
    failed: int
    in_progress: int
    total: int


class StoreExpiryWire(Wire):
    """When a vector store is removed by itself."""

    anchor: Literal["last_active_at"] = "last_active_at"
    days: int


class VectorStoreWire(Wire):
    """A collection, declared or created."""

    id: str
    object: Literal["vector_store"] = "vector_store"
    created_at: int
    """Unix seconds, like all times here."""
    name: str
    description: str | None = None
    usage_bytes: int
    """Bytes of its files."""
    file_counts: FileCountsWire
    status: Literal["expired", "in_progress", "completed"]
    """`in_progress` while files are being read."""
    expires_after: StoreExpiryWire | None = None
    expires_at: int | None = None
    last_active_at: int | None = None
    metadata: JsonObject
    """As given; Llama Stack's and OGX's dialects add provider and embedding model."""


class VectorStoreList(ListPage[VectorStoreWire]):
    """A page of vector stores."""


class DeletedStore(Wire):
    """A vector store that is gone."""

    id: str
    object: Literal["vector_store.deleted"] = "vector_store.deleted"
    deleted: Literal[True] = True


class FileErrorWire(Wire):
    """Why a file failed."""

    code: ErrorCode
    message: str


class StoreFileWire(Wire):
    """A file in a vector store."""

    id: str
    object: Literal["vector_store.file"] = "vector_store.file"
    attributes: dict[str, str | int | float | bool]
    chunking_strategy: ChunkingWire
    created_at: int
    last_error: FileErrorWire | None = None
    status: FileState
    usage_bytes: int
    vector_store_id: str


class StoreFileList(ListPage[StoreFileWire]):
    """A page of a vector store's files."""


class DeletedStoreFile(Wire):
    """A file that was taken out of a vector store."""

    id: str
    object: Literal["vector_store.file.deleted"] = "vector_store.file.deleted"
    deleted: Literal[True] = True


class FileBatchWire(Wire):
    """Files attached together."""

    id: str
    object: Literal["vector_store.files_batch", "vector_store.file_batch"]
    created_at: int
    vector_store_id: str
    status: FileState
    file_counts: FileCountsWire


def store_body(store: Store, dialect: Dialect, provider_id: str) -> JsonObject:
    """A store as it is sent."""
    days = store.expires_days
    wire = VectorStoreWire(
        id=store.id,
        created_at=store.created_at,
        name=store.name,
        description=store.description or None,
        usage_bytes=store.usage_bytes,
        file_counts=_counts(store.counts),
        status="in_progress" if store.counts.in_progress else "completed",
        expires_after=None if days is None else StoreExpiryWire(days=days),
        expires_at=store.expires_at,
        last_active_at=store.last_active_at,
        metadata=dialect.store_metadata(store, provider_id),
    )
    return wire.model_dump()


def store_file_body(file: StoreFile, store_id: str, dialect: Dialect) -> JsonObject:
    """A file of a store as it is sent."""
    failed = file.state is StoreFileState.FAILED
    wire = StoreFileWire(
        id=file.file_id,
        attributes=file.attributes,
        chunking_strategy=chunking_wire(file.chunking, dialect),
        created_at=file.created_at,
        last_error=FileErrorWire(code=_error_code(file.error_code), message=file.error) if failed else None,
        status=file.state.value,
        usage_bytes=file.size,
        vector_store_id=store_id,
    )
    return wire.model_dump()


def store_file_response(file: StoreFile, store_id: str, dialect: Dialect) -> JSONResponse:
    """The same as a response; while the file is being read it says when to ask again."""
    waiting = file.state is StoreFileState.IN_PROGRESS
    return JSONResponse(store_file_body(file, store_id, dialect), headers=_poll_header(waiting))


def batch_response(batch: FileBatch, store_id: str, dialect: Dialect) -> JSONResponse:
    """A batch as it is sent; while files are being read it says when to ask again."""
    wire = FileBatchWire(
        id=batch.id,
        object=dialect.batch_object,
        created_at=batch.created_at,
        vector_store_id=store_id,
        status=batch.state.value,
        file_counts=_counts(batch.counts),
    )
    waiting = batch.state is StoreFileState.IN_PROGRESS
    return JSONResponse(wire.model_dump(), headers=_poll_header(waiting))


async def file_once_read(
    attachments: Attachments, file: StoreFile, request: Request, dialect: Dialect
) -> StoreFile:
    """The attached file when it has been read, or as it is after the time that the dialect waits."""
    look = partial(attachments.get, file.collection, file.file_id)
    return await until_disconnect(request, _read(file, look, dialect.attaching_waits_s))


async def batch_once_read(
    attachments: Attachments, batch: FileBatch, request: Request, dialect: Dialect
) -> FileBatch:
    """The same for files that were attached together."""
    look = partial(attachments.batch, batch.collection, batch.id)
    return await until_disconnect(request, _read(batch, look, dialect.attaching_waits_s))


async def _read(seen: Read, look: Callable[[], Awaitable[Read]], seconds: float) -> Read:
    """What was attached, looked at again until it is not being read any more."""
    try:
        async with asyncio.timeout(seconds):
            while seen.state is StoreFileState.IN_PROGRESS:
                await asyncio.sleep(LOOK_AGAIN_S)
                seen = await look()
    except (TimeoutError, NotFoundError):
        # Still being read, or taken out meanwhile: either way this is what is known of it.
        return seen
    return seen


def _poll_header(waiting: bool) -> dict[str, str]:
    """OpenAI's client waits as long as this says, a second without it."""
    return {"openai-poll-after-ms": str(POLL_AFTER_MS)} if waiting else {}


def _error_code(code: str) -> ErrorCode:
    if code in _UNSUPPORTED:
        return "unsupported_file"
    return "invalid_file" if code.startswith(_INVALID) else "server_error"


def _counts(counts: FileCounts) -> FileCountsWire:
    return FileCountsWire(
        completed=counts.completed,
        cancelled=counts.cancelled,
        failed=counts.failed,
        in_progress=counts.in_progress,
        total=counts.total,
    )
