"""Headers for MCP servers, as clients give them."""

import re
from collections.abc import Mapping

from muniment.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{0,8000}")
_OF_THE_CONNECTION = ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer")


def checked_headers(headers: Mapping[str, str] | None, authorization: str | None = None) -> dict[str, str]:
    """The headers to send; ``authorization`` is a token, with or without ``Bearer`` before it.

    Raises:
        InputError: ``invalid_mcp_headers``; values are not repeated, because they may be secret.
    """
    given = dict(headers or {})
    if authorization:
        bears = authorization.lower().startswith(("bearer ", "basic "))
        given = {name: value for name, value in given.items() if name.lower() != "authorization"}
        given["Authorization"] = authorization if bears else f"Bearer {authorization}"
    for name, value in given.items():
        if name.lower() in _OF_THE_CONNECTION or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise InputError(
                f"Header {name[:60]!r} cannot be sent to an MCP server.",
                code="invalid_mcp_headers",
                hint="Send headers of printable ASCII characters, and none that belongs to the connection.",
            )
    return given
