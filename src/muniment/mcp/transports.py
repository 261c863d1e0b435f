"""The two ways to an MCP server over HTTP. Importing this imports the SDK."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CONNECTION_CLOSED

from muniment.mcp.values import McpServer

# What goes wrong is told by our own errors; the SDK would log each failure with a traceback as well.
logging.getLogger("mcp").setLevel(logging.CRITICAL)
logging.getLogger("client").setLevel(logging.CRITICAL)


class TooMuchSentError(Exception):
    """The server sends more than is taken."""


class _LimitedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for piece in self._stream:
            taken += len(piece)
            if taken > self._limit:
                raise TooMuchSentError(f"it sent more than {self._limit} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _LimitedTransport(httpx2.AsyncHTTPTransport):
    """Reads no more than so many bytes of any response."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _LimitedStream(response.stream, self._limit)
        return response


def _http_client(headers: Mapping[str, str], limit: int) -> httpx2.AsyncClient:
    # Without limits in time, because whoever connects has one for everything together. No proxy and no
    # .netrc of the environment: the settings alone decide who is called.
    transport = _LimitedTransport(limit)
    return httpx2.AsyncClient(headers=dict(headers), timeout=None, trust_env=False, transport=transport)


@asynccontextmanager
async def streamable_http(server: McpServer, limit: int) -> AsyncGenerator[Client, None]:
    """A connection over streamable HTTP, on which no response has more bytes than ``limit``."""
    async with _http_client(server.headers, limit) as http:
        transport = streamable_http_client(server.url, http_client=http, max_sse_event_size=limit)
        async with Client(transport) as client:
            yield client


@asynccontextmanager
async def server_sent_events(server: McpServer, limit: int) -> AsyncGenerator[Client, None]:
    """The same over the protocol's older transport, on which everything is one response."""

    def http(
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        return _http_client(headers or {}, limit)

    transport = sse_client(server.url, headers=dict(server.headers), httpx_client_factory=http)
    async with Client(transport, mode="legacy") as client:
        yield client


def is_refusal(error: BaseException) -> bool:
    """Whether the server answered, with an error of the protocol."""
    leaf = _leaf(error)
    return isinstance(leaf, MCPError) and leaf.code != CONNECTION_CLOSED


def reason(error: BaseException) -> str:
    """Why it failed, in a few words."""
    leaf = _leaf(error)
    return " ".join((str(leaf) or type(leaf).__name__).split())[:300]


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
