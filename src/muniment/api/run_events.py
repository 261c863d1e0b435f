"""Runs as responses: the finished run, or its events as they come."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sse_starlette import ServerSentEvent

from muniment.api.context import event_stream
from muniment.api.errors import native_body
from muniment.api.streaming import event_response, last_event, sent_event, until_disconnect
from muniment.api.wire import DocumentFinishedWire, RunProgressWire, RunWire
from muniment.errors import MunimentError
from muniment.types import DocumentFinished, RunEvent, RunState

RUN_RESPONSE: dict[str, Any] = {
    "description": "The finished run; events when `stream` is set.",
    "content": event_stream(
        "With `stream`: any number of `progress` (RunProgressWire) and `document` (DocumentFinishedWire), "
        "then `finished` (RunProgressWire); or `error` (ErrorBody) where it breaks off."
    ),
}


async def run_response(
    request: Request, events: AsyncIterator[RunEvent], *, stream: bool
) -> Response | RunWire:
    """Wait for the run's end, or send its events; a client that goes away stops it."""
    if not stream:
        last = await until_disconnect(request, last_event(events))
        assert not isinstance(last, DocumentFinished)
        return RunWire.of(last.run)

    def on_error(error: MunimentError) -> list[ServerSentEvent]:
        body = native_body(error, request.state.request_id)
        return [sent_event(body.model_dump_json(), "error")]

    return await event_response(request, events, lambda event: [_encode(event)], on_error)


def _encode(event: RunEvent) -> ServerSentEvent:
    if isinstance(event, DocumentFinished):
        return sent_event(DocumentFinishedWire.of(event).model_dump_json(), "document")
    name = "progress" if event.run.state is RunState.RUNNING else "finished"
    return sent_event(RunProgressWire.of(event).model_dump_json(), name)
