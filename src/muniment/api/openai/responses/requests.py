"""What a request for a response holds."""

import json
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from muniment.api.openai.body import JsonBody
from muniment.api.wire.documented import Documented
from muniment.mcp.values import McpTool
from muniment.types import JsonObject


def _sendable(value: object) -> object:
    """Python also reads ``NaN`` and halves of characters, which cannot be sent again."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("must be JSON: finite numbers, whole characters, not nested too deep") from error
    return value


StorableJson = Annotated[object, AfterValidator(_sendable)]


class Lenient(Documented):
    """OpenAI's clients send fields that mean nothing here; they are let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Kept(Documented):
    """A shape that is given back as it came, unknown fields and all."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, StorableJson]

    def json_object(self) -> JsonObject:
        """What was sent."""
        return self.model_dump(mode="json", exclude_unset=True, by_alias=True)


# -- input


class InputPart(Kept):
    """A part of a message: `input_text`, `output_text`, `refusal` or `input_image`."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None


class InputMessage(Kept):
    """A message of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[InputPart]


class InputFunctionCall(Kept):
    """A function call that the model made earlier."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str


class InputFunctionCallOutput(Kept):
    """What a function gave."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[InputPart]


class ItemReference(Kept):
    """An item of an earlier response or of the conversation, by its id."""

    type: Literal["item_reference"] | None = None
    id: str


class InputMcpApprovalRequest(Kept):
    """A call of an MCP tool that the server asked the user to approve."""

    type: Literal["mcp_approval_request"]
    id: str
    server_label: str
    name: str
    arguments: str


class InputMcpApprovalResponse(Kept):
    """What the user says to a call of an MCP tool."""

    type: Literal["mcp_approval_response"]
    approval_request_id: str
    approve: bool
    reason: str | None = None


class InputMcpCall(Kept):
    """A call of an MCP tool that the server made earlier."""

    type: Literal["mcp_call"]
    name: str
    arguments: str
    output: str | None = None
    error: JsonBody | str | None = None


class OtherItem(Kept):
    """An item that is kept and given back, but not read: file searches, reasoning and so on."""

    type: str


def item_kind(item: object) -> str:
    """The tag of an input item, sent or parsed."""
    if isinstance(item, BaseModel):
        kind, has_role = getattr(item, "type", None), hasattr(item, "role")
    elif isinstance(item, dict):
        kind, has_role = item.get("type"), "role" in item
    else:
        return "other"
    if kind is None:
        return "message" if has_role else "item_reference"
    known = (
        "message",
        "function_call",
        "function_call_output",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "item_reference",
    )
    return kind if kind in known else "other"


InputItem = Annotated[
    Annotated[InputMessage, Tag("message")]
    | Annotated[InputFunctionCall, Tag("function_call")]
    | Annotated[InputFunctionCallOutput, Tag("function_call_output")]
    | Annotated[InputMcpApprovalRequest, Tag("mcp_approval_request")]
    | Annotated[InputMcpApprovalResponse, Tag("mcp_approval_response")]
    | Annotated[InputMcpCall, Tag("mcp_call")]
    | Annotated[ItemReference, Tag("item_reference")]
    | Annotated[OtherItem, Tag("other")],
    Discriminator(item_kind),
]


# -- tools


class RankingOptions(Kept):
    """How results are ranked; the ranker itself is the server's."""

    score_threshold: float | None = Field(default=None, allow_inf_nan=False)
    """Score below which a passage is not looked at, as in a vector store's search."""


class FileSearchTool(Kept):
    """Search vector stores, and answer from what is found."""

    type: Literal["file_search"]
    vector_store_ids: list[str] = Field(min_length=1, max_length=100)
    filters: JsonBody | None = None
    """As in a vector store's search: comparisons on attributes, joined by `and` and `or`."""
    max_num_results: int | None = Field(default=None, ge=1, le=50)
    """Passages looked at; the first store's own number when omitted."""
    ranking_options: RankingOptions | None = None


class FunctionTool(Kept):
    """A function of the client that the model may call."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: JsonBody | None = None
    strict: bool | None = None


class McpToolFilter(Kept):
    """Some of a server's tools: those that fit in everything that is said."""

    tool_names: list[str] | None = None
    read_only: bool | None = None
    """Whether the server says that the tool changes nothing."""

    def matches(self, tool: McpTool) -> bool:
        """Whether the tool is one of them."""
        by_name = self.tool_names is None or tool.name in self.tool_names
        return by_name and self.read_only in (None, tool.read_only)


def _as_filter(value: object) -> object:
    """Llama Stack and OGX name the tools at once."""
    return {"tool_names": value} if isinstance(value, list) else value


NamedTools = Annotated[McpToolFilter, BeforeValidator(_as_filter)]


class McpApprovalFilter(Kept):
    """Which tools need approval; one that neither names needs it."""

    always: NamedTools | None = None
    never: NamedTools | None = None


_SECRET = ("headers", "authorization")


