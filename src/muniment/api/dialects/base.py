"""What a dialect is: the shapes and statuses in which it differs from the others on the same routes.

A route builds domain values and asks the request's dialect for the shape. A difference that is one value is
a field, any other is a method; its default here is OpenAI's own way where OpenAI has one.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from muniment.api.wire.base import Wire
from muniment.errors import MunimentError
from muniment.settings.model import DialectName
from muniment.types import JsonObject, Store

Attributes = Mapping[str, str | float | bool]
"""What a client noted about a file in a vector store."""

OLD_OPENAI_PREFIX = "/v1/openai/v1"
"""Where Llama Stack 0.2 has OpenAI's routes; they are the same ones as below ``/v1``."""

UNDECLARED_VARIABLES = "undeclared_variables"
"""Code of the error for a prompt that uses variables it does not declare."""

NO_ROUTE_CODES = frozenset({"unknown_route", "method_not_allowed"})


@dataclass(frozen=True)
class Problem:
    """One reason why a request does not have the route's shape.

    Args:
        loc: where, such as ``("body", "chunks", 0, "content")``.
        message: what is wrong, in pydantic's words.
        kind: pydantic's name of the reason, such as ``missing``.
    """

    loc: tuple[int | str, ...]
    message: str
    kind: str


class ProblemWire(Wire):
    """A problem as FastAPI lists it."""

    loc: tuple[int | str, ...]
    msg: str
    type: str

    @classmethod
    def of(cls, problem: Problem) -> "ProblemWire":
        """The shape of a problem."""
        return cls(loc=problem.loc, msg=problem.message, type=problem.kind)


class ProblemList(Wire):
    """All problems of one request."""

    errors: tuple[ProblemWire, ...]


class DetailBody(Wire):
    """FastAPI's plain error body: Llama Stack's, and OGX's on some routes."""

    detail: str | ProblemList


class InvalidBody(Wire):
    """Llama Stack's body for a request that does not have the route's shape."""

    error: DetailBody


class MessageDetail(Wire):
    """An error that is only told."""

    message: str


class MessageBody(Wire):
    """OGX's error body, and that of Llama Stack's streams."""

    error: MessageDetail


class FileContentPart(Wire):
    """A piece of a file's text."""

    type: Literal["text"] = "text"
    text: str


class FileContentPage(Wire):
    """The text of a file in a vector store."""

    object: Literal["vector_store.file_content.page"] = "vector_store.file_content.page"
    data: tuple[FileContentPart, ...]
    has_more: bool = False
    next_page: str | None = None


class NamedFileContent(Wire):
    """The text of a file in a vector store, in Llama Stack's shape."""

    file_id: str
    filename: str
    attributes: dict[str, Any]
    content: tuple[FileContentPart, ...]


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk that a query found.

    Attributes:
        chunk_metadata: None when there is none to show.
        embedding: the one the client gave with the chunk; None when it was made here.
        embedding_model, dimension: of the store it is in.
    """

    chunk_id: str
    content: str
    metadata: JsonObject
    chunk_metadata: JsonObject | None
    embedding: tuple[float, ...] | None
    embedding_model: str
    dimension: int
    score: float


class ChunkWire(Wire):
    """A chunk that a query found, as Llama Stack shows it."""

    content: str
    metadata: dict[str, Any]
    embedding: tuple[float, ...] | None
    """The one that was given with the chunk; null for one made here."""
    chunk_id: str
    chunk_metadata: dict[str, Any] | None


class VectorDb(Wire):
    """A collection as a vector db."""

    identifier: str
    provider_resource_id: str
    provider_id: str
    type: Literal["vector_db"] = "vector_db"
    owner: None = None
    embedding_model: str
    embedding_dimension: int


class NamedVectorDb(VectorDb):
    """A collection as a vector db whose id is not its name."""

    source: Literal["via_register_api", "listed_from_config"]
    vector_db_name: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that can be invoked; ``input_schema`` is the JSON schema of what it takes, None for nothing."""

    name: str
    group: str
    provider: str
    description: str
    input_schema: JsonObject | None


