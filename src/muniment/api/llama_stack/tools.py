"""The tools there are."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import RootModel

from muniment.api.context import DialectOf, ServicesOf, dialect_failures
from muniment.api.dialects.base import Dialect, Tool, ToolDef
from muniment.api.dialects.llama_stack_0_2 import ToolResource
from muniment.api.llama_stack.toolgroups import RAG_GROUP, RAG_TOOLS, tool_groups
from muniment.api.llama_stack.wire import json_response
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import unknown_name

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
    responses=dialect_failures(404),
)
@router.get(
    "/v1/admin/tools",
    summary="Every tool",
    operation_id="admin_list_tools",
    response_model=ToolList,
    responses=dialect_failures(404),
)
async def list_tools(
    services: ServicesOf,
    dialect: DialectOf,
    toolgroup_id: Annotated[str | None, Query(description="Only of this group.")] = None,
) -> Response:
    """Of all groups, or of one."""
    return _listed(await _tools(services, toolgroup_id), dialect)


@router.get(
    "/v1/tool-runtime/list-tools",
    summary="The tools that can be invoked",
    operation_id="list_runtime_tools",
    response_model=ToolList,
    responses=dialect_failures(404),
)
async def list_runtime_tools(
    services: ServicesOf,
    dialect: DialectOf,
    tool_group_id: Annotated[str | None, Query(description="Only of this group.")] = None,
) -> Response:
    """Of all groups, or of one."""
    return _listed(await _tools(services, tool_group_id), dialect)


@router.get(
    "/v1/tools/{tool_name:path}",
    summary="One tool",
    operation_id="get_tool",
    response_model=ToolWire,
    responses=dialect_failures(404),
)
async def get_tool(tool_name: str, dialect: DialectOf) -> Response:
    """By its name, with or without its group before it."""
    return json_response(dialect.tool(find_tool(tool_name)))


def find_tool(name: str) -> Tool:
    """The tool of that name, ``knowledge_search`` or ``builtin::rag/knowledge_search``.

    Raises:
        NotFoundError: code ``unknown_tool``.
    """
    for tool in RAG_TOOLS:
        if name in (tool.name, f"{tool.group}/{tool.name}"):
            return tool
    raise unknown_name("tool", name[:200], [tool.name for tool in RAG_TOOLS])


async def _tools(services: Services, group: str | None) -> tuple[Tool, ...]:
    if group is None or group == RAG_GROUP:
        return RAG_TOOLS
    if group.startswith(f"{RAG_GROUP}/"):
        return (find_tool(group),)
    await tool_groups(services).get(group)
    return ()


def _listed(tools: tuple[Tool, ...], dialect: Dialect) -> Response:
    return json_response({"data": [dialect.tool(tool) for tool in tools]})
