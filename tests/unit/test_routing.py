"""Routes on demand are the same routes, made later."""

import asyncio
from typing import Annotated, TypeVar

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel

from muniment.api.routing import OnDemandRoute, Router, include

Kind = TypeVar("Kind", bound=APIRouter)


class Item(BaseModel):
    """Something kept."""

    name: str
    size: int = 1


def test_they_answer_refuse_and_are_documented_as_fastapi_would() -> None:
    ours, theirs = FastAPI(), FastAPI()
    include(ours, _filled(Router(tags=["items"])), "/v1")
    include(ours, _filled(Router(tags=["items"])), "/old", in_schema=False)
    theirs.include_router(_filled(APIRouter(tags=["items"])), prefix="/v1")
    theirs.include_router(_filled(APIRouter(tags=["items"])), prefix="/old", include_in_schema=False)

    for method, path in (
        ("GET", "/v1/items/cup?most=3"),
        ("GET", "/v1/items/cup?most=x"),
        ("POST", "/old/items"),
        ("DELETE", "/v1/items"),
        ("GET", "/items/cup"),
    ):
        mine, other = asyncio.run(_asked(ours, method, path)), asyncio.run(_asked(theirs, method, path))
        assert (mine.status_code, mine.json()) == (other.status_code, other.json())
    assert ours.openapi() == theirs.openapi()


def test_a_route_is_analysed_when_it_is_asked_for_and_no_other_is() -> None:
    app = FastAPI()
    include(app, _filled(Router()), "/v1")
    asyncio.run(_asked(app, "GET", "/v1/items/cup"))
    asked, other = (route for route in app.routes if isinstance(route, OnDemandRoute))
    assert "dependant" in vars(asked)
    assert "dependant" not in vars(other)


def test_a_route_of_another_kind_is_refused() -> None:
    router = Router()
    router.add_route("/plain", lambda _: None)
    with pytest.raises(TypeError, match="not a route on demand"):
        include(FastAPI(), router)


def _filled(router: Kind) -> Kind:
    @router.get("/items/{name}")
    async def get_item(name: str, most: Annotated[int, Query(ge=1)] = 1) -> Item:
        """One of them."""
        return Item(name=name, size=most)

    @router.post("/items", status_code=201)
    async def make_item(item: Item) -> Item:
        """Another one."""
        return item

    return router


async def _asked(app: FastAPI, method: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path, json={"name": "cup"} if method == "POST" else None)
