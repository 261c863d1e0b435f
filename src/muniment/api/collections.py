"""Collections and the runs that ingest them."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from sse_starlette import ServerSentEvent

from muniment.api.context import WorkspaceOf, event_stream, failures
from muniment.api.errors import native_body
from muniment.api.routing import Router
from muniment.api.streaming import event_response, last_event, sent_event, until_disconnect
from muniment.api.wire import (
    CollectionList,
    CollectionWire,
    DocumentFinishedWire,
    RunList,
    RunProgressWire,
    RunRequest,
    RunWire,
)
from muniment.errors import MunimentError
from muniment.types import DocumentFinished, RunEvent, RunState

router = Router(tags=["collections"])

EVENTS = (
    "With `stream`: any number of `progress` (RunProgressWire) and `document` (DocumentFinishedWire), "
    "then `finished` (RunProgressWire); or `error` (ErrorBody) where it breaks off."
)


@router.get(
    "/v1/collections",
    summary="Every collection",
    operation_id="list_collections",
    responses=failures(503),
)
async def list_collections(workspace: WorkspaceOf) -> CollectionList:
    """By name, with state, counts, last run and what was mended."""
    statuses = await workspace.collections()
    return CollectionList(collections=tuple(CollectionWire.of(status) for status in statuses))


@router.get(
    "/v1/collections/{name}",
    summary="One collection",
    operation_id="get_collection",
    responses=failures(404, 422, 503),
)
async def get_collection(name: str, workspace: WorkspaceOf) -> CollectionWire:
    """With state, counts, last run and what was mended."""
    return CollectionWire.of(await workspace.collection(name))


@router.post(
    "/v1/collections/{name}/runs",
    summary="Bring a collection up to its sources",
    operation_id="start_run",
    response_model=RunWire,
    responses={
        **failures(400, 403, 404, 409, 413, 422, 503, 507),
        200: {
            "description": "The finished run; events when `stream` is set.",
            "content": event_stream(EVENTS),
        },
    },
)
async def start_run(
    name: str, request: Request, workspace: WorkspaceOf, asked: RunRequest | None = None
) -> Response | RunWire:
    """Waits for the run's end. One bad document fails alone; a client that goes away stops the run."""
    asked = asked or RunRequest()
    events = workspace.ingest(
        name, trigger=asked.trigger, retry_failed=asked.retry_failed, rebuild=asked.rebuild
    )
    if not asked.stream:
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


@router.get(
    "/v1/runs", summary="Runs, newest first", operation_id="list_runs", responses=failures(404, 422, 503)
)
async def list_runs(
    workspace: WorkspaceOf,
    collection: Annotated[str | None, Query(description="Only of this collection.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> RunList:
    """Each ends `done`, `failed` or `interrupted`, with its counts."""
    runs = await workspace.runs(collection, limit=limit)
    return RunList(runs=tuple(RunWire.of(run) for run in runs))
