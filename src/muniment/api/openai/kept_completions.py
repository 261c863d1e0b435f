"""Chat completions that clients asked to keep."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from muniment.catalog.resources import Resources
from muniment.errors import NotFoundError
from muniment.protocols import JsonObject
from muniment.types import Resource

KIND = "chat_completion"

Order = Literal["asc", "desc"]


class KeptCompletions:
    """Keeps completions with the conversations they answer; a request keeps only what says ``store``."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def keep(self, completion: JsonObject, messages: list[JsonObject], metadata: object) -> None:
        """Keep a completion under its own id."""
        body = {**completion, "input_messages": messages, "metadata": metadata}
        await asyncio.to_thread(self._resources.add, KIND, [(str(completion["id"]), body)])

    async def get(self, completion_id: str) -> JsonObject:
        """The completion; NotFoundError ``unknown_completion``."""
        return (await self._get(completion_id)).body

    async def note(self, completion_id: str, metadata: JsonObject) -> JsonObject:
        """Replace the metadata; the changed completion. Errors as ``get``."""
        body = {**await self.get(completion_id), "metadata": metadata}
        await asyncio.to_thread(self._resources.add, KIND, [(completion_id, body)])
        return body

    async def forget(self, completion_id: str) -> None:
        """Keep it no longer; errors as ``get``."""
        if not await asyncio.to_thread(self._resources.remove, KIND, completion_id):
            raise _unknown(completion_id)

    async def page(
        self, *, after: str | None, limit: int, order: Order, model: str | None, metadata: dict[str, str]
    ) -> tuple[list[JsonObject], bool]:
        """Completions by age from behind the id ``after``, and whether there are more; errors as ``get``."""
        number = (await self._get(after)).number if after else None
        wanted: list[JsonObject] = []
        while len(wanted) <= limit:
            found = await self._some(number, limit + 1, order)
            wanted += [kept.body for kept in found if _fits(kept.body, model, metadata)]
            if len(found) <= limit:
                break
            number = found[-1].number
        return wanted[:limit], len(wanted) > limit

    async def _some(self, after: int | None, limit: int, order: Order) -> Sequence[Resource]:
        return await asyncio.to_thread(
            lambda: self._resources.list(KIND, after=after, limit=limit, newest_first=order == "desc")
        )

    async def _get(self, completion_id: str) -> Resource:
        found = await asyncio.to_thread(self._resources.get, KIND, completion_id)
        if found is None:
            raise _unknown(completion_id)
        return found


def _fits(body: JsonObject, model: str | None, metadata: dict[str, str]) -> bool:
    noted: dict[str, Any] = body.get("metadata") or {}
    return model in (None, body["model"]) and all(noted.get(key) == metadata[key] for key in metadata)


def _unknown(completion_id: str) -> NotFoundError:
    return NotFoundError(
        f"No chat completion {completion_id[:200]!r} is kept.",
        code="unknown_completion",
        hint="Completions are kept when they are asked for with `store: true`.",
    )
