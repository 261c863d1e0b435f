"""Invokes tools."""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from muniment.api.context import ServedOf, dialect_failures
from muniment.api.llama_stack.content import text_of
from muniment.api.llama_stack.provider_data import McpToolGroupsOf
from muniment.api.llama_stack.rag_query import SearchConfig, knowledge_search
from muniment.api.llama_stack.rag_tool import (
    RagInsertRequest,
    RagMetadata,
    RagQueryRequest,
    TextItemWire,
    insert_documents,
    missing,
)
from muniment.api.llama_stack.toolgroups import INSERT_TOOL_NAME
from muniment.api.llama_stack.tools import find_tool
from muniment.api.llama_stack.wire import Asked, Given, Text
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.collections.services import ServedWorkspace
from muniment.mcp.tool_groups import GroupTool, McpToolGroups
from muniment.types import JsonObject

router = Router(tags=["llama stack"])

Shape = TypeVar("Shape", bound=BaseModel)


class InvokeRequest(Asked):
    """A call of a tool."""

    tool_name: Text
    kwargs: Given
    """For `knowledge_search`: `query` and `vector_db_ids`; for `insert_into_memory` as in rag-tool/insert."""


class ImageData(Wire):
    """An image as Base64."""

    data: str


class ImageItemWire(Wire):
    """An image."""

    type: str = "image"
    image: ImageData


class ToolResult(Wire):
    """What the tool says."""

    content: tuple[TextItemWire | ImageItemWire, ...]
    error_message: str | None = None
    """How the tool says that it failed."""
    error_code: int | None = None
    """1 for a tool that says that it failed."""
    metadata: RagMetadata | None = None


@router.post(
    "/v1/tool-runtime/invoke",
    summary="Invoke a tool",
    operation_id="invoke_tool",
    responses=dialect_failures(400, 404, 413, 422, 501, 503, 504),
)
async def invoke_tool(
    request: Request, asked: InvokeRequest, workspace: ServedOf, groups: McpToolGroupsOf
) -> ToolResult:
    """One of those that `/v1/tools` lists; one of an MCP server also as `<tool group>/<tool>`."""
    tool = await find_tool(asked.tool_name, groups)
    if isinstance(tool, GroupTool):
        return await until_disconnect(request, _call(groups, tool, asked.kwargs))
    if tool.name == INSERT_TOOL_NAME:
        return await until_disconnect(request, _insert(workspace, asked.kwargs))
    return await until_disconnect(request, _search(workspace, asked.kwargs))


async def _call(groups: McpToolGroups, tool: GroupTool, kwargs: JsonObject) -> ToolResult:
    result = await groups.call(tool, kwargs)
    images = [str(part.get("data") or "") for part in result.content if part.get("type") == "image"]
    shown = tuple(ImageItemWire(image=ImageData(data=data)) for data in images)
    return ToolResult(
        content=(TextItemWire(text=result.text), *shown),
        error_message=result.text if result.is_error else None,
        error_code=1 if result.is_error else None,
    )


async def _insert(workspace: ServedWorkspace, kwargs: dict[str, Any]) -> ToolResult:
    asked = _checked(RagInsertRequest, kwargs)
    store_id = asked.vector_db_id or asked.vector_store_id
    if not store_id:
        raise missing("vector_db_id")
    await insert_documents(workspace.services, store_id, asked.documents, asked.chunk_size_in_tokens)
    return ToolResult(content=(TextItemWire(text=f"{len(asked.documents)} documents can be found now."),))


async def _search(workspace: ServedWorkspace, kwargs: dict[str, Any]) -> ToolResult:
    asked = _checked(RagQueryRequest, {**kwargs, "content": kwargs.get("query", kwargs.get("content"))})
    store_ids = asked.vector_db_ids or asked.vector_store_ids or ()
    query = text_of(asked.content, "The query")
    found = await knowledge_search(workspace, query, store_ids, asked.query_config or SearchConfig())
    content = tuple(TextItemWire(text=text) for text in found.texts)
    return ToolResult(content=content, metadata=RagMetadata.of(found))


def _checked(shape: type[Shape], kwargs: dict[str, Any]) -> Shape:
    try:
        return shape.model_validate(kwargs)
    except ValidationError as error:
        found = [{**one, "loc": ("body", "kwargs", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from None
