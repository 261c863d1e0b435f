"""Vector stores: every collection is one, and clients can create more."""

from typing import Literal

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from muniment.api.context import DialectOf, ServicesOf, SettingsOf, dialect_failures
from muniment.api.dialects.base import Dialect
from muniment.api.openai.body import Body, FileId, JsonBody, Title
from muniment.api.openai.chunking import ChunkingBody, chunking_of
from muniment.api.openai.listing import PageQueryOf
from muniment.api.openai.store_shapes import (
    DeletedStore,
    StoreId,
    VectorStoreList,
    VectorStoreWire,
    batch_once_read,
    store_body,
)
from muniment.api.routing import Router
from muniment.settings import Settings
from muniment.types import MetadataValue, Store

router = Router(prefix="/vector_stores", tags=["vector stores"])

MAX_FILES = 2000


class StoreExpiry(Body):
    """When the store is removed by itself."""

    anchor: Literal["last_active_at"] = "last_active_at"
    days: int = Field(ge=1, le=365)


class CreateStore(Body):
    """A vector store to be."""

    name: Title | None = None
    description: Title | None = None
    file_ids: list[FileId] = Field(default=[], max_length=MAX_FILES)
    """Uploaded files to attach at once."""
    chunking_strategy: ChunkingBody | None = None
    """For `file_ids`."""
    expires_after: StoreExpiry | None = None
    metadata: JsonBody | None = None
    embedding_model: Title | None = None
    """Also read from `metadata`; the server's default model when omitted."""
    embedding_dimension: int | None = Field(default=None, ge=1)
    """Checked against the model's; also read from `metadata`."""
    provider_id: str | None = None
    """Accepted for Llama Stack's clients; there is one vector store provider."""


class UpdateStore(Body):
    """What to change; what is left out or null stays."""

    name: Title | None = None
    expires_after: StoreExpiry | None = None
    metadata: JsonBody | None = None


@router.post(
    "",
    summary="Create a vector store",
    operation_id="create_vector_store",
    response_model=VectorStoreWire,
    responses=dialect_failures(400, 403, 404, 409, 413, 501, 503, 507),
)
async def create_vector_store(
    asked: CreateStore, request: Request, services: ServicesOf, settings: SettingsOf, dialect: DialectOf
) -> Response:
    """Empty, or with the files of `file_ids`; the answer waits a while for them to be read."""
    chunking = chunking_of(asked.chunking_strategy, dialect)
    metadata = asked.metadata or {}
    store = await services.stores.create(
        store_id=(asked.name or "") if dialect.names_are_ids else "",
        name=asked.name or "",
        embedding_model=asked.embedding_model or _model_in(metadata),
        dimension=asked.embedding_dimension or _dimension_in(metadata),
        metadata=metadata,
        expires_days=asked.expires_after.days if asked.expires_after else None,
        description=asked.description or "",
    )
    if asked.file_ids:
        nothing: dict[str, MetadataValue] = {}
        files = [(file_id, nothing, chunking) for file_id in asked.file_ids]
        batch = await services.attachments.attach_batch(store.collection, files)
        await batch_once_read(services.attachments, batch, request, dialect)
        store = await services.stores.get(store.id)
    return _response(store, dialect, settings)


@router.get(
    "",
    summary="All vector stores",
    operation_id="list_vector_stores",
    response_model=VectorStoreList,
    responses=dialect_failures(400, 501, 503),
)
async def list_vector_stores(
    asked: PageQueryOf, services: ServicesOf, settings: SettingsOf, dialect: DialectOf
) -> Response:
    """Declared collections and created ones, newest first unless `order` says otherwise."""
    stores = sorted(await services.stores.list(), key=lambda store: store.created_at)
    provider = settings.vector_store.provider
    return asked.page(stores, _id).response(_id, lambda store: store_body(store, dialect, provider))


@router.get(
    "/{vector_store_id}",
    summary="One vector store",
    operation_id="get_vector_store",
    response_model=VectorStoreWire,
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_vector_store(
    vector_store_id: StoreId, services: ServicesOf, settings: SettingsOf, dialect: DialectOf
) -> Response:
    """By id or by name."""
    return _response(await services.stores.get(vector_store_id), dialect, settings)


@router.post(
    "/{vector_store_id}",
    summary="Change a vector store",
    operation_id="update_vector_store",
    response_model=VectorStoreWire,
    responses=dialect_failures(400, 403, 404, 409, 413, 501, 503, 507),
)
async def update_vector_store(
    vector_store_id: StoreId,
    asked: UpdateStore,
    services: ServicesOf,
    settings: SettingsOf,
    dialect: DialectOf,
) -> Response:
    """Name, metadata, expiry. A declared collection is changed in the settings."""
    store = await services.stores.update(
        vector_store_id,
        name=asked.name,
        metadata=asked.metadata,
        expires_days=asked.expires_after.days if asked.expires_after else None,
    )
    return _response(store, dialect, settings)


@router.delete(
    "/{vector_store_id}",
    summary="Delete a vector store",
    operation_id="delete_vector_store",
    responses=dialect_failures(400, 403, 404, 409, 501, 503, 507),
)
async def delete_vector_store(vector_store_id: StoreId, services: ServicesOf) -> DeletedStore:
    """With everything in it; uploaded files themselves stay. A declared collection cannot be deleted
    unless `server.delete_declared` is set.
    """
    store = await services.stores.get(vector_store_id)
    await services.stores.delete(store.id)
    return DeletedStore(id=store.id)


def _id(store: Store) -> str:
    return store.id


def _response(store: Store, dialect: Dialect, settings: Settings) -> Response:
    return JSONResponse(store_body(store, dialect, settings.vector_store.provider))


def _model_in(metadata: JsonBody) -> str | None:
    model = metadata.get("embedding_model")
    return model if isinstance(model, str) and model else None


def _dimension_in(metadata: JsonBody) -> int | None:
    """Newer clients write it as text, because OpenAI's metadata are texts."""
    written = metadata.get("embedding_dimension")
    if isinstance(written, bool) or not isinstance(written, int | str):
        return None
    return int(written) if str(written).isdecimal() else None
