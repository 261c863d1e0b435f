"""OGX 1, as 1.5.0."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from muniment.api.dialects.base import (
    NO_ROUTE_CODES,
    Attributes,
    DetailBody,
    Dialect,
    FileContentPage,
    FileContentPart,
    FoundChunk,
    MessageBody,
    MessageDetail,
    Problem,
    full_message,
    is_below,
    plain_path,
)
from muniment.api.wire.base import Wire
from muniment.errors import MunimentError
from muniment.settings.model import DialectName
from muniment.types import JsonObject, Store

DETAIL_PATHS = ("/v1/responses", "/v1/prompts", "/v1/conversations", "/v1alpha/file-processors")
"""Routes that leave their errors as FastAPI writes them."""

STORE_PATHS = ("/v1/vector_stores", "/v1/vector-io")
"""Routes on which nothing that was named and is not there is a 404."""

ID_FORMS = MappingProxyType(
    {
        "unknown_file": re.compile(r"file-[0-9a-f]{1,64}"),
        "unknown_conversation": re.compile(r"conv_[0-9a-f]{48}"),
    }
)
"""Ids of another form are refused before they are looked for."""


class OgxFileContentPart(FileContentPart):
    """A piece of a file's text with the fields that hold more when asked for."""

    embedding: None = None
    chunk_metadata: None = None
    metadata: None = None


class OgxFileContentPage(FileContentPage):
    """The text of a file in a vector store."""

    data: tuple[OgxFileContentPart, ...]


CHUNK_METADATA = (
    "chunk_id",
    "document_id",
    "source",
    "created_timestamp",
    "updated_timestamp",
    "chunk_window",
    "chunk_tokenizer",
    "content_token_count",
    "metadata_token_count",
)
"""Keys that are always there, if only with null."""


class EmbeddedChunk(Wire):
    """A chunk that a query found, as OGX shows it."""

    content: str
    chunk_id: str
    metadata: dict[str, Any]
    chunk_metadata: dict[str, Any]
    embedding: tuple[float, ...]
    """The one that was given with the chunk; empty for one made here."""
    embedding_model: str
    embedding_dimension: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Ogx1(Dialect):
    """OpenAI's shapes with errors of its own."""

    family: ClassVar[str] = "ogx-1"

    def status(self, error: MunimentError, path: str) -> int:
        """400 instead of 404 for what is unknown around vector stores, and for ids of the wrong form."""
        if error.status == 404 and error.code not in NO_ROUTE_CODES and is_below(path, *STORE_PATHS):
            return 400
        form, named = ID_FORMS.get(error.code), plain_path(path).split("/")[3:]
        if form and named and not any(form.fullmatch(part) for part in named):
            return 400
        return super().status(error, path)

    def error_body(self, error: MunimentError, path: str, request_id: str) -> BaseModel:
        """``{"error": {"message": …}}``, on some routes ``{"detail": …}``."""
        message = full_message(error)
        if error.code in NO_ROUTE_CODES or is_below(plain_path(path), *DETAIL_PATHS):
            return DetailBody(detail=message)
        return MessageBody(error=MessageDetail(message=message))

    def validation_response(
        self, problems: Sequence[Problem], error: MunimentError, path: str, request_id: str
    ) -> JSONResponse:
        """The problems as Python prints them, in the message."""
        listed = [{"loc": list(p.loc), "msg": p.message, "type": p.kind} for p in problems]
        body = MessageBody(error=MessageDetail(message=str({"errors": listed})))
        return JSONResponse(body.model_dump(), 400)

    def file_content_page(
        self, file_id: str, filename: str, attributes: Attributes, parts: Sequence[str]
    ) -> BaseModel:
        """OpenAI's page; its parts have more fields."""
        return OgxFileContentPage(data=tuple(OgxFileContentPart(text=part) for part in parts))

    def store_metadata(self, store: Store, provider_id: str) -> JsonObject:
        """With the provider, the store's id there, and the embedding model."""
        added = {
            "provider_id": provider_id,
            "provider_vector_store_id": store.id,
            "embedding_model": store.embedding_model,
            "embedding_dimension": str(store.dimension),
        }
        return {**store.metadata, **added}

    def found_chunk(self, chunk: FoundChunk) -> BaseModel:
        """With its embedding's model and size."""
        return EmbeddedChunk(
            content=chunk.content,
            chunk_id=chunk.chunk_id,
            metadata=chunk.metadata,
            chunk_metadata={**dict.fromkeys(CHUNK_METADATA), **(chunk.chunk_metadata or {})},
            embedding=chunk.embedding or (),
            embedding_model=chunk.embedding_model,
            embedding_dimension=chunk.dimension,
        )


OGX_1 = Ogx1(
    name=DialectName.OGX_1,
    version="1.5.0",
    insert_status=204,
    largest_overlap=1.0,
    attaching_waits_s=50.0,
    cut_reason="length",
    keeps_completions=True,
    mcp_needs_approval=False,
    mcp_errors_are_text=True,
    statuses={"unknown_provider": 400, "unknown_store": 400, "unknown_collection": 400},
)
"""The 1.5.0 that was captured; other versions are served as this one."""
