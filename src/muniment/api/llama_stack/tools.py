"""The tools there are."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import RootModel

from muniment.api.context import DialectOf, dialect_failures
from muniment.api.dialects.base import Dialect, Tool, ToolDef
from muniment.api.dialects.llama_stack_0_2 import ToolResource
from muniment.api.llama_stack.provider_data import McpToolGroupsOf
from muniment.api.llama_stack.providers import MCP_PROVIDER
from muniment.api.llama_stack.toolgroups import RAG_GROUP, RAG_TOOLS
from muniment.api.llama_stack.wire import json_response
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.errors import unknown_name
from muniment.mcp.tool_groups import GroupTool, McpToolGroups

router = Router(tags=["llama stack"])


class ToolWire(RootModel[ToolResource | ToolDef]):
    """A tool; from 0.3 on with a JSON schema."""


class ToolList(Wire):
    """Tools."""

    data: tuple[ToolWire, ...]


@router.get(
    "/v1/tools",
    summary="Every tool",
    operation_id="list_tools",
    response_model=ToolList,
    responses=dialect_failures(400, 404, 503, 504),
)
@router.get(
    "/v1/admin/tools",
    summary="Every tool",
    operation_id="admin_list_tools",
    response_model=ToolList,
    responses=dialect_failures(400, 404, 503, 504),
)
async def list_tools(
    groups: McpToolGroupsOf,
    dialect: DialectOf,
    toolgroup_id: Annotated[str | None, Query(description="Only of this group.")] = None,
) -> Response:
    """Of all groups, or of one. MCP servers are asked; in the list of all, a silent one is left out."""
    return _listed(await _tools(groups, toolgroup_id), dialect)


@router.get(
    "/v1/tool-runtime/list-tools",
    summary="The tools that can be invoked",
    operation_id="list_runtime_tools",
    response_model=ToolList,
    responses=dialect_failures(400, 404, 503, 504),
)
async def list_runtime_tools(
    groups: McpToolGroupsOf,
    dialect: DialectOf,
    tool_group_id: Annotated[str | None, Query(description="Only of this group.")] = None,
) -> Response:
    """Of all groups, or of one. MCP servers are asked; in the list of all, a silent one is left out."""
    return _listed(await _tools(groups, tool_group_id), dialect)


@router.get(
    "/v1/tools/{tool_name:path}",
    summary="One tool",
    operation_id="get_tool",
    response_model=ToolWire,
    responses=dialect_failures(400, 404, 503, 504),
)
async def get_tool(tool_name: str, groups: McpToolGroupsOf, dialect: DialectOf) -> Response:
    """By its name, with or without its group before it."""
    found = await find_tool(tool_name, groups)
    return json_response(dialect.tool(_shown(found) if isinstance(found, GroupTool) else found))


async def find_tool(name: str, groups: McpToolGroups) -> Tool | GroupTool:
    """The tool of that name, ``knowledge_search`` or ``builtin::rag/knowledge_search``: built in, or an MCP
    server's.

    Raises:
        NotFoundError: code ``unknown_tool``.
        MunimentError: as ``McpToolGroups.find``.
    """
    for tool in RAG_TOOLS:
        if name in (tool.name, f"{tool.group}/{tool.name}"):
            return tool
    found = await groups.find(name)
    if found is None:
        known = [tool.name for tool in RAG_TOOLS] + [one.tool.name for one in await groups.all()]
        raise unknown_name("tool", name[:200], known)
    return found


async def _tools(groups: McpToolGroups, group: str | None) -> tuple[Tool, ...]:
    if group is None:
        return (*RAG_TOOLS, *(_shown(one) for one in await groups.all()))
    if group == RAG_GROUP:
        return RAG_TOOLS
    found = tuple(tool for tool in RAG_TOOLS if group == f"{RAG_GROUP}/{tool.name}")
    return found or tuple(_shown(one) for one in await groups.tools(group))


def _shown(found: GroupTool) -> Tool:
    tool = found.tool
    return Tool(tool.name, found.group, MCP_PROVIDER, tool.description, tool.input_schema)


def _listed(tools: tuple[Tool, ...], dialect: Dialect) -> Response:
    return json_response({"data": [dialect.tool(tool) for tool in tools]})