class ToolDef(Wire):
    """A tool with the JSON schema of what it takes."""

    toolgroup_id: str | None
    name: str
    description: str | None
    input_schema: dict[str, Any] | None
    output_schema: None = None
    metadata: None = None


def full_message(error: MunimentError) -> str:
    """Message and hint, for bodies that have one field for both."""
    return f"{error.message} {error.hint}".strip()


def plain_path(path: str) -> str:
    """The path with OpenAI's old prefix taken off."""
    return f"/v1{path[len(OLD_OPENAI_PREFIX) :]}" if is_below(path, OLD_OPENAI_PREFIX) else path


def is_below(path: str, *places: str) -> bool:
    """Whether the path is one of the places, or below one."""
    return any(path == place or path.startswith(f"{place}/") for place in places)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dialect(ABC):
    """How one version of one server speaks.

    Args:
        name: its name in the settings.
        version: what ``/v1/version`` reports.
        statuses: HTTP statuses by error code, where they are not the error's own.
        route_statuses: the same for routes below a path (without OpenAI's old prefix); these come first.
        insert_status: of ``/v1/vector-io/insert``: 200 has the body ``null``, 204 none.
        names_are_ids: whether a store's id is the name it was created with, rather than a new ``vs_…``.
        files_have_status: whether file objects have ``status`` and ``status_details``.
        shows_auto_chunking: whether a file attached without a strategy shows ``{"type": "auto"}``,
            rather than the static sizes in force.
        always_shows_results: whether a response shows what its file searches found without being asked.
        largest_overlap: of chunks of a fixed size, as a share of that size; with 1 it must stay below it.
        attaching_waits_s: seconds that attaching files waits for them to be read; what takes longer is
            still in progress in the answer.
        cut_reason: why a response is incomplete whose text reached its longest.
        batch_object: what a file batch calls itself.
        keeps_completions: whether a chat completion is kept when the request does not say so with ``store``.
        shows_deleted_items: whether deleting a conversation's item answers with the item that is gone, rather
            than with the conversation.
        tool_arguments_are_text: whether agents' tool calls have arguments as JSON text, not as an object.
        mcp_needs_approval: whether calls of MCP tools need the user's approval when the request does not say.
        mcp_errors_are_text: whether the error of an MCP call is text, rather than an object.
        streams_end_with_done: whether ``[DONE]`` ends a stream of chunks; clients of Llama Stack up to 0.3
            take it for a chunk and fail.
    """

    family: ClassVar[str]

    name: DialectName
    version: str
    statuses: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    route_statuses: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    insert_status: Literal[200, 204] = 200
    names_are_ids: bool = False
    files_have_status: bool = True
    shows_auto_chunking: bool = False
    always_shows_results: bool = True
    largest_overlap: float = 0.5
    attaching_waits_s: float = 10.0
    cut_reason: Literal["max_output_tokens", "length"] = "max_output_tokens"
    batch_object: Literal["vector_store.files_batch", "vector_store.file_batch"] = "vector_store.files_batch"
    keeps_completions: bool = False
    shows_deleted_items: bool = False
    tool_arguments_are_text: bool = False
    mcp_needs_approval: bool = True
    mcp_errors_are_text: bool = False
    streams_end_with_done: bool = True

    def status(self, error: MunimentError, path: str) -> int:
        """The HTTP status of an error on a path."""
        for place, statuses in self.route_statuses.items():
            if error.code in statuses and is_below(plain_path(path), place):
                return statuses[error.code]
        return self.statuses.get(error.code, error.status)

    def vector_db(self, store: Store, provider: str) -> VectorDb:
        """A collection as a vector db of a provider."""
        own = VectorDb(
            identifier=store.id,
            provider_resource_id=store.id,
            provider_id=provider,
            embedding_model=store.embedding_model,
            embedding_dimension=store.dimension,
        )
        if self.names_are_ids:
            return own
        return NamedVectorDb(
            **own.model_dump(),
            source="listed_from_config" if store.declared else "via_register_api",
            vector_db_name=store.name,
        )

    def found_chunk(self, chunk: FoundChunk) -> BaseModel:
        """A chunk that a query found."""
        return ChunkWire(
            content=chunk.content,
            metadata=chunk.metadata,
            embedding=chunk.embedding,
            chunk_id=chunk.chunk_id,
            chunk_metadata=chunk.chunk_metadata,
        )

    def tool(self, tool: Tool) -> BaseModel:
        """A tool in a listing."""
        return ToolDef(
            toolgroup_id=tool.group,
            name=tool.name,
            description=tool.description,
            input_schema=tool.input_schema,
        )

    @abstractmethod
    def error_body(self, error: MunimentError, path: str, request_id: str) -> BaseModel:
        """The body of an error on a path."""

    def error_response(self, error: MunimentError, path: str, request_id: str) -> JSONResponse:
        """Status and body of an error on a path."""
        body = self.error_body(error, path, request_id)
        return JSONResponse(body.model_dump(), self.status(error, path))

    def validation_response(
        self, problems: Sequence[Problem], error: MunimentError, path: str, request_id: str
    ) -> JSONResponse:
        """What a request is told that does not have the route's shape.

        Args:
            problems: everything that is wrong, for dialects that list it.
            error: the same in words.
        """
        return JSONResponse(self.error_body(error, path, request_id).model_dump(), 400)

    def stream_error(self, error: MunimentError) -> BaseModel:
        """The data of the event that ends a stream which broke off."""
        return MessageBody(error=MessageDetail(message=full_message(error)))

    def search_query(self, queries: Sequence[str]) -> str | list[str]:
        """``search_query`` of a page of search results."""
        return list(queries)

    def store_metadata(self, store: Store, provider_id: str) -> JsonObject:
        """``metadata`` of a vector store: what its maker gave, and what the server adds.

        Args:
            provider_id: of what keeps the vectors.
        """
        return store.metadata

    def file_content_page(
        self, file_id: str, filename: str, attributes: Attributes, parts: Sequence[str]
    ) -> BaseModel:
        """The text of a file in a vector store, one part for each chunk."""
        return FileContentPage(data=tuple(FileContentPart(text=part) for part in parts))


