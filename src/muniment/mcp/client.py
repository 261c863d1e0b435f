"""Calls MCP servers, with the protocol's own Python SDK.

Every operation has a connection of its own: nothing is kept between requests, and a server that was started
again is simply called again. The SDK is imported with the first call, since that takes a second.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from muniment.errors import InputError, MunimentError, TimeoutExceededError, UnavailableError
from muniment.mcp.allowed_hosts import AllowedHosts
from muniment.mcp.values import McpResult, McpServer, McpServerInfo, McpTool
from muniment.settings.model import McpSettings
from muniment.types import JsonObject

if TYPE_CHECKING:
    from mcp import Client, Tool

MOST_TOOLS = 256
"""Of one server; a model could not choose among more."""
MOST_PAGES = 20
CUT = "\n[cut off: the tool answered more than {limit} characters]"

Result = TypeVar("Result")
Work = Callable[["Client"], Awaitable[Result]]


class McpClient:
    """Lists and calls the tools of servers whose hosts are allowed.

    Every method raises:
        InputError: ``mcp_host_refused``, ``invalid_mcp_url``, before anything is sent; ``mcp_refused``: the
            server answers with an error of the protocol.
        UnavailableError: ``mcp_unavailable``: it does not answer, or not as an MCP server does.
        TimeoutExceededError: ``mcp_timeout``.
    """

    def __init__(self, settings: McpSettings) -> None:
        self._settings = settings
        self._allowed = AllowedHosts(settings.allow, [one.url for one in settings.servers.values()])

    def check(self, server: McpServer) -> None:
        """That the server may be called; sends nothing."""
        self._allowed.check(server.url)

    async def describe(self, server: McpServer) -> McpServerInfo:
        """What the server says of itself."""

        async def ask(client: "Client") -> McpServerInfo:
            info = client.server_info
            name, version = (info.name, info.version) if info else ("", "")
            return McpServerInfo(name, version, client.instructions or "")

        return await self._with(server, ask)

    async def tools(self, server: McpServer) -> tuple[McpTool, ...]:
        """The tools of the server, at most ``MOST_TOOLS``."""

        async def ask(client: "Client") -> tuple[McpTool, ...]:
            found: list[McpTool] = []
            cursor: str | None = None
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += [_tool(one) for one in page.tools]
                cursor = page.next_cursor
                if cursor is None or len(found) >= MOST_TOOLS:
                    break
            return tuple(found[:MOST_TOOLS])

        return await self._with(server, ask)

    async def call(self, server: McpServer, tool: str, arguments: JsonObject) -> McpResult:
        """What a tool answers; its text is cut at ``mcp.max_result_chars``."""

        async def ask(client: "Client") -> McpResult:
            answer = await client.call_tool(tool, arguments)
            parts = [
                part.model_dump(mode="json", by_alias=True, exclude_none=True) for part in answer.content
            ]
            return McpResult(tuple(parts), self._text(parts), bool(answer.is_error))

        return await self._with(server, ask)

    def _text(self, parts: list[JsonObject]) -> str:
        text = "\n".join(_text_of(part) for part in parts)
        limit = self._settings.max_result_chars
        return text if len(text) <= limit else text[:limit] + CUT.format(limit=limit)

    async def _with(self, server: McpServer, work: Work[Result]) -> Result:
        self.check(server)
        limit = self._settings.timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._connected(server, work)
        except TimeoutError:
            raise TimeoutExceededError(
                f"MCP server {server.label[:80]!r} did not answer within {limit:g} seconds.",
                code="mcp_timeout",
                hint="Try again, or raise `mcp.timeout_s`.",
            ) from None

    async def _connected(self, server: McpServer, work: Work[Result]) -> Result:
        """Do the work over the first way of transport that connects."""
        # In a thread, because it takes a second in which the server would answer nobody.
        await asyncio.to_thread(import_module, "muniment.mcp.transports")
        from muniment.mcp import transports

        ways = [transports.streamable_http, transports.server_sent_events]
        if server.url.rstrip("/").endswith("/sse"):
            ways.reverse()
        failure: Exception | None = None
        is_connected = False
        for way in ways:
            try:
                async with way(server, self._limit_bytes) as client:
                    is_connected = True
                    return await work(client)
            except MunimentError:
                raise
            except Exception as error:  # the SDK lets everything through: HTTP, JSON, anyio, groups of these
                failure = failure or error
                if is_connected:
                    failure = error
                    break
        assert failure is not None
        refused = is_connected and transports.is_refusal(failure)
        raise _told(server, transports.reason(failure), refused=refused) from None

    @property
    def _limit_bytes(self) -> int:
        # JSON escapes a character with at most six bytes, and the protocol may say everything twice.
        return 1_000_000 + 12 * self._settings.max_result_chars


def _tool(tool: "Tool") -> McpTool:
    says = tool.annotations
    return McpTool(tool.name, tool.description or "", tool.input_schema, bool(says and says.read_only_hint))


def _text_of(part: JsonObject) -> str:
    if part.get("type") == "text":
        return str(part.get("text") or "")
    resource = part.get("resource")
    if isinstance(resource, dict) and isinstance(resource.get("text"), str):
        return str(resource["text"])
    return f"[{part.get('type')}]"


def _told(server: McpServer, reason: str, *, refused: bool) -> MunimentError:
    if refused:
        return InputError(
            f"MCP server {server.label[:80]!r} answered with an error: {reason}",
            code="mcp_refused",
            hint="Look at the tool's name and arguments, or ask the server's operator.",
        )
    return UnavailableError(
        f"MCP server {server.label[:80]!r} does not answer as one: {reason}",
        code="mcp_unavailable",
        hint="See that it runs, that the address ends in its path (such as /mcp or /sse), and what "
        "authorization it wants.",
    )
