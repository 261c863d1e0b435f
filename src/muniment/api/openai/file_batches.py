"""Files attached to a vector store together."""

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field

from muniment.api.context import DialectOf, ServicesOf, dialect_failures
from muniment.api.openai.body import AttributesBody, Body, FileId
from muniment.api.openai.chunking import ChunkingBody, chunking_of
from muniment.api.openai.listing import PageQueryOf
from muniment.api.openai.store_shapes import (
    FileBatchWire,
    StoreFileList,
    StoreOf,
    batch_response,
    store_file_body,
)
from muniment.api.openai.vector_store_files import AttachFile, StateOf, id_of
from muniment.api.openai.vector_stores import MAX_FILES
from muniment.api.routing import Router
from muniment.errors import InputError

router = Router(prefix="/vector_stores/{vector_store_id}/file_batches", tags=["vector stores"])

BatchId = Annotated[str, Path(description="As making the batch gave it.")]


class CreateBatch(Body):
    """Files to attach: either `file_ids`, or `files` with attributes and chunking of their own."""

    file_ids: list[FileId] | None = Field(default=None, max_length=MAX_FILES)
    files: list[AttachFile] | None = Field(default=None, max_length=MAX_FILES)
    attributes: AttributesBody | None = None
    """For all of `file_ids`."""
    chunking_strategy: ChunkingBody | None = None
    """For all of `file_ids`."""

    @property
    def entries(self) -> list[AttachFile]:
        """The files, each with what holds for it.

        Raises:
            InputError: code ``invalid_batch``: none are named, or in both ways.
        """
        if bool(self.files) == bool(self.file_ids):
            raise InputError(
                "A file batch takes either `file_ids` or `files`, and at least one of them.",
                code="invalid_batch",
                hint='Send {"file_ids": ["file-…"]} or {"files": [{"file_id": "file-…"}]}.',
            )
        return self.files or [
            AttachFile(file_id=file_id, attributes=self.attributes, chunking_strategy=self.chunking_strategy)
            for file_id in self.file_ids or []
        ]


@router.post(
    "",
    summary="Attach several files to a vector store",
    operation_id="create_file_batch",
    response_model=FileBatchWire,
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 507),
)
async def create_file_batch(
    store: StoreOf, asked: CreateBatch, services: ServicesOf, dialect: DialectOf
) -> Response:
    """They are read in the background; ask for the batch until it is not `in_progress` any more."""
    files = [
        (file.file_id, file.attributes or {}, chunking_of(file.chunking_strategy, dialect))
        for file in asked.entries
    ]
    batch = await services.attachments.attach_batch(store.collection, files)
    await services.stores.touch(store.collection)
    return batch_response(batch, store.id, dialect)


@router.get(
    "/{batch_id}",
    summary="One file batch",
    operation_id="get_file_batch",
    response_model=FileBatchWire,
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_file_batch(
    store: StoreOf, batch_id: BatchId, services: ServicesOf, dialect: DialectOf
) -> Response:
    """Its state, and its files by state."""
    return batch_response(await services.attachments.batch(store.collection, batch_id), store.id, dialect)


@router.post(
    "/{batch_id}/cancel",
    summary="Cancel a file batch",
    operation_id="cancel_file_batch",
    response_model=FileBatchWire,
    responses=dialect_failures(400, 403, 404, 501, 503, 507),
)
async def cancel_file_batch(
    store: StoreOf, batch_id: BatchId, services: ServicesOf, dialect: DialectOf
) -> Response:
    """No more of its files are read; those read stay."""
    batch = await services.attachments.cancel_batch(store.collection, batch_id)
    return batch_response(batch, store.id, dialect)


@router.get(
    "/{batch_id}/files",
    summary="The files of a file batch",
    operation_id="list_file_batch_files",
    response_model=StoreFileList,
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_file_batch_files(
    store: StoreOf,
    batch_id: BatchId,
    asked: PageQueryOf,
    services: ServicesOf,
    dialect: DialectOf,
    state: StateOf = None,
) -> Response:
    """Newest first unless `order` says otherwise."""
    files = await services.attachments.batch_files(store.collection, batch_id)
    page = asked.page(files, id_of, lambda file: state is None or file.state == state)
    return page.response(id_of, lambda file: store_file_body(file, store.id, dialect))
