"""Lists in pages, walked with the ids of their first and last items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Depends, Query
from fastapi.responses import JSONResponse

from muniment.api.openai.paging import MAX_LIMIT
from muniment.api.wire.base import Wire
from muniment.errors import InputError
from muniment.types import JsonObject

Item = TypeVar("Item")

Order = Literal["asc", "desc"]

After = Annotated[str | None, Query(description="The last id of the page before.")]
Before = Annotated[str | None, Query(description="The first id of the page after.")]
OrderOf = Annotated[Order, Query(description="By time of creation.")]


class ListPage(Wire, Generic[Item]):
    """A page of a list."""

    object: Literal["list"] = "list"
    data: tuple[Item, ...]
    first_id: str = ""
    """Id of the first item; empty when there is none."""
    last_id: str = ""
    """Id of the last item; pass it as `after` for the next page."""
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """The items of a page, and whether there are more on the side it was walked to."""

    items: tuple[Item, ...]
    has_more: bool

    def response(
        self,
        id_of: Callable[[Item], str],
        sent: Callable[[Item], JsonObject],
    ) -> JSONResponse:
        """The page as it is sent; see ``ListPage``."""
        return JSONResponse(
            {
                "object": "list",
                "data": [sent(item) for item in self.items],
                "first_id": id_of(self.items[0]) if self.items else "",
                "last_id": id_of(self.items[-1]) if self.items else "",
                "has_more": self.has_more,
            }
        )


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page of a list is asked for."""

    limit: int
    order: Order
    after: str | None
    before: str | None

    def page(
        self,
        items: Sequence[Item],
        id_of: Callable[[Item], str],
        keep: Callable[[Item], bool] = lambda _: True,
    ) -> Page[Item]:
        """The page of ``items``, which are oldest first.

        A cursor may stand on an item that is not kept: its state may have changed since the page before.

        Raises:
            InputError: code ``unknown_cursor``.
        """
        ordered = list(items) if self.order == "asc" else list(reversed(items))
        if self.after is not None:
            ordered = ordered[_position(ordered, id_of, self.after, "after") + 1 :]
        if self.before is not None:
            ordered = ordered[: _position(ordered, id_of, self.before, "before")]
        kept = [item for item in ordered if keep(item)]
        backwards = self.before is not None and self.after is None
        shown = kept[-self.limit :] if backwards else kept[: self.limit]
        return Page(tuple(shown), len(kept) > self.limit)


def _position(items: Sequence[Item], id_of: Callable[[Item], str], cursor: str, name: str) -> int:
    for number, item in enumerate(items):
        if id_of(item) == cursor:
            return number
    raise InputError(
        f"{name}: {cursor[:80]!r} is not in this list.",
        code="unknown_cursor",
        hint="Pass the first or last id of another page of the same list; start again if it was deleted.",
    )


async def _page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items of a page.")] = 20,
    order: OrderOf = "desc",
    after: After = None,
    before: Before = None,
) -> PageQuery:
    return PageQuery(limit, order, after, before)


PageQueryOf = Annotated[PageQuery, Depends(_page_query)]
