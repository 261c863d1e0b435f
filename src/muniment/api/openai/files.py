"""Uploaded files."""

import json
import mimetypes
from collections.abc import Mapping
from typing import Annotated, Literal, get_args
from urllib.parse import quote

from fastapi import Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile

from muniment.api.context import DialectOf, ServicesOf, dialect_failures
from muniment.api.dialects.base import Dialect
from muniment.api.openai.body import Body
from muniment.api.openai.listing import After, ListPage, OrderOf, PageQuery
from muniment.api.openai.paging import MAX_LIMIT
from muniment.api.routing import Router
from muniment.api.uploads import on_disk, safe_name, upload_form
from muniment.api.wire.base import Wire
from muniment.types import JsonObject, UploadedFile

router = Router(prefix="/files", tags=["files"])

FilePurpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
PURPOSES = get_args(FilePurpose)

FileIdOf = Annotated[str, Path(description="As uploading, listings and search results give it.")]


class ExpiresAfter(Body):
    """When a file is removed by itself."""

    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(ge=3600, le=2_592_000)


_EXPIRES: TypeAdapter[ExpiresAfter] = TypeAdapter(ExpiresAfter)


class FileWire(Wire):
    """An uploaded file, or that of a document."""

    object: Literal["file"] = "file"
    id: str
    bytes: int
    created_at: int
    """Unix seconds."""
    expires_at: int | None = None
    """Unix seconds; null for never."""
    filename: str
    purpose: str
    status: Literal["processed"] | None = None
    """Not sent in Llama Stack's dialects."""
    status_details: str | None = None
    """Not sent in Llama Stack's dialects."""


class FileList(ListPage[FileWire]):
    """A page of files."""


class DeletedFile(Wire):
    """A file that is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "purpose"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "The file; the part's file name becomes its name.",
                        },
                        "purpose": {"type": "string", "enum": list(PURPOSES)},
                        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
                        "expires_after[seconds]": {
                            "type": "integer",
                            "minimum": 3600,
                            "maximum": 2_592_000,
                            "description": "Seconds until it is removed by itself.",
                        },
                        "expires_after": {
                            "type": "string",
                            "description": "The same two as a JSON object.",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    summary="Upload a file",
    operation_id="upload_file",
    response_model=FileWire,
    openapi_extra=UPLOAD_BODY,
    responses=dialect_failures(400, 403, 413, 501, 503, 507),
)
async def upload_file(request: Request, services: ServicesOf, dialect: DialectOf) -> Response:
    """Keeps the file. It is read when it is attached to a vector store."""
    async with upload_form(request) as form:
        purpose, seconds = _purpose(form), _expires_after_s(form)
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise _invalid("file", None, "missing", "Field required")
        name = safe_name(part.filename or "")
        async with on_disk(part) as path:
            saved = await services.files.save(name, purpose, path, expires_after_s=seconds)
    return _response(saved, dialect)


@router.get(
    "",
    summary="Uploaded files",
    operation_id="list_files",
    response_model=FileList,
    responses=dialect_failures(400, 501, 503),
)
async def list_files(
    services: ServicesOf,
    dialect: DialectOf,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Files of a page.")] = MAX_LIMIT,
    order: OrderOf = "desc",
    after: After = None,
    purpose: Annotated[str | None, Query(description="Only those for this.")] = None,
) -> Response:
    """Newest first unless `order` says otherwise. Files of declared sources are not among them."""
    page = PageQuery(limit, order, after, None).page(
        await services.files.list(), _id, lambda file: purpose is None or file.purpose == purpose
    )
    return page.response(_id, lambda file: _sent(file, dialect))


@router.get(
    "/{file_id}",
    summary="One file",
    operation_id="get_file",
    response_model=FileWire,
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_file(file_id: FileIdOf, services: ServicesOf, dialect: DialectOf) -> Response:
    """Also a document of a declared source has one, whose id search results give."""
    return _response(await services.files.get(file_id), dialect)


@router.delete(
    "/{file_id}",
    summary="Delete an uploaded file",
    operation_id="delete_file",
    responses=dialect_failures(400, 403, 404, 409, 501, 503, 507),
)
async def delete_file(file_id: FileIdOf, services: ServicesOf) -> DeletedFile:
    """It is taken out of every vector store, too."""
    file = await services.files.removable(file_id)
    await services.attachments.remove_everywhere(file.id)
    await services.files.forget(file)
    return DeletedFile(id=file_id)


@router.get(
    "/{file_id}/content",
    summary="A file's bytes",
    operation_id="get_file_content",
    response_class=Response,
    responses={
        **dialect_failures(400, 404, 501, 503, 507),
        200: {
            "description": "The bytes as uploaded, as an attachment of the type its name tells.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def get_file_content(file_id: FileIdOf, services: ServicesOf) -> Response:
    """Always an attachment, so that no browser runs what was uploaded."""
    file = await services.files.get(file_id)
    name = file.filename.rsplit("/", 1)[-1]
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(
        await services.files.content(file_id),
        headers={"Content-Type": media_type, "Content-Disposition": disposition},
    )


def _id(file: UploadedFile) -> str:
    return file.id


def _sent(file: UploadedFile, dialect: Dialect) -> JsonObject:
    hidden = None if dialect.files_have_status else {"status", "status_details"}
    wire = FileWire(
        id=file.id,
        bytes=file.size,
        created_at=file.created_at,
        expires_at=file.expires_at,
        filename=file.filename,
        purpose=file.purpose,
        status="processed",
    )
    return wire.model_dump(exclude=hidden)


def _response(file: UploadedFile, dialect: Dialect) -> Response:
    return JSONResponse(_sent(file, dialect))


def _purpose(form: FormData) -> str:
    purpose = form.get("purpose")
    if purpose is None:
        raise _invalid("purpose", None, "missing", "Field required")
    if purpose not in PURPOSES:
        raise _invalid("purpose", purpose, "literal_error", f"Input should be one of {', '.join(PURPOSES)}")
    return str(purpose)


def _expires_after_s(form: FormData) -> int | None:
    """How long the file is kept, as its form says: in two fields, or in one that holds JSON."""
    bracketed = {key: form[f"expires_after[{key}]"] for key in ("anchor", "seconds") if _has(form, key)}
    written: object = bracketed or form.get("expires_after")
    if written is None or written == "":
        return None
    try:
        asked = _EXPIRES.validate_python(
            written if isinstance(written, Mapping) else json.loads(str(written))
        )
    except (ValidationError, json.JSONDecodeError, RecursionError) as error:
        raise _invalid(
            "expires_after",
            str(written)[:200],
            "value_error",
            "Input should have anchor created_at and seconds from 3600 to 2592000",
        ) from error
    return asked.seconds


def _has(form: FormData, key: str) -> bool:
    return f"expires_after[{key}]" in form


def _invalid(field: str, value: object, kind: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body", field), "msg": message, "input": value}])
