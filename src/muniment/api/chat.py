"""OpenAI's chat completions and models: every collection is a model, every answer is cited."""

import time
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response

from muniment.answer.events import Finished
from muniment.api.chat_stream import ChatStream
from muniment.api.chat_wire import ChatRequest, Choice, Completion, Message, Model, ModelList, usage_of
from muniment.api.context import DialectOf, SettingsOf, WorkspaceOf, dialect_failures, event_stream
from muniment.api.questions import checked_question
from muniment.api.sources import sources_text
from muniment.api.streaming import event_response, last_event, until_disconnect
from muniment.api.wire import AnswerWire
from muniment.collections.workspace import Workspace
from muniment.errors import unknown_name
from muniment.settings import Settings
from muniment.settings.model import DEFAULT_GENERATOR

router = APIRouter(tags=["openai"])

PREFIX = "muniment/"
EVENTS = (
    "With `stream`: chunks, the role first, `finish_reason` and `muniment` on the last, then `[DONE]`. "
    "Where it breaks off: the error in the request's dialect."
)


@router.get(
    "/v1/models",
    summary="Every collection as a model",
    operation_id="list_models",
    responses=dialect_failures(503),
)
async def list_models(workspace: WorkspaceOf, settings: SettingsOf) -> ModelList:
    """`muniment/<collection>`, and `muniment/<collection>@<generator>` for each declared generator."""
    known = await _known_models(workspace, settings)
    return ModelList(data=tuple(Model(id=name) for name in known))


@router.get(
    "/v1/models/{model:path}",
    summary="One model",
    operation_id="get_model",
    responses=dialect_failures(404, 503),
)
async def get_model(model: str, workspace: WorkspaceOf, settings: SettingsOf) -> Model:
    """A collection as a model."""
    await _collection_and_generator(model, workspace, settings)
    return Model(id=model)


@router.post(
    "/v1/chat/completions",
    summary="Answer the last user message with checked evidence",
    operation_id="create_chat_completion",
    response_model=Completion,
    responses={
        **dialect_failures(400, 403, 404, 413, 503, 504),
        200: {"description": "The completion; chunks when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def create_chat_completion(
    asked: ChatRequest,
    request: Request,
    workspace: WorkspaceOf,
    settings: SettingsOf,
    dialect: DialectOf,
) -> Response | Completion:
    """For any OpenAI client: the text is the cited answer with the list of its sources under it.

    The message's extra field `muniment` holds the answer as `POST /v1/answers` gives it. Only the
    last user message is read: each question stands for itself.
    """
    question = checked_question(asked.question, settings)
    collection, generator = await _collection_and_generator(asked.model, workspace, settings)
    events = workspace.answer(collection, question, generator=generator)
    completion_id, created = f"chatcmpl-{uuid4().hex}", int(time.time())
    if asked.stream:
        options = asked.stream_options
        include_usage = bool(options and options.include_usage)
        stream = ChatStream(completion_id, created, asked.model, dialect, include_usage=include_usage)
        return await event_response(request, events, stream.encode, stream.on_error)
    finished = await until_disconnect(request, last_event(events))
    assert isinstance(finished, Finished)
    answer = finished.answer
    content = answer.text + sources_text(answer)
    return Completion(
        id=completion_id,
        created=created,
        model=asked.model,
        choices=(Choice(message=Message(content=content, muniment=AnswerWire.of(answer))),),
        usage=usage_of(answer, content),
    )


async def _known_models(workspace: Workspace, settings: Settings) -> list[str]:
    generators = sorted({DEFAULT_GENERATOR, *settings.generators})
    names = [status.name for status in await workspace.collections()]
    return [f"{PREFIX}{name}" for name in names] + [
        f"{PREFIX}{name}@{generator}" for name in names for generator in generators
    ]


async def _collection_and_generator(
    model: str, workspace: Workspace, settings: Settings
) -> tuple[str, str | None]:
    known = await _known_models(workspace, settings)
    if model not in known:
        raise unknown_name("model", model[:200], known)
    collection, _, generator = model.removeprefix(PREFIX).partition("@")
    return collection, generator or None
