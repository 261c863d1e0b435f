"""OpenAI's chat completions: language models as they are, collections with cited answers."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from muniment.api.context import DialectOf, ServicesOf, dialect_failures, event_stream, services_of
from muniment.api.named_models import NamedModelsOf
from muniment.api.openai.chat_wire import (
    ChatRequest,
    Completion,
    DeletedCompletion,
    KeptCompletion,
    KeptCompletionList,
    KeptMessage,
    KeptMessageList,
    MetadataRequest,
)
from muniment.api.openai.completing import Keep, completed, streamed
from muniment.api.openai.kept_completions import KeptCompletions, Order
from muniment.api.openai.paging import MAX_LIMIT
from muniment.api.routing import Router
from muniment.errors import NotOfferedError
from muniment.protocols import JsonObject

router = Router(tags=["openai"])

ONLY_HERE = frozenset({"store", "metadata"})
"""Fields that this server heeds itself; a model behind it is not asked to keep anything."""

EVENTS = (
    "With `stream`: chunks, the role first, `finish_reason` on the last, with `muniment` when a collection "
    "answers, then `[DONE]` but for clients of Llama Stack. "
    "Where it breaks off: the error in the request's dialect."
)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most entries of the page.")]
After = Annotated[str | None, Query(description="Id of the last entry of the page before.")]
Sort = Annotated[Order, Query(description="Oldest first, or newest first.")]


async def _kept(services: ServicesOf) -> KeptCompletions:
    return KeptCompletions(services.resources)


KeptOf = Annotated[KeptCompletions, Depends(_kept)]


@router.post(
    "/chat/completions",
    summary="Chat with a language model, or ask a collection",
    operation_id="create_chat_completion",
    response_model=Completion,
    responses={
        **dialect_failures(400, 403, 404, 413, 503, 504),
        200: {"description": "The completion; chunks when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def create_chat_completion(
    asked: ChatRequest, request: Request, models: NamedModelsOf, dialect: DialectOf
) -> Response:
    """A language model is sent every field as it came.

    Of a collection the text is the cited answer with the list of its sources under it, and the message's
    extra field `muniment` holds the answer as `POST /v1/answers` gives it. Only the last user message is
    read then: each question stands for itself.
    """
    model = await models.chat(asked.model)
    sent = asked.as_sent()
    wanted = dialect.keeps_completions if asked.store is None else asked.store
    keep = await _keeper(request, sent, demanded=bool(asked.store)) if wanted else None
    passed = {key: value for key, value in sent.items() if key not in ONLY_HERE}
    if asked.stream:
        return await streamed(request, model, passed, dialect, keep)
    return await completed(request, model, passed, keep)


async def _keeper(request: Request, sent: JsonObject, *, demanded: bool) -> Keep | None:
    try:
        kept = KeptCompletions((await services_of(request)).resources)
    except NotOfferedError:
        if demanded:
            raise
        return None
    return partial(kept.keep, messages=sent["messages"], metadata=sent.get("metadata"))


@router.get(
    "/chat/completions",
    summary="Chat completions that were kept",
    operation_id="list_chat_completions",
    response_model_exclude_unset=True,
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_chat_completions(
    request: Request,
    kept: KeptOf,
    after: After = None,
    limit: Limit = 20,
    order: Sort = "asc",
    model: Annotated[str | None, Query(description="Only those of the model.")] = None,
) -> KeptCompletionList:
    """Those asked for with `store`, and of clients of Llama Stack and OGX all but those with `store: false`.

    `metadata[key]=value` leaves only those that were noted so.
    """
    wanted = {
        key.removeprefix("metadata[").removesuffix("]"): value
        for key, value in request.query_params.items()
        if key.startswith("metadata[")
    }
    page, more = await kept.page(after=after, limit=limit, order=order, model=model, metadata=wanted)
    data = [KeptCompletion.model_validate(one) for one in page]
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return KeptCompletionList(object="list", data=data, first_id=first, last_id=last, has_more=more)


@router.get(
    "/chat/completions/{completion_id}",
    summary="A kept chat completion",
    operation_id="get_chat_completion",
    response_model_exclude_unset=True,
    responses=dialect_failures(404, 501, 503),
)
async def get_chat_completion(completion_id: str, kept: KeptOf) -> KeptCompletion:
    """With the conversation it answers."""
    return KeptCompletion.model_validate(await kept.get(completion_id))


@router.post(
    "/chat/completions/{completion_id}",
    summary="Change the metadata of a kept chat completion",
    operation_id="update_chat_completion",
    response_model_exclude_unset=True,
    responses=dialect_failures(400, 403, 404, 501, 503),
)
async def update_chat_completion(completion_id: str, change: MetadataRequest, kept: KeptOf) -> KeptCompletion:
    """Everything else stays as it was."""
    return KeptCompletion.model_validate(await kept.note(completion_id, change.metadata))


@router.delete(
    "/chat/completions/{completion_id}",
    summary="Keep a chat completion no longer",
    operation_id="delete_chat_completion",
    responses=dialect_failures(403, 404, 501, 503),
)
async def delete_chat_completion(completion_id: str, kept: KeptOf) -> DeletedCompletion:
    """It is gone at once."""
    await kept.forget(completion_id)
    return DeletedCompletion(id=completion_id)


@router.get(
    "/chat/completions/{completion_id}/messages",
    summary="The conversation that a kept chat completion answers",
    operation_id="list_chat_completion_messages",
    response_model_exclude_unset=True,
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_chat_completion_messages(
    completion_id: str, kept: KeptOf, after: After = None, limit: Limit = 20, order: Sort = "asc"
) -> KeptMessageList:
    """The messages as they were sent, each with an id."""
    sent = (await kept.get(completion_id))["input_messages"]
    messages = [KeptMessage(**{**one, "id": f"{completion_id}-{n}"}) for n, one in enumerate(sent)]
    if order == "desc":
        messages.reverse()
    ids = [message.id for message in messages]
    start = ids.index(after) + 1 if after in ids else 0
    page = messages[start : start + limit]
    first, last = (page[0].id, page[-1].id) if page else (None, None)
    return KeptMessageList(
        object="list", data=page, first_id=first, last_id=last, has_more=start + limit < len(messages)
    )
