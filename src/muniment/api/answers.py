"""Questions in, answers with checked evidence out."""

from fastapi import Request
from fastapi.responses import Response
from sse_starlette import ServerSentEvent

from muniment.answer.events import AnswerEvent, Delta, Finished, Retrieved
from muniment.api.context import SettingsOf, WorkspaceOf, event_stream, failures
from muniment.api.errors import native_body
from muniment.api.questions import checked_question, chosen_collection
from muniment.api.routing import Router
from muniment.api.streaming import event_response, last_event, sent_event, until_disconnect
from muniment.api.wire import (
    AnswerRequest,
    AnswerWire,
    DeltaWire,
    PassageWire,
    RetrievedWire,
    filter_to_domain,
)
from muniment.errors import MunimentError

router = Router(tags=["questions"])

EVENTS = (
    "With `stream`: `retrieved` (RetrievedWire), any number of `delta` (DeltaWire), then `answer` "
    "(AnswerWire), whose text replaces the pieces; or `error` (ErrorBody) where it breaks off."
)


@router.post(
    "/v1/answers",
    summary="Answer a question with checked evidence",
    operation_id="answer",
    response_model=AnswerWire,
    responses={
        **failures(400, 403, 404, 413, 422, 503, 504),
        200: {"description": "The answer; events when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def answer(
    asked: AnswerRequest, request: Request, workspace: WorkspaceOf, settings: SettingsOf
) -> Response | AnswerWire:
    """Every claim cites document, page, box and characters, and the server has checked each.

    When nothing retrieved supports an answer the verdict is `abstained`, and `looked_at` says what
    was looked at. A client that goes away stops the work.
    """
    question = checked_question(asked.question, settings)
    collection = await chosen_collection(workspace, asked.collection)
    events = workspace.answer(
        collection,
        question,
        generator=asked.generator,
        top_k=asked.top_k,
        filter=filter_to_domain(asked.filter),
    )
    if not asked.stream:
        finished = await until_disconnect(request, last_event(events))
        assert isinstance(finished, Finished)
        return AnswerWire.of(finished.answer)

    def on_error(error: MunimentError) -> list[ServerSentEvent]:
        body = native_body(error, request.state.request_id)
        return [sent_event(body.model_dump_json(), "error")]

    return await event_response(request, events, lambda event: [_encode(event, collection)], on_error)


def _encode(event: AnswerEvent, collection: str) -> ServerSentEvent:
    if isinstance(event, Retrieved):
        passages = tuple(PassageWire.of(passage, collection) for passage in event.passages)
        return sent_event(RetrievedWire(passages=passages).model_dump_json(), "retrieved")
    if isinstance(event, Delta):
        return sent_event(DeltaWire(text=event.text).model_dump_json(), "delta")
    return sent_event(AnswerWire.of(event.answer).model_dump_json(), "answer")
