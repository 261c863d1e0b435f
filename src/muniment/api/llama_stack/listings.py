"""What OGX can list and this server has none of."""

from typing import Literal

from muniment.api.context import dialect_failures
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.errors import unknown_name

router = Router(tags=["llama stack"])
openai_router = Router(tags=["llama stack"])
"""Below ``/v1`` and ``/v1/openai/v1``."""


class EmptyPage(Wire):
    """A page of a list that is always empty."""

    object: Literal["list"] = "list"
    data: tuple[str, ...] = ()
    first_id: None = None
    last_id: None = None
    has_more: Literal[False] = False


class EmptyList(Wire):
    """A list that is always empty."""

    data: tuple[str, ...] = ()


@openai_router.get(
    "/batches", summary="Every batch of requests", operation_id="list_batches", responses=dialect_failures()
)
async def list_batches() -> EmptyPage:
    """Always empty: batches are not offered."""
    return EmptyPage()


@router.get(
    "/v1alpha/skills", summary="Every skill", operation_id="list_skills", responses=dialect_failures()
)
async def list_skills() -> EmptyPage:
    """Always empty: skills are not offered."""
    return EmptyPage()


@router.get(
    "/v1alpha/admin/connectors",
    summary="Every connector",
    operation_id="list_connectors",
    responses=dialect_failures(),
)
async def list_connectors() -> EmptyList:
    """Always empty: name an MCP server in the request instead."""
    return EmptyList()


async def get_connector(connector_id: str) -> None:
    """There is none."""
    raise unknown_name("connector", connector_id[:200], [])


async def get_connector_tool(connector_id: str, tool_name: str) -> None:
    """There is none."""
    await get_connector(connector_id)


for place, endpoint, name in (
    ("", get_connector, "get_connector"),
    ("/tools", get_connector, "list_connector_tools"),
    ("/tools/{tool_name}", get_connector_tool, "get_connector_tool"),
):
    router.add_api_route(
        f"/v1alpha/admin/connectors/{{connector_id}}{place}",
        endpoint,
        summary="One connector, or its tools (there are none)",
        operation_id=name,
        status_code=404,
        response_model=None,
        responses=dialect_failures(404),
    )
