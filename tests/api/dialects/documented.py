"""Whether responses are as the OpenAPI document says."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import jsonschema

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
"""Opens a server and a client of it."""

HEADERS = {
    "0.2.12": {"X-LlamaStack-Client-Version": "0.2.12"},
    "0.2.22": {"X-LlamaStack-Client-Version": "0.2.22"},
    "0.3.5": {"X-LlamaStack-Client-Version": "0.3.5"},
    "ogx": {"X-OGX-Client-Version": "1.5.0"},
}
"""What clients of each dialect send."""


def told(response: httpx.Response) -> str:
    """The message of an error in any dialect's shape, its status checked to be one."""
    assert response.status_code >= 400, response.text
    body = response.json()
    found = body["detail"] if "detail" in body else body["error"].get("message", body["error"].get("detail"))
    return str(found)


async def documented(client: httpx.AsyncClient, response: httpx.Response) -> None:
    """Its status is among those the route can give, and its body is of the shape named there."""
    await response.aread()
    if not hasattr(client, "document"):
        client.document = None  # type: ignore[attr-defined]
        client.document = (await client.get("/openapi.json")).json()  # type: ignore[attr-defined]
    document: dict[str, Any] | None = client.document  # type: ignore[attr-defined]
    if document is None or response.request.url.path == "/openapi.json":
        return
    operation = _operation(document, response.request)
    if operation is None:
        assert response.status_code == 404 or response.request.url.path.startswith("/v1/openai/v1/")
        return
    described = operation["responses"].get(str(response.status_code), operation["responses"].get("default"))
    assert described is not None, (response.request.url.path, response.status_code)
    if response.status_code == 204:
        assert response.content == b""
        return
    schema = {**described["content"]["application/json"]["schema"], "components": document["components"]}
    jsonschema.validate(response.json(), schema)


def _operation(document: dict[str, Any], request: httpx.Request) -> dict[str, Any] | None:
    matching = [
        (template, operations[request.method.lower()])
        for template, operations in document["paths"].items()
        if request.method.lower() in operations
        and re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(template)), request.url.path)
    ]
    return min(matching, key=lambda found: found[0].count("{"))[1] if matching else None
