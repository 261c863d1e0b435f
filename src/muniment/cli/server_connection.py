"""Requests to a running server; its errors come back as what they were there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from muniment.cli.remote_errors import broken_off, error_of, error_of_body, unreachable

Shape = TypeVar("Shape", bound=BaseModel)

CONNECT_SECONDS = 5.0


class ServerConnection:
    """Connections to the server at ``url``.

    Args:
        url: the server's root, such as ``http://127.0.0.1:8321``.
        transport: how to reach it; over the network when None.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        self.url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False, transport=transport)

    async def get(
        self, path: str, shape: type[Shape], parameters: dict[str, str | int] | None = None
    ) -> Shape:
        """The object at the path; errors as in ``send``."""
        response = await self.send("GET", path, params=parameters)
        return shape.model_validate_json(response.content)

    async def send(
        self, method: str, path: str, *, accepted: tuple[int, ...] = (200, 201), **options: Any
    ) -> httpx.Response:
        """The response to a request.

        Raises:
            MunimentError: what the server answered, when its status is not among ``accepted``.
            UnavailableError: code ``server_unreachable``.
        """
        try:
            response = await self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise unreachable(self.url) from error
        if response.status_code not in accepted:
            raise error_of(response)
        return response

    async def events(self, path: str, asked: BaseModel) -> AsyncIterator[tuple[str, str]]:
        """Names and data of server-sent events; an ``error`` among them is raised."""
        async with self._stream(path, asked) as response:
            name = ""
            try:
                async for line in response.aiter_lines():
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data" and name == "error":
                        raise error_of_body(value, response.status_code)
                    elif field == "data":
                        yield name, value
            except httpx.HTTPError as error:
                raise broken_off(self.url) from error

    @asynccontextmanager
    async def _stream(self, path: str, asked: BaseModel) -> AsyncIterator[httpx.Response]:
        request = self._client.build_request("POST", path, json=asked.model_dump(mode="json"))
        try:
            response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise unreachable(self.url) from error
        try:
            if response.status_code != 200:
                await response.aread()
                raise error_of(response)
            yield response
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the connections; the server runs on."""
        await self._client.aclose()
