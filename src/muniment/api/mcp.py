"""What routes are given to call MCP servers."""

from typing import Annotated

from fastapi import Depends

from muniment.api.context import ServicesOf, SettingsOf
from muniment.mcp.client import McpClient
from muniment.mcp.groups import McpGroups


async def _client(settings: SettingsOf) -> McpClient:
    return McpClient(settings.mcp)


async def _groups(settings: SettingsOf, services: ServicesOf) -> McpGroups:
    return McpGroups(settings.mcp, services.resources)


McpClientOf = Annotated[McpClient, Depends(_client)]
McpGroupsOf = Annotated[McpGroups, Depends(_groups)]
