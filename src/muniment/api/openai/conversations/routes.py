"""Conversations and their items."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import Field, RootModel

from muniment.api.context import DialectOf, ServicesOf, dialect_failures
from muniment.api.openai.body import Body
from muniment.api.openai.conversations.kept import KeptConversations, unknown_conversation_item
from muniment.api.openai.paging import MAX_LIMIT, Order, Paging
from muniment.api.openai.responses.input_items import InputItem, ItemReference
from muniment.api.openai.responses.objects import ItemPage
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.errors import InputError
from muniment.types import JsonObject, Resource

router = Router(prefix="/conversations", tags=["conversations"])

Items = Annotated[list[InputItem], Field(max_length=100)]
Include = Annotated[list[str] | None, Query(description="Accepted; items are shown whole.")]


class CreateConversation(Body):
    """A conversation to begin."""

    metadata: dict[str, str] | None = None
    """Kept with it."""
    items: Items | None = None
    """What was said already."""


class UpdateConversation(Body):
    """What to change of a conversation."""

    metadata: dict[str, str]
    """Takes the place of what there is."""


class AddItems(Body):
    """Items to add at the end."""

    items: Items


class Conversation(Wire):
    """A conversation."""

    id: str
    object: Literal["conversation"] = "conversation"
    created_at: int
    """Unix seconds."""
    metadata: dict[str, str]

    @classmethod
    def of(cls, kept: Resource) -> "Conversation":
        """The shape of a conversation."""
        return cls(id=kept.id, created_at=kept.created_at, metadata=kept.body["metadata"])


class ConversationDeleted(Wire):
    """The conversation is gone."""

    id: str
    object: Literal["conversation.deleted"] = "conversation.deleted"
    deleted: bool = True


class ItemDeleted(Wire):
    """The item is gone."""

    id: str
    object: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    deleted: bool = True


class WithoutItem(RootModel[Conversation | ItemDeleted]):
    """What is told when an item was removed: the conversation, or that the item is gone."""


class ConversationItem(RootModel[JsonObject]):
    """An item as it was added, with its id."""


async def _kept(services: ServicesOf) -> KeptConversations:
    return KeptConversations(services.resources)


KeptOf = Annotated[KeptConversations, Depends(_kept)]


@router.post(
    "",
    summary="Begin a conversation",
    operation_id="create_conversation",
    responses=dialect_failures(400, 403, 413, 501, 503, 507),
)
async def create_conversation(kept: KeptOf, asked: CreateConversation | None = None) -> Conversation:
    """Responses that name it continue it, and are added to it."""
    asked = asked or CreateConversation()
    items = _items(asked.items or ())
    made = await kept.create(asked.metadata or {})
    await kept.add(made.id, items)
    return Conversation.of(made)


@router.get(
    "/{conversation_id}",
    summary="One conversation",
    operation_id="get_conversation",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_conversation(conversation_id: str, kept: KeptOf) -> Conversation:
    """Without its items."""
    return Conversation.of(await kept.get(conversation_id))


@router.post(
    "/{conversation_id}",
    summary="Change a conversation's metadata",
    operation_id="update_conversation",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 507),
)
async def update_conversation(conversation_id: str, asked: UpdateConversation, kept: KeptOf) -> Conversation:
    """Its items stay."""
    return Conversation.of(await kept.update(conversation_id, asked.metadata))


@router.delete(
    "/{conversation_id}",
    summary="Forget a conversation",
    operation_id="delete_conversation",
    responses=dialect_failures(400, 403, 404, 501, 503, 507),
)
async def delete_conversation(conversation_id: str, kept: KeptOf) -> ConversationDeleted:
    """With its items; responses that were made in it stay."""
    await kept.remove(conversation_id)
    return ConversationDeleted(id=conversation_id)


@router.post(
    "/{conversation_id}/items",
    summary="Add items to a conversation",
    operation_id="add_conversation_items",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 507),
)
async def add_items(conversation_id: str, asked: AddItems, kept: KeptOf, include: Include = None) -> ItemPage:
    """Each gets an id, unless it brings one. The id of another conversation's item copies that item."""
    added = await kept.add(conversation_id, _items(asked.items))
    return ItemPage.of(added, Paging(None, None, max(1, len(added)), "asc"), unknown_conversation_item)


@router.get(
    "/{conversation_id}/items",
    summary="Items of a conversation",
    operation_id="list_conversation_items",
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_items(
    conversation_id: str,
    kept: KeptOf,
    after: Annotated[str | None, Query(description="Id of the last item of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items of the page.")] = 20,
    order: Annotated[Order, Query(description="Newest first, or oldest first.")] = "desc",
    include: Include = None,
) -> ItemPage:
    """What was said, by whom."""
    items = await kept.items(conversation_id)
    return ItemPage.of(items, Paging(after, None, limit, order), unknown_conversation_item)


@router.get(
    "/{conversation_id}/items/{item_id}",
    summary="One item of a conversation",
    operation_id="get_conversation_item",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_item(
    conversation_id: str, item_id: str, kept: KeptOf, include: Include = None
) -> ConversationItem:
    """As it was added."""
    return ConversationItem(await kept.item(conversation_id, item_id))


@router.delete(
    "/{conversation_id}/items/{item_id}",
    summary="Remove an item from a conversation",
    operation_id="delete_conversation_item",
    responses=dialect_failures(400, 403, 404, 501, 503, 507),
)
async def delete_item(conversation_id: str, item_id: str, kept: KeptOf, dialect: DialectOf) -> WithoutItem:
    """The conversation without it; in Llama Stack's dialects, that the item is gone."""
    await kept.remove_item(conversation_id, item_id)
    if dialect.shows_deleted_items:
        return WithoutItem(ItemDeleted(id=item_id))
    return WithoutItem(Conversation.of(await kept.get(conversation_id)))


def _items(sent: list[InputItem] | tuple[()]) -> list[JsonObject]:
    """The items as they are kept.

    Raises:
        InputError: one refers to another by its id alone.
    """
    if any(isinstance(item, ItemReference) for item in sent):
        raise InputError("An item reference cannot be added to a conversation.", hint="Send the item itself.")
    return [{**item.json_object(), "type": item.type} for item in sent]
