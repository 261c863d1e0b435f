"""Which routes there are, and which version of whom this server speaks as."""

from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from muniment.api.context import DialectOf, dialect_failures
from muniment.api.dialects.base import OLD_OPENAI_PREFIX, is_below
from muniment.api.routing import Router
from muniment.api.wire.base import Wire

router = Router(tags=["llama stack"])

ApiFilter = Annotated[
    Literal["v1", "v1alpha", "v1beta", "deprecated"] | None,
    Query(description="Only routes of this level; all that are not deprecated by default."),
]


class RouteWire(Wire):
    """One route."""

    route: str
    method: str
    provider_types: tuple[str, ...] = ()


class RouteList(Wire):
    """All routes."""

    data: tuple[RouteWire, ...]


class VersionWire(Wire):
    """A version."""

    version: str


class AdminHealth(Wire):
    """The process is alive."""

    status: Literal["OK"] = "OK"


@router.get(
    "/v1/inspect/routes",
    summary="Every route",
    operation_id="inspect_routes",
    responses=dialect_failures(400),
)
@router.get(
    "/v1alpha/admin/inspect/routes",
    summary="Every route",
    operation_id="admin_inspect_routes",
    responses=dialect_failures(400),
)
async def inspect_routes(request: Request, api_filter: ApiFilter = None) -> RouteList:
    """Of all dialects at once, by path."""
    found = [
        RouteWire(route=route.path_format or "", method=method)
        for route in iter_route_contexts(request.app.routes)
        if isinstance(route.original_route, APIRoute) and _passes(route, api_filter)
        for method in route.methods or ()
    ]
    return RouteList(data=tuple(sorted(found, key=lambda one: (one.route, one.method))))


@router.get(
    "/v1/version",
    summary="The version that is spoken",
    operation_id="version",
    responses=dialect_failures(),
)
@router.get(
    "/v1alpha/admin/version",
    summary="The version that is spoken",
    operation_id="admin_version",
    responses=dialect_failures(),
)
async def version(dialect: DialectOf) -> VersionWire:
    """That of the server whose dialect the client is answered in; `/v1/health` has Muniment's own."""
    return VersionWire(version=dialect.version)


@router.get(
    "/v1alpha/admin/health",
    summary="Whether the process is alive",
    operation_id="admin_health",
    responses=dialect_failures(),
)
async def admin_health() -> AdminHealth:
    """As `/v1/health`."""
    return AdminHealth()


def _passes(route: RouteContext, level: str | None) -> bool:
    path = route.path or ""
    deprecated = bool(route.deprecated) or is_below(path, OLD_OPENAI_PREFIX)
    if level == "deprecated":
        return deprecated
    return not deprecated and (level is None or path.startswith(f"/{level}/"))
