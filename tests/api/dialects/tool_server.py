"""Real MCP servers on loopback, made with the protocol's own SDK."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from starlette.types import ASGIApp, Receive, Scope, Send

from prompt_server import PromptServer


@dataclass
class ToolServer:
    """A running server: its address, the calls it has got and the headers they came with."""

    url: str
    calls: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)


@contextmanager
def tool_server(*, sse: bool = False) -> Iterator[ToolServer]:
    """A server with the tools ``stock``, ``shout``, ``fail``, ``slow`` and ``flood``."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        running = ToolServer(f"{address}/{'sse' if sse else 'mcp'}")
        made = _made(running)
        app = made.sse_app() if sse else made.streamable_http_app()
        config = uvicorn.Config(_noting(app, running), log_config=None, timeout_graceful_shutdown=1)
        server = PromptServer(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield running
        finally:
            server.should_exit = True
            thread.join()


def _made(running: ToolServer) -> MCPServer:
    server = MCPServer("warehouse", instructions="Knows what is in stock.")

    @server.tool()
    def stock(item: str) -> str:
        """How many of an item are in stock."""
        running.calls.append(f"stock {item}")
        return f"{item}: 12 in stock"

    @server.tool()
    def shout(text: str) -> str:
        """The text in capitals."""
        running.calls.append(f"shout {text}")
        return text.upper()

    @server.tool()
    def fail() -> str:
        """Always fails."""
        raise ValueError("the shelf fell over")

    @server.tool()
    async def slow(context: Context) -> str:
        """Takes longer than anybody waits."""
        await asyncio.sleep(30)
        return "late"

    @server.tool()
    def flood(megabytes: int) -> str:
        """Says very much."""
        return "x" * (megabytes * 1_000_000)

    return server


def _noting(app: ASGIApp, running: ToolServer) -> ASGIApp:
    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            running.authorizations += [
                value.decode() for name, value in scope["headers"] if name == b"authorization"
            ]
        await app(scope, receive, send)

    return noted
