"""OGX's connectors: the MCP servers that stand in the settings."""

from typing import Annotated, Literal

from fastapi import Query

from muniment.api.context import dialect_failures
from muniment.api.dialects.base import ToolDef
from muniment.api.mcp import McpClientOf, McpGroupsOf
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.errors import MunimentError, unknown_name
from muniment.mcp.groups import McpGroups
from muniment.mcp.headers import checked_headers
from muniment.mcp.values import McpServer

router = Router(prefix="/v1alpha/admin/connectors", tags=["llama stack"])

Authorization = Annotated[
    str | None, Query(description="A token for the server, in place of the settings' own.")
]


class Connector(Wire):
    """An MCP server; what it says of itself is null in lists, and when it does not answer."""

    connector_type: Literal["mcp"] = "mcp"
    connector_id: str
    url: str
    server_label: str | None = None
    server_name: str | None = None
    server_description: str | None = None
    server_version: str | None = None


class ConnectorList(Wire):
    """All connectors."""

    data: tuple[Connector, ...]


class ConnectorTools(Wire):
    """The tools of a connector."""

    data: tuple[ToolDef, ...]


@router.get("", summary="Every connector", operation_id="list_connectors", responses=dialect_failures())
async def list_connectors(groups: McpGroupsOf) -> ConnectorList:
    """The servers of `mcp.servers` in the settings; none is asked."""
    declared = groups.declared().items()
    return ConnectorList(
        data=tuple(
            Connector(connector_id=name, url=server.url, server_label=name) for name, server in declared
        )
    )


@router.get(
    "/{connector_id}", summary="One connector", operation_id="get_connector", responses=dialect_failures(404)
)
async def get_connector(
    connector_id: str, groups: McpGroupsOf, client: McpClientOf, authorization: Authorization = None
) -> Connector:
    """With what the server says of itself."""
    server = await _server(groups, connector_id, authorization)
    shown = Connector(connector_id=connector_id, url=server.url, server_label=connector_id)
    try:
        info = await client.describe(server)
    except MunimentError:
        return shown
    said = {"server_name": info.name, "server_description": info.description, "server_version": info.version}
    return shown.model_copy(update=said)


@router.get(
    "/{connector_id}/tools",
    summary="The tools of a connector",
    operation_id="list_connector_tools",
    responses=dialect_failures(400, 404, 503, 504),
)
async def list_connector_tools(
    connector_id: str, groups: McpGroupsOf, client: McpClientOf, authorization: Authorization = None
) -> ConnectorTools:
    """The server is asked for them."""
    server = await _server(groups, connector_id, authorization)
    tools = await client.tools(server)
    return ConnectorTools(
        data=tuple(
            ToolDef(
                toolgroup_id=connector_id,
                name=tool.name,
                description=tool.description,
                input_schema=tool.input_schema,
            )
            for tool in tools
        )
    )


@router.get(
    "/{connector_id}/tools/{tool_name}",
    summary="One tool of a connector",
    operation_id="get_connector_tool",
    responses=dialect_failures(400, 404, 503, 504),
)
async def get_connector_tool(
    connector_id: str,
    tool_name: str,
    groups: McpGroupsOf,
    client: McpClientOf,
    authorization: Authorization = None,
) -> ToolDef:
    """By its name."""
    listed = (await list_connector_tools(connector_id, groups, client, authorization)).data
    for tool in listed:
        if tool.name == tool_name:
            return tool
    raise unknown_name("tool", tool_name[:200], [tool.name for tool in listed])


async def _server(groups: McpGroups, connector_id: str, authorization: str | None) -> McpServer:
    declared = groups.declared()
    if connector_id not in declared:
        raise unknown_name("connector", connector_id[:200], list(declared))
    if authorization:
        given = checked_headers(None, authorization)
        return McpServer(connector_id, declared[connector_id].url, given)
    found = await groups.find(connector_id)
    assert found is not None, "it is declared"
    return found
