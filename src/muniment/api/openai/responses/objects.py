"""A response and what it is made of, as OpenAI shapes them."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from muniment.api.openai.hits import EvidenceWire
from muniment.api.openai.paging import Paging, page_of
from muniment.api.urls import document_url, page_url
from muniment.api.wire import AnswerWire
from muniment.api.wire.documented import Documented
from muniment.api.wire.documents import SpanWire
from muniment.errors import NotFoundError
from muniment.types import Citation, CitationVerdict, JsonObject

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]


class Sent(Documented):
    """A shape the server sends."""

    model_config = ConfigDict(frozen=True)


class CitationEvidence(EvidenceWire):
    """Where a cited quote stands, and what the server found there."""

    quote: str
    """The document's own words."""
    verdict: CitationVerdict

    @classmethod
    def of_citation(cls, citation: Citation) -> "CitationEvidence":
        """The place a citation points at."""
        return cls(
            collection=citation.collection,
            document_id=citation.document_id,
            chunk_id=str(citation.passage_id),
            page=citation.page,
            spans=tuple(SpanWire.model_validate(span) for span in citation.spans),
            page_url=page_url(citation.collection, citation.document_id, citation.spans),
            document_url=document_url(citation.collection, citation.document_id),
            quote=citation.quote,
            verdict=citation.verdict,
        )


class FileSearchResult(Sent):
    """A passage that was found."""

    attributes: dict[str, str | float | bool]
    file_id: str
    filename: str
    score: float
    """From 0 to 1, as in a vector store's search."""
    text: str
    muniment: EvidenceWire
    """Where it stands."""


class FileSearchCall(Sent):
    """A search of vector stores."""

    id: str
    type: Literal["file_search_call"] = "file_search_call"
    status: Literal["in_progress", "searching", "completed"] = "completed"
    queries: tuple[str, ...]
    results: tuple[FileSearchResult, ...] | None = None


class FileCitation(Sent):
    """A citation that the server has checked and found right."""

    type: Literal["file_citation"] = "file_citation"
    file_id: str
    filename: str
    index: int
    """Where the cited statement ends in the text, in Unicode code points."""
    muniment: CitationEvidence
    """Where the quote stands."""


class OutputText(Sent):
    """The text of a message."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: tuple[FileCitation, ...] = ()
    logprobs: tuple[JsonObject, ...] = ()


class Refusal(Sent):
    """What is said in place of something that a shield objects to."""

    type: Literal["refusal"] = "refusal"
    refusal: str


class OutputMessage(Sent):
    """What the model says."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    content: tuple[OutputText | Refusal, ...]
    muniment: AnswerWire | None = None
    """The whole answer as `POST /v1/answers` gives it; null where no documents were searched or the text
    rests on something else, such as a function's result."""


class FunctionCall(Sent):
    """A function that the client is to call; the next request brings its output."""

    id: str
    type: Literal["function_call"] = "function_call"
    status: Literal["in_progress", "completed"] = "completed"
    call_id: str
    name: str
    arguments: str


class McpListedTool(Sent):
    """A tool of an MCP server."""

    name: str
    description: str | None
    input_schema: JsonObject
    annotations: JsonObject | None = None


class McpListTools(Sent):
    """The tools that an MCP server offers and the request allows."""

    id: str
    type: Literal["mcp_list_tools"] = "mcp_list_tools"
    server_label: str
    tools: tuple[McpListedTool, ...]
    error: str | None = None
    """Why they could not be listed; the response goes on without them."""


class McpExecutionError(Sent):
    """The tool says that it failed."""

    type: Literal["mcp_tool_execution_error"] = "mcp_tool_execution_error"
    content: tuple[JsonObject, ...]


class McpHttpError(Sent):
    """The tool could not be called."""

    type: Literal["http_error"] = "http_error"
    code: int
    message: str