class McpServerTool(Kept):
    """A server of the Model Context Protocol whose tools the model may call."""

    type: Literal["mcp"]
    server_label: str = Field(min_length=1, max_length=200)
    server_url: str | None = None
    connector_id: str | None = None
    """In place of `server_url`: a server of the settings, or a registered tool group."""
    headers: dict[str, str] | None = None
    """Sent to the server; neither kept nor given back."""
    authorization: str | None = None
    """A token for `Authorization: Bearer`; neither kept nor given back."""
    allowed_tools: list[str] | McpToolFilter | None = None
    """The tools that the model may call; all when omitted."""
    require_approval: Literal["always", "never"] | McpApprovalFilter | None = None
    """Calls the user has to approve. When omitted: `always`; for clients of Llama Stack and OGX: `never`."""

    def json_object(self) -> JsonObject:
        """What was sent, without secrets."""
        return {key: one for key, one in super().json_object().items() if key not in _SECRET}

    def allows(self, tool: McpTool) -> bool:
        """Whether the model may call the tool."""
        if isinstance(self.allowed_tools, list):
            return tool.name in self.allowed_tools
        return self.allowed_tools is None or self.allowed_tools.matches(tool)

    def needs_approval(self, tool: McpTool, *, default: bool) -> bool:
        """Whether a call of the tool has to be approved."""
        asked = self.require_approval
        if asked is None:
            return default
        if not isinstance(asked, McpApprovalFilter):
            return asked == "always"
        if asked.always is not None and asked.always.matches(tool):
            return True
        return asked.never is None or not asked.never.matches(tool)


class OtherTool(Kept):
    """A tool that this server does not have."""

    type: str


def tool_kind(tool: object) -> str:
    """The tag of a tool, sent or parsed."""
    kind = tool.get("type") if isinstance(tool, dict) else getattr(tool, "type", None)
    return str(kind) if kind in ("file_search", "function", "mcp") else "other"


Tool = Annotated[
    Annotated[FileSearchTool, Tag("file_search")]
    | Annotated[FunctionTool, Tag("function")]
    | Annotated[McpServerTool, Tag("mcp")]
    | Annotated[OtherTool, Tag("other")],
    Discriminator(tool_kind),
]


class ToolChoice(Kept):
    """One tool that must be used."""

    type: str
    name: str | None = None
    server_label: str | None = None
    """Of a tool of type `mcp`."""


# -- the rest


class TextFormat(Kept):
    """The form of the text: `text`, `json_object` or `json_schema`."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    schema_: JsonBody | None = Field(default=None, alias="schema")
    strict: bool | None = None


class TextOptions(Kept):
    """What the text shall look like."""

    format: TextFormat | None = None


class PromptVariable(Lenient):
    """A prompt's variable as a content part."""

    type: Literal["input_text"]
    text: str


class PromptReference(Lenient):
    """A kept prompt, which becomes part of the instructions."""

    id: str
    version: str | int | None = None
    """The default version when omitted."""
    variables: dict[str, str | PromptVariable] | None = None


class ConversationReference(Lenient):
    """A conversation by its id."""

    id: str


class Guardrail(Lenient):
    """A shield by its id."""

    type: str


class ResponseRequest(Lenient):
    """A conversation to answer. Other fields of OpenAI are ignored."""

    model: str | None = Field(default=None, examples=["muniment/handbook"])
    """`muniment/<collection>` (with `@<generator>`), which answers from that collection; else a generator or
    language model. The default generator when omitted."""
    input: str | list[InputItem] = Field(default="", examples=["How many days of annual leave do I have?"])
    """The question, or items of which the last user message is the question."""
    instructions: str | None = None
    """How to answer; the rules on evidence stay above it. Not inherited from the previous response."""
    tools: list[Tool] | None = None
    """`file_search`, `function` and `mcp`."""
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    """Whether functions must, may or may not be called; `none` also turns off `file_search`."""
    previous_response_id: str | None = None
    """A kept response that this one continues."""
    conversation: str | ConversationReference | None = None
    """A conversation that this continues, and to which it is added."""
    prompt: PromptReference | None = None
    """A kept prompt, put before the instructions."""
    store: bool | None = None
    """Keep the response; yes unless false."""
    stream: bool | None = None
    """Send events."""
    background: bool | None = None
    """Answer at once with a response in progress, which can be asked for later."""
    metadata: dict[str, str] | None = None
    """Kept with the response."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Of the generator, where it has one."""
    top_p: float | None = Field(default=None, ge=0, le=1)
    """Passed on to a language model that answers without documents or with functions."""
    max_output_tokens: int | None = Field(default=None, ge=16)
    """Longest text."""
    text: TextOptions | None = None
    """`format` is passed on to the language model."""
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    """Shown again."""
    truncation: Literal["auto", "disabled"] | None = None
    """Shown again. What the model has no room for is left out, oldest first, where documents are searched."""
    prompt_cache_key: str | None = None
    """Shown again."""
    include: list[str] | None = None
    """`file_search_call.results` shows what was found; dialects other than OpenAI's show it always."""
    guardrails: list[str | Guardrail] | bool | None = None
    """Shields that judge the question and the answer, as in Llama Stack; `true`, as in OGX, is the first one.
    The text is then sent when it is whole."""
    max_tool_calls: int | None = Field(default=None, ge=1)
    """Most calls of tools that the server makes for the response."""
    parallel_tool_calls: bool | None = None
    """Whether several functions may be called at once."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        given = {"input", "prompt", "previous_response_id", "conversation"} & self.model_fields_set
        if not given:
            raise ValueError("input: Field required")
        return self

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id, however it was given."""
        named = self.conversation
        return named.id if isinstance(named, ConversationReference) else named or None

    @property
    def kept(self) -> bool:
        """Whether the response is kept."""
        return self.store is not False
