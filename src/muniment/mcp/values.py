"""MCP servers, their tools and what these answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from muniment.types import JsonObject


@dataclass(frozen=True, slots=True)
class McpServer:
    """A server that can be called.

    Attributes:
        label: what it is called in messages.
        headers: sent with every request; they may hold secrets and are never shown.
    """

    label: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool of a server.

    Attributes:
        input_schema: the JSON schema of what it takes.
        read_only: the server says that it changes nothing.
    """

    name: str
    description: str
    input_schema: JsonObject
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class McpResult:
    """What a tool answered.

    Attributes:
        content: the parts as the protocol has them.
        text: their text; what is no text is named by its type.
        is_error: the tool says that it failed, and the text says how.
    """

    content: tuple[JsonObject, ...]
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class McpServerInfo:
    """What a server says of itself."""

    name: str
    version: str
    description: str
