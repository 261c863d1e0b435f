"""Tools that a request lets the model use."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from muniment.api.openai.body import JsonBody
from muniment.api.openai.responses.shapes import Kept
from muniment.mcp.values import McpTool
from muniment.types import JsonObject


class RankingOptions(Kept):
    """How results are ranked; the ranker itself is the server's."""

    score_threshold: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
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