class McpCall(Sent):
    """A call of an MCP server's tool, made by this server."""

    id: str
    type: Literal["mcp_call"] = "mcp_call"
    server_label: str
    name: str
    arguments: str
    output: str | None = None
    error: McpExecutionError | McpHttpError | str | None = None
    """An object for clients of OpenAI, text for others."""
    status: Literal["in_progress", "completed", "failed"]
    approval_request_id: str | None = None


def error_text(error: McpExecutionError | McpHttpError | str) -> str:
    """Why a call failed, in words."""
    if isinstance(error, McpExecutionError):
        return "\n".join(str(part.get("text") or f"[{part.get('type')}]") for part in error.content)
    return error if isinstance(error, str) else error.message


class McpApprovalRequest(Sent):
    """A call that the user has to approve; the next request brings an `mcp_approval_response`."""

    id: str
    type: Literal["mcp_approval_request"] = "mcp_approval_request"
    server_label: str
    name: str
    arguments: str


OutputItem = Annotated[
    Annotated[FileSearchCall, Tag("file_search_call")]
    | Annotated[OutputMessage, Tag("message")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[McpListTools, Tag("mcp_list_tools")]
    | Annotated[McpCall, Tag("mcp_call")]
    | Annotated[McpApprovalRequest, Tag("mcp_approval_request")],
    Discriminator("type"),
]


class ResponseError(Sent):
    """Why a response failed."""

    code: str
    message: str


class IncompleteDetails(Sent):
    """Why a response ended early."""

    reason: str


class InputTokensDetails(Sent):
    """Of the tokens read."""

    cached_tokens: int = 0


class OutputTokensDetails(Sent):
    """Of the tokens written."""

    reasoning_tokens: int = 0


class ResponseUsage(Sent):
    """Tokens as the model counts them, else words and signs as the server does."""

    input_tokens: int
    input_tokens_details: InputTokensDetails = InputTokensDetails()
    output_tokens: int
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()
    total_tokens: int

    def plus(self, other: "ResponseUsage") -> "ResponseUsage":
        """Both together."""
        return ResponseUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
        )


class ConversationId(Sent):
    """The conversation a response belongs to."""

    id: str


class Response(Sent):
    """A model's answer to a conversation."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: Status
    background: bool = False
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    model: str
    output: tuple[OutputItem, ...] = ()
    parallel_tool_calls: bool = True
    previous_response_id: str | None = None
    conversation: ConversationId | None = None
    prompt: JsonObject | None = None
    prompt_cache_key: str | None = None
    reasoning: JsonObject | None = None
    service_tier: str = "default"
    store: bool = True
    temperature: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    text: JsonObject
    tool_choice: str | JsonObject = "auto"
    tools: tuple[JsonObject, ...] = ()
    top_logprobs: int = 0
    top_p: float = 1.0
    truncation: str = "disabled"
    usage: ResponseUsage | None = None
    user: str | None = None
    metadata: dict[str, str] = Field(default={})


class ResponseWithInput(Response):
    """A kept response with the items that were sent for it."""

    input: tuple[JsonObject, ...] = ()


class ResponsePage(Sent):
    """Kept responses."""

    object: Literal["list"] = "list"
    data: tuple[ResponseWithInput, ...]
    has_more: bool
    first_id: str
    last_id: str


class ItemPage(Sent):
    """Items of a response or of a conversation."""

    object: Literal["list"] = "list"
    data: tuple[JsonObject, ...]
    has_more: bool
    first_id: str | None
    last_id: str | None

    @classmethod
    def of(
        cls, items: Sequence[JsonObject], paging: Paging, unknown: Callable[[str], NotFoundError]
    ) -> "ItemPage":
        """A page of items that are oldest first; errors as ``page_of``."""
        page = page_of(items, paging, lambda item: str(item["id"]), unknown)
        first, last = (page.items[0]["id"], page.items[-1]["id"]) if page.items else (None, None)
        return cls(data=page.items, has_more=page.has_more, first_id=first, last_id=last)


class ResponseDeleted(Sent):
    """The response is gone."""

    id: str
    object: Literal["response"] = "response"
    deleted: bool = True
