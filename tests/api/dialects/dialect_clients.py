"""What clients of each dialect send, and what they are told."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx

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
