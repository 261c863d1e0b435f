"""OpenAI's text completions."""

from fastapi import Request
from fastapi.responses import Response

from muniment.api.context import DialectOf, dialect_failures, event_stream
from muniment.api.named_models import NamedModelsOf
from muniment.api.openai.chat_wire import CompletionRequest, TextCompletion
from muniment.api.openai.completing import completed, streamed
from muniment.api.routing import Router

router = Router(tags=["openai"])

EVENTS = (
    "With `stream`: chunks of the text, then `[DONE]` but for clients of Llama Stack. "
    "Where it breaks off: the error in the request's dialect."
)


@router.post(
    "/completions",
    summary="Continue a text",
    operation_id="create_completion",
    response_model=TextCompletion,
    responses={
        **dialect_failures(400, 403, 404, 413, 503, 504),
        200: {"description": "The completion; chunks when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def create_completion(
    asked: CompletionRequest, request: Request, models: NamedModelsOf, dialect: DialectOf
) -> Response:
    """By the model's own text completion where it has one, else by its chat; a collection answers it."""
    model = await models.text(asked.model)
    if asked.stream:
        return await streamed(request, model, asked.as_sent(), dialect)
    return await completed(request, model, asked.as_sent())
