"""The files of a vector store."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import RootModel

from muniment.api.context import DialectOf, ServicesOf, dialect_failures
from muniment.api.dialects.base import FileContentPage, NamedFileContent
from muniment.api.dialects.ogx_1 import OgxFileContentPage
from muniment.api.openai.body import AttributesBody, Body, FileId
from muniment.api.openai.chunking import ChunkingBody, chunking_of
from muniment.api.openai.listing import PageQueryOf
from muniment.api.openai.store_shapes import (
    DeletedStoreFile,
    FileState,
    StoreFileId,
    StoreFileList,
    StoreFileWire,
    StoreOf,
    file_once_read,
    store_file_body,
    store_file_response,
)
from muniment.api.routing import Router
from muniment.types import StoreFile

router = Router(prefix="/vector_stores/{vector_store_id}/files", tags=["vector stores"])

StateOf = Annotated[FileState | None, Query(alias="filter", description="Only files in this state.")]


class AttachFile(Body):
    """A file to attach."""

    file_id: FileId
    attributes: AttributesBody | None = None
    """Texts, numbers, true or false, on which searches can filter."""
    chunking_strategy: ChunkingBody | None = None


class UpdateFile(Body):
    """Attributes in place of those there are."""

    attributes: AttributesBody


class StoreFileContent(RootModel[FileContentPage | OgxFileContentPage | NamedFileContent]):
    """A file's text in the request's dialect: OpenAI's, OGX's, or Llama Stack's."""


@router.post(
    "",
    summary="Attach a file to a vector store",
    operation_id="attach_file",
    response_model=StoreFileWire,
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 507),
)
async def attach_file(
    store: StoreOf, asked: AttachFile, request: Request, services: ServicesOf, dialect: DialectOf
) -> Response:
    """It is read in the background; ask for it until it is `completed` or `failed`.

    The answer waits for that up to 10 seconds, in Llama Stack's and OGX's dialects up to 50. A file that
    does not exist is attached as failed. One attached before is read anew.
    """
    chunking = chunking_of(asked.chunking_strategy, dialect)
    file = await services.attachments.attach(
        store.collection, asked.file_id, asked.attributes or {}, chunking
    )
    await services.stores.touch(store.collection)
    file = await file_once_read(services.attachments, file, request, dialect)
    return store_file_response(file, store.id, dialect)


@router.get(
    "",
    summary="A vector store's files",
    operation_id="list_vector_store_files",
    response_model=StoreFileList,
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_vector_store_files(
    store: StoreOf,
    asked: PageQueryOf,
    services: ServicesOf,
    dialect: DialectOf,
    state: StateOf = None,
) -> Response:
    """Attached ones, and those of the collection's sources; newest first unless `order` says otherwise."""
    files = await services.attachments.list(store.collection)
    page = asked.page(files, id_of, lambda file: state is None or file.state == state)
    return page.response(id_of, lambda file: store_file_body(file, store.id, dialect))


@router.get(
    "/{file_id}",
    summary="One file of a vector store",
    operation_id="get_vector_store_file",
    response_model=StoreFileWire,
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_vector_store_file(
    store: StoreOf, file_id: StoreFileId, services: ServicesOf, dialect: DialectOf
) -> Response:
    """Its state, and why it failed."""
    file = await services.attachments.get(store.collection, file_id)
    return store_file_response(file, store.id, dialect)


@router.post(
    "/{file_id}",
    summary="Give a file of a vector store other attributes",
    operation_id="update_vector_store_file",
    response_model=StoreFileWire,
    responses=dialect_failures(400, 403, 404, 409, 413, 501, 503, 507),
)
async def update_vector_store_file(
    store: StoreOf,
    file_id: StoreFileId,
    asked: UpdateFile,
    services: ServicesOf,
    dialect: DialectOf,
) -> Response:
    """Searches filter on them at once. Those of a declared source's documents come from there."""
    file = await services.attachments.update(store.collection, file_id, asked.attributes)
    return store_file_response(file, store.id, dialect)


@router.delete(
    "/{file_id}",
    summary="Take a file out of a vector store",
    operation_id="detach_file",
    responses=dialect_failures(400, 403, 404, 409, 501, 503, 507),
)
async def detach_file(store: StoreOf, file_id: StoreFileId, services: ServicesOf) -> DeletedStoreFile:
    """The uploaded file itself stays."""
    await services.attachments.remove(store.collection, file_id)
    return DeletedStoreFile(id=file_id)


@router.get(
    "/{file_id}/content",
    summary="A file's text in a vector store",
    operation_id="get_vector_store_file_content",
    response_model=StoreFileContent,
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_vector_store_file_content(
    store: StoreOf, file_id: StoreFileId, services: ServicesOf, dialect: DialectOf
) -> Response:
    """As it was read: one part for each chunk, in reading order."""
    file = await services.attachments.get(store.collection, file_id)
    chunks = await services.attachments.chunks(store.collection, file_id)
    parts = [hit.chunk.text for hit in sorted(chunks, key=lambda hit: hit.chunk.ordinal)]
    page = dialect.file_content_page(file.file_id, file.filename, file.attributes, parts)
    return JSONResponse(page.model_dump(mode="json"))


def id_of(file: StoreFile) -> str:
    """What lists of files are walked by."""
    return file.file_id
