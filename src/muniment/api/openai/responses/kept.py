"""Responses that are kept, the conversations they belong to, and the items of both."""

import asyncio
from collections.abc import Sequence

from muniment.api.openai.conversations.kept import KeptConversations
from muniment.api.openai.identifiers import new_item_id, usable
from muniment.api.openai.paging import Page, Paging
from muniment.api.openai.responses.objects import Response, ResponseWithInput
from muniment.api.openai.responses.requests import ResponseRequest
from muniment.api.openai.responses.turn import COMPACTION
from muniment.catalog.resources import Resources
from muniment.errors import InputError, NotFoundError
from muniment.types import JsonObject, Resource

RESPONSE = "response"
ITEM = "response_item"
LONGEST_CHAIN = 200
"""Earlier responses that are read; what lies further back no prompt has room for."""


class KeptResponses:
    """Reads and writes responses."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._conversations = KeptConversations(resources)

    async def get(self, response_id: str) -> ResponseWithInput:
        """The response with its own input; NotFoundError ``unknown_response``."""
        return _with_input(await self._find(response_id))

    async def keep(self, response: Response, items: Sequence[JsonObject]) -> None:
        """Keep the response and the items sent for it; one of the same id is replaced."""
        body = response.model_dump(mode="json")
        known = [item["id"] for item in (*items, *body["output"])]
        await asyncio.to_thread(
            self._resources.add, RESPONSE, [(response.id, {"response": body, "input": list(items)})]
        )
        references: list[tuple[str, JsonObject]] = [(one, {"response": response.id}) for one in known]
        await asyncio.to_thread(self._resources.add, ITEM, references, parent=response.id)

    async def remove(self, response_id: str) -> None:
        """Forget the response; NotFoundError ``unknown_response``."""
        if not await asyncio.to_thread(self._resources.remove, RESPONSE, response_id):
            raise unknown_response(response_id)
        await asyncio.to_thread(self._resources.remove_children, ITEM, response_id)

    async def page(self, paging: Paging, model: str | None = None) -> Page[ResponseWithInput]:
        """Kept responses, of one model if it is named; NotFoundError ``unknown_response`` for ``after``."""
        number = (await self._find(paging.after)).number if paging.after is not None else None
        found: list[Resource] = []
        more = True
        while more and len(found) <= paging.limit:
            batch = await asyncio.to_thread(
                self._resources.list,
                RESPONSE,
                after=number,
                limit=paging.limit + 1,
                newest_first=paging.order == "desc",
            )
            found += [one for one in batch if model is None or one.body["response"]["model"] == model]
            more = len(batch) > paging.limit
            number = batch[-1].number if batch else None
        shown = tuple(_with_input(one) for one in found[: paging.limit])
        return Page(shown, len(found) > paging.limit)

    async def items_before(self, response_id: str) -> list[JsonObject]:
        """All items of a response and of those it continues, oldest first.

        Raises:
            NotFoundError: code ``unknown_response``, also for one further back.
        """
        turns: list[list[JsonObject]] = []
        following: str | None = response_id
        while following and len(turns) < LONGEST_CHAIN:
            body = (await self._find(following)).body
            turns.append([*body["input"], *body["response"]["output"]])
            following = body["response"].get("previous_response_id")
        return [item for turn in reversed(turns) for item in turn]

    async def input_items(self, response_id: str) -> list[JsonObject]:
        """What the response was made from: what it continues, and what was sent for it, without summaries."""
        body = (await self._find(response_id)).body
        previous = body["response"].get("previous_response_id")
        before = await self.items_before(previous) if previous else []
        return [item for item in (*before, *body["input"]) if item.get("type") != COMPACTION]

    async def context(self, asked: ResponseRequest) -> list[JsonObject]:
        """The items that the request continues.

        Raises:
            NotFoundError: codes ``unknown_response``, ``unknown_conversation``.
            InputError: it names both a response and a conversation.
        """
        if asked.previous_response_id and asked.conversation_id:
            raise InputError(
                "The request names both `previous_response_id` and `conversation`.",
                hint="Name one of them.",
            )
        if asked.previous_response_id:
            return await self.items_before(asked.previous_response_id)
        if asked.conversation_id:
            if not asked.conversation_id.startswith("conv_"):
                raise InputError(
                    f"'conversation' is {asked.conversation_id[:100]!r}, which is no id of a conversation.",
                    hint="Ids begin with `conv_`; POST /v1/conversations makes a conversation.",
                )
            return list(await self._conversations.items(asked.conversation_id))
        return []

    async def new_items(self, asked: ResponseRequest, context: Sequence[JsonObject]) -> list[JsonObject]:
        """The items sent with the request, each with an id; references replaced by what they refer to.

        Raises:
            NotFoundError: code ``unknown_item``.
        """
        if isinstance(asked.input, str):
            if not asked.input:
                return []
            part = {"type": "input_text", "text": asked.input}
            return [{"type": "message", "role": "user", "content": [part], "id": new_item_id("message")}]
        items: list[JsonObject] = []
        for sent in asked.input:
            item = sent.json_object()
            kind = sent.type or "item_reference"
            if kind == "item_reference":
                items.append(await self._item(item["id"], context))
            else:
                own = item.get("id")
                items.append({**item, "type": kind, "id": own if usable(own) else new_item_id(kind)})
        return items

    async def add_to_conversation(self, conversation_id: str, items: Sequence[JsonObject]) -> None:
        """Append what was sent and what was answered."""
        await self._conversations.append(conversation_id, items)

    async def _item(self, item_id: str, context: Sequence[JsonObject]) -> JsonObject:
        for item in context:
            if item["id"] == item_id:
                return item
        reference = await asyncio.to_thread(self._resources.get, ITEM, item_id)
        if reference is not None:
            body = (await self._find(reference.body["response"])).body
            for item in (*body["input"], *body["response"]["output"]):
                if item["id"] == item_id:
                    return dict(item)
        raise unknown_item(item_id)

    async def _find(self, response_id: str) -> Resource:
        kept = await asyncio.to_thread(self._resources.get, RESPONSE, response_id)
        if kept is None:
            raise unknown_response(response_id)
        return kept


def unknown_response(response_id: str) -> NotFoundError:
    """There is no such response."""
    return NotFoundError(
        f"Response {response_id[:100]!r} not found.",
        code="unknown_response",
        hint="Use 'client.responses.list()' to list available Responses. One made with `store: false` is not "
        "kept.",
    )


def unknown_item(item_id: str) -> NotFoundError:
    """There is no such item."""
    return NotFoundError(
        f"There is no item {item_id[:100]!r}.",
        code="unknown_item",
        hint="List the items of the response or the conversation.",
    )


def _with_input(kept: Resource) -> ResponseWithInput:
    return ResponseWithInput.model_validate({**kept.body["response"], "input": kept.body["input"]})
