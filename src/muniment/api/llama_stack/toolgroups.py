"""Tool groups: the built-in one, and what clients register."""

from typing import Any

from pydantic import Field

from muniment.api.context import ServicesOf, SettingsOf, dialect_failures
from muniment.api.dialects.base import Tool
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.knowledge_search import TOOL_NAME
from muniment.api.llama_stack.providers import MCP_PROVIDER, RAG_PROVIDER, checked_provider
from muniment.api.llama_stack.rag_documents import Url
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import ConflictError, InputError

router = Router(tags=["llama stack"])

RAG_GROUP = "builtin::rag"
INSERT_TOOL_NAME = "insert_into_memory"

RAG_TOOLS = (
    Tool(INSERT_TOOL_NAME, RAG_GROUP, RAG_PROVIDER, "Insert documents into memory", {}),
    Tool(
        TOOL_NAME,
        RAG_GROUP,
        RAG_PROVIDER,
        "Search for information in a database.",
        {"query": "The query to search for. Can be a natural language sentence or keywords."},
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
    """What of it does not work here."""


class ToolGroupList(Wire):
    """All tool groups."""

    data: tuple[ToolGroup, ...]


def tool_groups(services: Services) -> Kept:
    """All tool groups by id."""
    rag = ToolGroup(identifier=RAG_GROUP, provider_resource_id=RAG_GROUP, provider_id=RAG_PROVIDER)
    return Kept(
        services.resources, "tool group", code="unknown_tool_group", builtin={RAG_GROUP: rag.model_dump()}
    )


@router.post(
    "/v1/toolgroups",
    summary="Register a tool group",
    operation_id="register_toolgroup",
    responses=dialect_failures(400, 404, 409),
)
async def register_toolgroup(
    asked: ToolGroupRequest, services: ServicesOf, settings: SettingsOf
) -> ToolGroup:
    """One with an MCP server is kept with a warning: these routes do not call it."""
    provider = checked_provider(settings, "tool_runtime", asked.provider_id)
    if asked.toolgroup_id == RAG_GROUP:
        return ToolGroup.model_validate(tool_groups(services).builtin[RAG_GROUP])
    if provider != MCP_PROVIDER or asked.mcp_endpoint is None:
        raise InputError(
            f"Tool group {asked.toolgroup_id[:200]!r} cannot be offered by {provider!r}.",
            code="invalid_tool_group",
            hint=f"{RAG_GROUP} is always there; another group needs provider_id {MCP_PROVIDER!r} "
            "and mcp_endpoint.",
        )
    group = ToolGroup(
        identifier=asked.toolgroup_id,
        provider_resource_id=asked.toolgroup_id,
        provider_id=provider,
        mcp_endpoint=McpEndpoint(uri=asked.mcp_endpoint.uri),
        args=asked.args,
        warning="Kept, not connected: its tools are neither listed nor invoked over this API.",
    )
    await tool_groups(services).put(asked.toolgroup_id, group.model_dump())
    return group


@router.get(
    "/v1/toolgroups",
    summary="Every tool group",
    operation_id="list_toolgroups",
    responses=dialect_failures(),
)
async def list_toolgroups(services: ServicesOf) -> ToolGroupList:
    """The built-in one first."""
    kept = await tool_groups(services).list()
    return ToolGroupList(data=tuple(ToolGroup.model_validate(one) for one in kept))


@router.get(
    "/v1/toolgroups/{toolgroup_id:path}",
    summary="One tool group",
    operation_id="get_toolgroup",
    responses=dialect_failures(404),
)
async def get_toolgroup(toolgroup_id: str, services: ServicesOf) -> ToolGroup:
    """By its id."""
    return ToolGroup.model_validate(await tool_groups(services).get(toolgroup_id))


@router.delete(
    "/v1/toolgroups/{toolgroup_id:path}",
    summary="Forget a tool group",
    operation_id="unregister_toolgroup",
    responses=dialect_failures(404, 409),
)
async def unregister_toolgroup(toolgroup_id: str, services: ServicesOf) -> Nothing:
    """The built-in one stays."""
    if toolgroup_id == RAG_GROUP:
        raise ConflictError(f"{RAG_GROUP} is built in.", code="builtin", hint="Leave it; it costs nothing.")
    await tool_groups(services).remove(toolgroup_id)
    return Nothing()
