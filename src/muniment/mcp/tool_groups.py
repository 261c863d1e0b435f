"""The tools of MCP servers by the ids of their tool groups."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from muniment.errors import MunimentError, unknown_name
from muniment.mcp.client import McpClient
from muniment.mcp.groups import McpGroups
from muniment.mcp.values import McpResult, McpServer, McpTool
from muniment.types import JsonObject

BUILT_IN = "builtin::rag"
"""The tool group that needs no server."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GroupTool:
    """A tool and where it is."""

    group: str
    server: McpServer
    tool: McpTool


class McpToolGroups:
    """Lists and calls them.

    Args:
        headers: what the client of this request wants sent besides, by the server's address without a slash
            at its end.
    """

    def __init__(
        self,
        client: McpClient,
        groups: McpGroups,
        headers: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._client = client
        self._groups = groups
        self._headers = headers or {}

    async def names(self) -> list[str]:
        """The ids of all groups."""
        return list(await self._groups.all())

    async def tools(self, name: str) -> tuple[GroupTool, ...]:
        """The tools of a group, or the one tool ``group/tool``.

        Raises:
            NotFoundError: ``unknown_tool_group``, ``unknown_tool``.
            MunimentError: as ``McpClient.tools``.
        """
        server = await self._find(name)
        if server is not None:
            return await self._listed(name, server)
        group, _, tool = name.rpartition("/")
        server = await self._find(group) if group else None
        if server is None:
            raise unknown_name("tool group", name[:200], [BUILT_IN, *await self.names()])
        listed = await self._listed(group, server)
        found = tuple(one for one in listed if one.tool.name == tool)
        if not found:
            raise unknown_name("tool", tool[:200], [one.tool.name for one in listed])
        return found

    async def check(self, name: str) -> None:
        """That there is a group ``group``, or one that ``group/tool`` could be of; asks no server.

        Raises:
            NotFoundError: ``unknown_tool_group``.
        """
        known = await self.names()
        if name not in known and name.rpartition("/")[0] not in known:
            raise unknown_name("tool group", name[:200], [BUILT_IN, *known])

    async def all(self) -> tuple[GroupTool, ...]:
        """The tools of all groups; a server that does not answer has none, and the log says so."""
        listed = await asyncio.gather(*(self._listed_or_none(name) for name in await self.names()))
        return tuple(tool for tools in listed for tool in tools)

    async def find(self, name: str) -> GroupTool | None:
        """The tool ``tool`` or ``group/tool``; of several with the same name that of the first group."""
        group, _, _ = name.rpartition("/")
        if group and await self._find(group) is not None:
            return (await self.tools(name))[0]
        return next((one for one in await self.all() if one.tool.name == name), None)

    async def call(self, tool: GroupTool, arguments: JsonObject) -> McpResult:
        """What the tool answers; errors as ``McpClient.call``."""
        return await self._client.call(tool.server, tool.tool.name, arguments)

    async def _find(self, group: str) -> McpServer | None:
        server = await self._groups.find(group)
        if server is None:
            return None
        given = self._headers.get(server.url.rstrip("/"), {})
        return replace(server, headers={**server.headers, **given})

    async def _listed(self, group: str, server: McpServer) -> tuple[GroupTool, ...]:
        return tuple(GroupTool(group, server, tool) for tool in await self._client.tools(server))

    async def _listed_or_none(self, group: str) -> Sequence[GroupTool]:
        try:
            return await self.tools(group)
        except MunimentError as error:
            logger.warning("Tool group %s has no tools for now: %s", group, error.message)
            return ()
