"""Lists in pages, from behind an id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from muniment.errors import NotFoundError

Item = TypeVar("Item")
Order = Literal["asc", "desc"]

MAX_LIMIT = 10_000
"""Entries of the largest page; clients ask for a thousand to have everything."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is wanted: at most ``limit`` behind ``after``, and before ``before``."""

    after: str | None = None
    before: str | None = None
    limit: int = 20
    order: Order = "desc"


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, and whether more comes behind it."""

    items: tuple[Item, ...]
    has_more: bool


def page_of(
    items: Sequence[Item],
    paging: Paging,
    id_of: Callable[[Item], str],
    unknown: Callable[[str], NotFoundError],
) -> Page[Item]:
    """The wanted part of ``items``, which are oldest first.

    Raises:
        NotFoundError: as ``unknown`` makes it, when ``after`` or ``before`` is not among the items.
    """
    ordered = list(items) if paging.order == "asc" else list(reversed(items))
    places = {id_of(item): place for place, item in enumerate(ordered)}
    for named in (paging.after, paging.before):
        if named is not None and named not in places:
            raise unknown(named)
    start = 0 if paging.after is None else places[paging.after] + 1
    end = len(ordered) if paging.before is None else places[paging.before]
    wanted = ordered[start:end]
    return Page(tuple(wanted[: paging.limit]), len(wanted) > paging.limit)
