"""MCP servers that have an id: declared in the settings, or registered by clients as tool groups."""

import asyncio
import os

from muniment.catalog.resources import Resources
from muniment.errors import SettingsError
from muniment.mcp.headers import checked_headers
from muniment.mcp.values import McpServer
from muniment.settings.model import McpServerSettings, McpSettings

TOOL_GROUP = "tool_group"
"""Kind of the kept objects; ``mcp_endpoint.uri`` is the server's address."""


class McpGroups:
    """Finds them by id; a declared one goes before a registered one."""

    def __init__(self, settings: McpSettings, resources: Resources) -> None:
        self._declared = settings.servers
        self._resources = resources

    def declared(self) -> dict[str, McpServer]:
        """Those of the settings, by id, without their headers."""
        return {name: McpServer(name, one.url) for name, one in self._declared.items()}

    async def registered(self) -> dict[str, McpServer]:
        """Those that clients have registered, by id."""
        kept = await asyncio.to_thread(self._resources.list, TOOL_GROUP)
        return {one.id: McpServer(one.id, one.body["mcp_endpoint"]["uri"]) for one in kept}

    async def all(self) -> dict[str, McpServer]:
        """All of them by id, without headers."""
        return {**await self.registered(), **self.declared()}

    async def find(self, group: str) -> McpServer | None:
        """The server of that id with its headers, or None.

        Raises:
            SettingsError: the variable that holds its token is not set.
        """
        if group in self._declared:
            declared = self._declared[group]
            return McpServer(group, declared.url, checked_headers(None, _token(group, declared)))
        kept = await asyncio.to_thread(self._resources.get, TOOL_GROUP, group)
        return McpServer(group, kept.body["mcp_endpoint"]["uri"]) if kept else None


def _token(group: str, declared: McpServerSettings) -> str | None:
    if declared.authorization_env is None:
        return None
    token = os.environ.get(declared.authorization_env, "").strip()
    if not token:
        raise SettingsError(
            f"mcp.servers.{group}.authorization_env: {declared.authorization_env} is not set.",
            code="secret_missing",
            hint="Set it where the server is started.",
        )
    return token