@dataclass(frozen=True, kw_only=True, eq=False)
class DetailDialect(Dialect):
    """A server that leaves its errors as FastAPI writes them; every Llama Stack does.

    Args:
        provider_store_key: the key in a store's metadata of its id at the provider.
    """

    largest_overlap: float = 1.0
    attaching_waits_s: float = 50.0
    keeps_completions: bool = True
    shows_deleted_items: bool = True
    mcp_needs_approval: bool = False
    mcp_errors_are_text: bool = True
    provider_store_key: str = "provider_vector_store_id"

    def error_body(self, error: MunimentError, path: str, request_id: str) -> BaseModel:
        """``{"detail": …}``."""
        if error.code == UNDECLARED_VARIABLES:
            problem = ProblemWire(loc=(), msg=f"Value error, {full_message(error)}", type="value_error")
            return DetailBody(detail=ProblemList(errors=(problem,)))
        return DetailBody(detail=full_message(error))

    def validation_response(
        self, problems: Sequence[Problem], error: MunimentError, path: str, request_id: str
    ) -> JSONResponse:
        """``{"error": {"detail": {"errors": […]}}}``."""
        listed = ProblemList(errors=tuple(ProblemWire.of(problem) for problem in problems))
        return JSONResponse(InvalidBody(error=DetailBody(detail=listed)).model_dump(mode="json"), 400)

    def search_query(self, queries: Sequence[str]) -> str | list[str]:
        """Plain text."""
        return " ".join(queries)

    def store_metadata(self, store: Store, provider_id: str) -> JsonObject:
        """With the provider and the store's id there."""
        added = {"provider_id": provider_id, self.provider_store_key: store.id}
        return {**store.metadata, **added}

    def file_content_page(
        self, file_id: str, filename: str, attributes: Attributes, parts: Sequence[str]
    ) -> BaseModel:
        """The parts below the file's own fields."""
        content = tuple(FileContentPart(text=part) for part in parts)
        return NamedFileContent(
            file_id=file_id, filename=filename, attributes=dict(attributes), content=content
        )
