"""Documents: listing, upload, text, original, page images."""

import re
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.requests import ClientDisconnect

from muniment.api.context import WorkspaceOf, failures
from muniment.api.errors import InvalidRequestError, native_body, reported
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.uploads import on_disk, upload_form, uploaded_files, uploaded_metadata
from muniment.api.wire import DocumentList, DocumentWire, ParsedDocumentWire, UploadFailure, UploadResult
from muniment.types import DocumentState

router = Router(prefix="/v1/collections/{name}/documents", tags=["documents"])

MAX_RANGES = 100
_RANGE = re.compile(r"(\d{1,12})-(\d{1,12})")

DocumentId = Annotated[str, Path(description="As in listings and citations.")]

UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "One or more files; a part's file name becomes the document's.",
                        },
                        "metadata": {
                            "type": "string",
                            "description": "JSON object of strings, numbers and booleans, for all the files.",
                            "examples": ['{"year": 2026}'],
                        },
                    },
                }
            }
        },
    }
}


@router.get(
    "", summary="A collection's documents", operation_id="list_documents", responses=failures(404, 422, 503)
)
async def list_documents(
    name: str,
    workspace: WorkspaceOf,
    state: Annotated[DocumentState | None, Query(description="Only in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str, Query(description="`next_after` of the page before.")] = "",
) -> DocumentList:
    """By name, a page at a time; failed ones with code and hint."""
    found = await workspace.documents(name, state=state, limit=limit + 1, after=after)
    shown = found[:limit]
    return DocumentList(
        documents=tuple(DocumentWire.of(document) for document in shown),
        next_after=shown[-1].name if len(found) > limit else None,
    )


@router.post(
    "",
    status_code=201,
    summary="Upload documents",
    operation_id="upload_documents",
    openapi_extra=UPLOAD_BODY,
    responses={
        **failures(400, 403, 404, 409, 413, 422, 503, 507),
        207: {"model": UploadResult, "description": "Of several files some were not kept; see `failures`."},
    },
)
async def upload_documents(
    name: str, request: Request, response: Response, workspace: WorkspaceOf
) -> UploadResult:
    """Keeps and ingests each file. One that cannot be ingested is in state `failed`, with code and hint.

    A name uploaded before is replaced. When of several files one cannot be kept, the others are all the
    same, and the answer is 207; a single file that cannot be kept has an error of its own.
    """
    await workspace.collection(name)
    documents: list[DocumentWire] = []
    failed: list[UploadFailure] = []
    async with upload_form(request) as form:
        metadata = uploaded_metadata(form)
        files = uploaded_files(form)
        for file_name, part in files:
            try:
                async with on_disk(part) as path:
                    work = workspace.upload(name, file_name, path, metadata)
                    documents.append(DocumentWire.of(await until_disconnect(request, work)))
            except ClientDisconnect:
                raise
            except Exception as error:
                if len(files) == 1:
                    raise
                detail = native_body(reported(error), request.state.request_id).error
                failed.append(UploadFailure(name=file_name, error=detail))
    if failed:
        response.status_code = 207
    return UploadResult(documents=tuple(documents), failures=tuple(failed))


@router.get(
    "/{document_id}", summary="One document", operation_id="get_document", responses=failures(404, 422, 503)
)
async def get_document(name: str, document_id: DocumentId, workspace: WorkspaceOf) -> DocumentWire:
    """Its state, counts and metadata."""
    return DocumentWire.of(await workspace.document(name, document_id))


@router.delete(
    "/{document_id}",
    summary="Remove an uploaded document",
    operation_id="delete_document",
    responses=failures(403, 404, 409, 422, 503, 507),
)
async def delete_document(name: str, document_id: DocumentId, workspace: WorkspaceOf) -> DocumentWire:
    """With everything made from it. Documents of declared sources are removed at the source."""
    return DocumentWire.of(await workspace.delete_document(name, document_id))


@router.get(
    "/{document_id}/text",
    summary="A document as parsed",
    operation_id="get_document_text",
    responses=failures(404, 422, 503),
)
async def get_document_text(name: str, document_id: DocumentId, workspace: WorkspaceOf) -> ParsedDocumentWire:
    """The text that answers quote from, and its blocks with pages and boxes."""
    return ParsedDocumentWire.of(await workspace.parsed(name, document_id))


@router.get(
    "/{document_id}/file",
    summary="The original file",
    operation_id="get_document_file",
    response_class=FileResponse,
    responses={
        **failures(404, 422, 503),
        200: {
            "description": "The bytes as ingested, as an attachment.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def get_document_file(name: str, document_id: DocumentId, workspace: WorkspaceOf) -> Response:
    """Always an attachment of no particular type, so that no browser runs what was uploaded."""
    document = await workspace.document(name, document_id)
    path = await workspace.raw_file(name, document_id)
    file_name = document.name.rsplit("/", 1)[-1]
    return FileResponse(path, media_type="application/octet-stream", filename=file_name)


@router.get(
    "/{document_id}/pages/{page}.png",
    summary="A page with the paragraphs, list items or table rows of the ranges marked",
    operation_id="get_page_image",
    response_class=Response,
    responses={
        **failures(404, 422, 503),
        200: {
            "description": "The page as an image.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def get_page_image(
    name: str,
    document_id: DocumentId,
    page: Annotated[int, Path(ge=1, description="1-based.")],
    workspace: WorkspaceOf,
    range: Annotated[
        list[str] | None,
        Query(
            description="Characters of the parsed text to mark, as START-END; repeatable.", examples=["10-42"]
        ),
    ] = None,
    scale: Annotated[
        float, Query(ge=0.25, le=4, description="Pixels per point of a PDF page; images keep their own.")
    ] = 1.5,
) -> Response:
    """The page drawn from the stored file, with a box around what holds each range on it.

    That is a paragraph, list item or table row; a quote within it is not marked by itself.
    """
    image = await workspace.page_image(name, document_id, page, ranges=_ranges(range or []), scale=scale)
    return Response(image, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def _ranges(texts: list[str]) -> tuple[tuple[int, int], ...]:
    if len(texts) > MAX_RANGES:
        raise InvalidRequestError(f"range: {len(texts)} ranges; at most {MAX_RANGES} are marked.")
    return tuple(_range(text) for text in texts)


def _range(text: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) >= int(match[2]):
        raise InvalidRequestError(
            f"range: {text[:40]!r} is not START-END.", hint="Take it from a citation's span: range=10-42."
        )
    return int(match[1]), int(match[2])
