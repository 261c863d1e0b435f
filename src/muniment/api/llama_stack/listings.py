"""What OGX can list and this server has none of."""

from typing import Literal

from muniment.api.context import dialect_failures
from muniment.api.routing import Router
from muniment.api.wire.base import Wire

router = Router(tags=["llama stack"])


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


@router.get(
    "/v1alpha/skills", summary="Every skill", operation_id="list_skills", responses=dialect_failures()
)
async def list_skills() -> EmptyPage:
    """Always empty: skills are not offered."""
    return EmptyPage()
