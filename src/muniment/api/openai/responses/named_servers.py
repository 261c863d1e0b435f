"""The MCP servers that a request names, by address or by id."""

from collections.abc import Sequence

from muniment.api.openai.responses.asked_tools import McpServerTool
from muniment.api.openai.responses.mcp_tools import UsedServer
from muniment.errors import InputError, unknown_name
from muniment.mcp.client import McpClient
from muniment.mcp.groups import McpGroups
from muniment.mcp.headers import checked_headers
from muniment.mcp.values import McpServer


class NamedServers:
    """Finds servers, and that they may be called.

    Args:
        needs_approval: whether calls need approval where the request does not say.
    """

    def __init__(self, client: McpClient, groups: McpGroups, *, needs_approval: bool) -> None:
        self._client = client
        self._groups = groups
        self._needs_approval = needs_approval

    async def find(self, tools: Sequence[McpServerTool]) -> tuple[UsedServer, ...]:
        """The servers of the tools.

        Raises:
            InputError: ``mcp_host_refused``, ``invalid_mcp_url``, ``invalid_mcp_headers``; two servers with
                the same label, or one without an address.
            NotFoundError: ``unknown_connector``.
        """
        labels = [tool.server_label for tool in tools]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            raise InputError(
                f"Two MCP servers have the label {twice[:80]!r}.",
                hint="Give each a `server_label` of its own.",
            )
        return tuple([UsedServer(tool, await self._server(tool), self._needs_approval) for tool in tools])

    async def _server(self, tool: McpServerTool) -> McpServer:
        headers = checked_headers(tool.headers, tool.authorization)
        if tool.server_url:
            server = McpServer(tool.server_label, tool.server_url, headers)
        elif tool.connector_id:
            found = await self._groups.find(tool.connector_id)
            if found is None:
                known = list(await self._groups.all())
                raise unknown_name("connector", tool.connector_id[:200], known, code="unknown_connector")
            server = McpServer(tool.server_label, found.url, {**found.headers, **headers})
        else:
            raise InputError(
                f"MCP server {tool.server_label[:80]!r} has no address.",
                hint="Give `server_url`, or `connector_id` of a server in the settings.",
            )
        self._client.check(server)
        return server
