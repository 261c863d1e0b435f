"""Conversations that are kept, and their items."""

import asyncio
from collections.abc import Sequence

from muniment.api.openai.identifiers import new_id, new_item_id, usable
from muniment.catalog.resources import Resources
from muniment.errors import InputError, NotFoundError
from muniment.types import JsonObject, Resource

CONVERSATION = "conversation"
ITEM = "conversation_item"


class KeptConversations:
    """Reads and writes conversations; an unknown id is a NotFoundError ``unknown_conversation``."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def create(self, metadata: dict[str, str]) -> Resource:
        """A new, empty conversation."""
        return await self._write(new_id("conv"), metadata)

    async def get(self, conversation_id: str) -> Resource:
        """The conversation."""
        kept = await asyncio.to_thread(self._resources.get, CONVERSATION, conversation_id)
        if kept is None:
            raise unknown_conversation(conversation_id)
        return kept

    async def update(self, conversation_id: str, metadata: dict[str, str]) -> Resource:
        """The conversation with other metadata."""
        await self.get(conversation_id)
        return await self._write(conversation_id, metadata)

    async def remove(self, conversation_id: str) -> None:
        """Forget the conversation with its items."""
        if not await asyncio.to_thread(self._resources.remove, CONVERSATION, conversation_id):
            raise unknown_conversation(conversation_id)
        await asyncio.to_thread(self._resources.remove_children, ITEM, conversation_id)

    async def items(self, conversation_id: str) -> tuple[JsonObject, ...]:
        """Its items, oldest first."""
        await self.get(conversation_id)
        kept = await asyncio.to_thread(self._resources.list, ITEM, parent=conversation_id)
        return tuple(one.body for one in kept)

    async def item(self, conversation_id: str, item_id: str) -> JsonObject:
        """One item; NotFoundError ``unknown_item``."""
        await self.get(conversation_id)
        kept = await asyncio.to_thread(self._resources.get, ITEM, _key(conversation_id, item_id))
        if kept is None:
            raise unknown_conversation_item(item_id)
        return kept.body

    async def add(self, conversation_id: str, items: Sequence[JsonObject]) -> list[JsonObject]:
        """Add a client's items; one with the id of another conversation's item is a copy of that item.

        Raises:
            InputError: the conversation has an item of that id, or the id is given twice.
        """
        taken = {item["id"] for item in await self.items(conversation_id)}
        resolved = []
        for item in items:
            item_id = item.get("id")
            if isinstance(item_id, str) and usable(item_id):
                if item_id in taken:
                    raise item_taken(item_id)
                taken.add(item_id)
                item = await self._elsewhere(item_id) or item
            resolved.append(item)
        return await self.append(conversation_id, resolved)

    async def append(self, conversation_id: str, items: Sequence[JsonObject]) -> list[JsonObject]:
        """Add items, which get new ids where they have none or one that is taken."""
        taken = {item["id"] for item in await self.items(conversation_id)}
        added: list[JsonObject] = []
        for item in items:
            kind = item.get("type", "message")
            item_id = item.get("id")
            if not usable(item_id) or item_id in taken:
                item_id = new_item_id(kind)
            taken.add(item_id)
            added.append({**item, "type": kind, "id": item_id})
        keyed: list[tuple[str, JsonObject]] = [(_key(conversation_id, one["id"]), one) for one in added]
        await asyncio.to_thread(self._resources.add, ITEM, keyed, parent=conversation_id)
        return added

    async def remove_item(self, conversation_id: str, item_id: str) -> None:
        """Forget one item; NotFoundError ``unknown_item``."""
        await self.get(conversation_id)
        if not await asyncio.to_thread(self._resources.remove, ITEM, _key(conversation_id, item_id)):
            raise unknown_conversation_item(item_id)

    async def _elsewhere(self, item_id: str) -> JsonObject | None:
        kept = await asyncio.to_thread(self._resources.ending, ITEM, _key("", item_id))
        return kept.body if kept else None

    async def _write(self, conversation_id: str, metadata: dict[str, str]) -> Resource:
        body: JsonObject = {"metadata": metadata}
        await asyncio.to_thread(self._resources.add, CONVERSATION, [(conversation_id, body)])
        return await self.get(conversation_id)


def unknown_conversation(conversation_id: str) -> NotFoundError:
    """There is no such conversation."""
    return NotFoundError(
        f"Conversation {conversation_id[:100]!r} not found.",
        code="unknown_conversation",
        hint="POST /v1/conversations makes one; its id is `conv_` and 48 hex digits.",
    )


def unknown_conversation_item(item_id: str) -> NotFoundError:
    """The conversation has no such item."""
    return NotFoundError(
        f"The conversation has no item {item_id[:100]!r}.",
        code="unknown_item",
        hint="GET /v1/conversations/{conversation_id}/items lists them.",
    )


def item_taken(item_id: str) -> InputError:
    """The conversation has an item of this id."""
    return InputError(
        f"Item already in conversation: {item_id[:100]!r}.",
        hint="Leave the id out and the item gets a new one; an item in place is changed by no route.",
    )


def _key(conversation_id: str, item_id: str) -> str:
    return f"{conversation_id}/{item_id}"
