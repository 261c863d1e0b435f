"""Tool groups: the built-in one, and what clients register."""

from typing import Any

from pydantic import Field

from muniment.agents.tools import SEARCH_TOOL
from muniment.agents.values import KNOWLEDGE_SEARCH
from muniment.api.context import ServicesOf, SettingsOf, dialect_failures
from muniment.api.dialects.base import Tool
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.providers import MCP_PROVIDER, RAG_PROVIDER, checked_provider
from muniment.api.llama_stack.rag_documents import Url
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.mcp import McpClientOf, McpGroupsOf
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import ConflictError, InputError, MunimentError
from muniment.mcp.client import McpClient
from muniment.mcp.groups import McpGroups
from muniment.mcp.values import McpServer
from muniment.types import JsonObject

router = Router(tags=["llama stack"])

RAG_GROUP = "builtin::rag"
INSERT_TOOL_NAME = "insert_into_memory"

RAG_TOOLS = (
    Tool(INSERT_TOOL_NAME, RAG_GROUP, RAG_PROVIDER, "Insert documents into memory", None),
    Tool(
        KNOWLEDGE_SEARCH,
        RAG_GROUP,
        RAG_PROVIDER,
        SEARCH_TOOL["function"]["description"],
        SEARCH_TOOL["function"]["parameters"],
    ),
)


class ToolGroupRequest(Asked):
    """A tool group to be."""

    toolgroup_id: Text = Field(min_length=1)
    provider_id: Text
    """One that `/v1/providers` lists for `tool_runtime`."""
    mcp_endpoint: Url | None = None
    args: Given | None = None


class McpEndpoint(Wire):
    """Where an MCP server is."""

    uri: str


class ToolGroup(Wire):
    """A group of tools."""

    identifier: str
    provider_resource_id: str
    provider_id: str
    type: str = "tool_group"
    mcp_endpoint: McpEndpoint | None = None
    args: dict[str, Any] | None = None
    warning: str | None = None
    """When it was registered: why its server does not answer."""


class ToolGroupList(Wire):
    """All tool groups."""

    data: tuple[ToolGroup, ...]


def tool_groups(services: Services, groups: McpGroups) -> Kept:
    """All tool groups by id: the built-in one, those of the settings, those registered."""
    rag = ToolGroup(identifier=RAG_GROUP, provider_resource_id=RAG_GROUP, provider_id=RAG_PROVIDER)
    declared = {name: _mcp_group(name, server.url) for name, server in groups.declared().items()}
    builtin = {name: one.model_dump() for name, one in {RAG_GROUP: rag, **declared}.items()}
    return Kept(services.resources, "tool group", code="unknown_tool_group", builtin=builtin)


def _mcp_group(identifier: str, uri: str, args: JsonObject | None = None) -> ToolGroup:
    return ToolGroup(
        identifier=identifier,
        provider_resource_id=identifier,
        provider_id=MCP_PROVIDER,
        mcp_endpoint=McpEndpoint(uri=uri),
        args=args,
    )


@router.post(
    "/v1/toolgroups",
    summary="Register a tool group",
    operation_id="register_toolgroup",
    responses=dialect_failures(400, 404, 409),
)
async def register_toolgroup(
    asked: ToolGroupRequest,
    services: ServicesOf,
    settings: SettingsOf,
    client: McpClientOf,
    groups: McpGroupsOf,
) -> ToolGroup:
    """One whose MCP server does not answer is kept, and a warning says so: it may be started later."""
    provider = checked_provider(settings, "tool_runtime", asked.provider_id)
    kept = tool_groups(services, groups)
    if asked.toolgroup_id in kept.builtin:
        return ToolGroup.model_validate(kept.builtin[asked.toolgroup_id])
    if provider != MCP_PROVIDER or asked.mcp_endpoint is None:
        raise InputError(
            f"Tool group {asked.toolgroup_id[:200]!r} cannot be offered by {provider!r}.",
            code="invalid_tool_group",
            hint=f"{RAG_GROUP} is always there; another group needs provider_id {MCP_PROVIDER!r} "
            "and mcp_endpoint.",
        )
    server = McpServer(asked.toolgroup_id, asked.mcp_endpoint.uri)
    client.check(server)
    group = _mcp_group(asked.toolgroup_id, server.url, asked.args)
    await kept.put(asked.toolgroup_id, group.model_dump())
    return group.model_copy(update={"warning": await _silence(client, server)})


async def _silence(client: McpClient, server: McpServer) -> str | None:
    """Why the server does not answer; None when it does."""
    try:
        await client.describe(server)
    except MunimentError as error:
        return f"{error.message} {error.hint}"
    return None


@router.get(
    "/v1/toolgroups",
    summary="Every tool group",
    operation_id="list_toolgroups",
    responses=dialect_failures(),
)
async def list_toolgroups(services: ServicesOf, groups: McpGroupsOf) -> ToolGroupList:
    """The built-in one first, then those of the settings."""
    kept = await tool_groups(services, groups).list()
    return ToolGroupList(data=tuple(ToolGroup.model_validate(one) for one in kept))


@router.get(
    "/v1/toolgroups/{toolgroup_id:path}",
    summary="One tool group",
    operation_id="get_toolgroup",
    responses=dialect_failures(404),
)
async def get_toolgroup(toolgroup_id: str, services: ServicesOf, groups: McpGroupsOf) -> ToolGroup:
    """By its id."""
    return ToolGroup.model_validate(await tool_groups(services, groups).get(toolgroup_id))


@router.delete(
    "/v1/toolgroups/{toolgroup_id:path}",
    summary="Forget a tool group",
    operation_id="unregister_toolgroup",
    responses=dialect_failures(404, 409),
)
async def unregister_toolgroup(toolgroup_id: str, services: ServicesOf, groups: McpGroupsOf) -> Nothing:
    """The built-in one and those of the settings stay."""
    kept = tool_groups(services, groups)
    if toolgroup_id in kept.builtin:
        raise ConflictError(
            f"{toolgroup_id} is built in, or stands in the settings.",
            code="builtin",
            hint="Leave it, or take it out of `mcp.servers`.",
        )
    await kept.remove(toolgroup_id)
    return Nothing()
