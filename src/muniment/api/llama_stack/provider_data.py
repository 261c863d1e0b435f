"""What clients of Llama Stack send in a header for the servers behind: headers for MCP servers."""

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Header

from muniment.api.mcp import McpClientOf, McpGroupsOf
from muniment.errors import InputError
from muniment.mcp.headers import checked_headers
from muniment.mcp.tool_groups import McpToolGroups

ProviderData = Annotated[
    str | None,
    Header(
        alias="X-LlamaStack-Provider-Data",
        description='For MCP servers, as JSON: `{"mcp_headers": {"<url>": {"Authorization": "…"}}}`.',
    ),
]


async def _tool_groups(
    client: McpClientOf, groups: McpGroupsOf, provider_data: ProviderData = None
) -> McpToolGroups:
    return McpToolGroups(client, groups, mcp_headers(provider_data))


McpToolGroupsOf = Annotated[McpToolGroups, Depends(_tool_groups)]


def mcp_headers(provider_data: str | None) -> Mapping[str, Mapping[str, str]]:
    """The headers by address of the server.

    Raises:
        InputError: ``invalid_mcp_headers``.
    """
    if not provider_data:
        return {}
    try:
        given = json.loads(provider_data)
    except ValueError:
        raise _invalid("is no JSON") from None
    by_address = given.get("mcp_headers") or {} if isinstance(given, dict) else None
    if not isinstance(by_address, dict):
        raise _invalid("has no object `mcp_headers`")
    return {address.rstrip("/"): _headers(headers) for address, headers in by_address.items()}


def _headers(given: object) -> dict[str, str]:
    """By name, or as lines ``Name: value`` as early clients send them."""
    if isinstance(given, list) and all(isinstance(line, str) and ":" in line for line in given):
        given = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in given)}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise _invalid("has headers that are no text by name")
    return checked_headers(given)


def _invalid(why: str) -> InputError:
    return InputError(
        f"The header X-LlamaStack-Provider-Data {why}.",
        code="invalid_mcp_headers",
        hint='Such as {"mcp_headers": {"http://127.0.0.1:8000/sse": {"Authorization": "Bearer …"}}}.',
    )
