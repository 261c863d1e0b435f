"""The MCP servers of one response: their tools are listed, offered to the model and called."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from muniment.answer.chat_generator import ToolCall
from muniment.api.openai.responses.asked_tools import McpServerTool
from muniment.errors import MunimentError
from muniment.mcp.client import McpClient
from muniment.mcp.offered import as_function, offered_name
from muniment.mcp.values import McpResult, McpServer, McpTool
from muniment.types import JsonObject

DENIED = "The user did not approve this call."


@dataclass(frozen=True, slots=True)
class UsedServer:
    """A server that the response may use, and what the request says of it."""

    asked: McpServerTool
    server: McpServer
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A server is about to be asked for its tools."""

    label: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The server's tools that the request allows; ``error`` says why there are none."""

    label: str
    tools: tuple[McpTool, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Calling:
    """A tool is about to be called."""

    label: str
    name: str
    arguments: str
    approval_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """The tool that was called last has answered, or could not be called."""

    result: McpResult | None
    error: MunimentError | None = None


@dataclass(frozen=True, slots=True)
class ApprovalWanted:
    """A call waits for the user's approval."""

    label: str
    name: str
    arguments: str


McpStep = Listing | Listed | Calling | Called | ApprovalWanted


@dataclass(frozen=True, slots=True)
class _Offered:
    used: UsedServer
    tool: McpTool


class McpTools:
    """What is known of the servers while a response is made.

    Args:
        before: the items of the conversation; a server whose tools they list is not asked again.
        most_calls: of tools, in all; as many as the model makes when omitted.

    Attributes:
        messages: the calls and their results, as the model is shown them.
        waits: whether a call waits for the user's approval.
    """

    def __init__(
        self,
        client: McpClient,
        servers: Sequence[UsedServer],
        before: Sequence[JsonObject],
        most_calls: int | None = None,
    ) -> None:
        self._client = client
        self._servers = tuple(servers)
        self._before = tuple(before)
        self._left = most_calls
        self._offered: dict[str, _Offered] = {}
        self.messages: list[JsonObject] = []
        self.waits = False

    async def begin(self, taken: Sequence[str] = ()) -> AsyncIterator[McpStep]:
        """List the tools of every server, then make the calls that the user has just approved.

        Args:
            taken: names of the client's functions, which no tool is offered under.
        """
        for used in self._servers:
            known = self._listed_before(used)
            if known is None:
                yield Listing(used.server.label)
                listed = await self._list(used)
                yield listed
                known = listed.tools
            self._offer(used, known, taken)
        for request in approved_requests(self._before):
            call = ToolCall(request["id"], request["name"], request["arguments"])
            for used in self._servers:
                if used.server.label == request["server_label"]:
                    async for step in self._call(used, call, call.name, request["id"]):
                        yield step

    @property
    def functions(self) -> list[JsonObject]:
        """The tools as functions of a chat; none when no more calls may be made."""
        if self._left is not None and self._left <= 0:
            return []
        return [as_function(name, one.tool) for name, one in self._offered.items()]

    def is_own(self, call: ToolCall) -> bool:
        """Whether the call is one of a server's tools."""
        return call.name in self._offered

    def offered_as(self, label: str, name: str | None) -> str | None:
        """The name under which a server's tool is offered; of its first tool when no tool is named."""
        for offered, one in self._offered.items():
            if one.used.server.label == label and name in (None, one.tool.name):
                return offered
        return None

    async def calls(self, calls: Sequence[ToolCall], said: str) -> AsyncIterator[McpStep]:
        """Make the calls that need no approval; ask for the others."""
        for call in calls:
            offered = self._offered[call.name]
            tool = offered.tool
            if self._left is not None and self._left <= 0:
                continue
            if offered.used.asked.needs_approval(tool, default=offered.used.needs_approval):
                self.waits = True
                yield ApprovalWanted(offered.used.server.label, tool.name, call.arguments)
                continue
            async for step in self._call(offered.used, call, tool.name, said=said):
                yield step
            said = ""

    async def _list(self, used: UsedServer) -> Listed:
        try:
            tools = await self._client.tools(used.server)
        except MunimentError as error:
            return Listed(used.server.label, (), f"{error.message} {error.hint}")
        return Listed(used.server.label, tuple(tool for tool in tools if used.asked.allows(tool)))

    def _listed_before(self, used: UsedServer) -> tuple[McpTool, ...] | None:
        """The tools as an earlier response listed them, where that is in the conversation."""
        for item in reversed(self._before):
            is_list = item.get("type") == "mcp_list_tools" and not item.get("error")
            if is_list and item.get("server_label") == used.server.label:
                listed = item.get("tools")
                tools = [_tool_of(tool) for tool in (listed if isinstance(listed, list) else ())]
                return tuple(tool for tool in tools if tool and used.asked.allows(tool))
        return None

    def _offer(self, used: UsedServer, tools: Sequence[McpTool], taken: Sequence[str]) -> None:
        for tool in tools:
            name = offered_name(tool, used.server.label, {*taken, *self._offered})
            if name is not None:
                self._offered[name] = _Offered(used, tool)

    async def _call(
        self, used: UsedServer, call: ToolCall, name: str, request_id: str | None = None, said: str = ""
    ) -> AsyncIterator[McpStep]:
        yield Calling(used.server.label, name, call.arguments, request_id)
        if self._left is not None:
            self._left -= 1
        called = await self._answer(used.server, name, call.arguments)
        self.messages += called_messages(call, answer_text(called), said)
        yield called

    async def _answer(self, server: McpServer, name: str, written: str) -> Called:
        try:
            arguments = json.loads(written or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            text = f"The arguments of {name!r} are no JSON object; nothing was called."
            return Called(McpResult(({"type": "text", "text": text},), text, is_error=True))
        try:
            return Called(await self._client.call(server, name, arguments))
        except MunimentError as error:
            return Called(None, error)


def answer_text(called: Called) -> str:
    """What the model is told of a call."""
    if called.result is not None:
        return f"Error: {called.result.text}" if called.result.is_error else called.result.text
    return f"Error: {called.error.message}" if called.error else ""


def called_messages(call: ToolCall, answer: str, said: str = "") -> list[JsonObject]:
    """A call and its answer as chat messages."""
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    made = {"id": call.id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": said or None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": call.id, "content": answer},
    ]


def approved_requests(items: Sequence[JsonObject]) -> list[JsonObject]:
    """The calls that the user has approved and nobody has made yet, in their order."""
    answers = {item["approval_request_id"]: item for item in items if _is(item, "mcp_approval_response")}
    made = {item.get("approval_request_id") for item in items if _is(item, "mcp_call")}
    return [
        item
        for item in items
        if _is(item, "mcp_approval_request")
        and item["id"] in answers
        and answers[item["id"]]["approve"]
        and item["id"] not in made
    ]


def _is(item: JsonObject, kind: str) -> bool:
    return item.get("type") == kind


def _tool_of(tool: object) -> McpTool | None:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
        return None
    schema, says = tool.get("input_schema"), tool.get("annotations")
    read_only = isinstance(says, dict) and says.get("readOnlyHint") is True
    described = str(tool.get("description") or "")
    return McpTool(tool["name"], described, schema if isinstance(schema, dict) else {}, read_only)
