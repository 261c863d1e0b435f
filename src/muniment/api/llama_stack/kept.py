"""What clients register: JSON objects of one kind, kept in the catalog under their ids."""

import asyncio

from muniment.catalog.resources import Resources
from muniment.errors import unknown_name
from muniment.types import JsonObject


class Kept:
    """The objects of one kind.

    Args:
        kind: their name in words, such as ``tool group``.
        code: of the error for an unknown one.
        builtin: objects that are always there, by id.
    """

    def __init__(
        self, resources: Resources, kind: str, code: str, builtin: dict[str, JsonObject] | None = None
    ) -> None:
        self._resources = resources
        self._kind = kind
        self._code = code
        self._stored_as = kind.replace(" ", "_")
        self.builtin = builtin or {}

    async def list(self) -> list[JsonObject]:
        """What is always there, then what was registered, oldest first."""
        kept = await asyncio.to_thread(self._resources.list, self._stored_as)
        return [*self.builtin.values(), *(one.body for one in kept)]

    async def get(self, identifier: str) -> JsonObject:
        """The object; NotFoundError of the code."""
        if identifier in self.builtin:
            return self.builtin[identifier]
        found = await asyncio.to_thread(self._resources.get, self._stored_as, identifier)
        if found is None:
            kept = await asyncio.to_thread(self._resources.list, self._stored_as)
            known = [*self.builtin, *(one.id for one in kept)]
            raise unknown_name(self._kind, identifier[:200], known, code=self._code)
        return found.body

    async def put(self, identifier: str, body: JsonObject) -> None:
        """Keep an object; one with this id is replaced."""
        await asyncio.to_thread(self._resources.add, self._stored_as, [(identifier, body)])

    async def remove(self, identifier: str) -> None:
        """Forget the object; NotFoundError of the code."""
        if not await asyncio.to_thread(self._resources.remove, self._stored_as, identifier):
            await self.get(identifier)
