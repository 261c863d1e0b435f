"""Collections and the runs that ingest them."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from muniment.api.context import WorkspaceOf, failures
from muniment.api.routing import Router
from muniment.api.run_events import RUN_RESPONSE, run_response
from muniment.api.wire import (
    CollectionList,
    CollectionWire,
    RunList,
    RunRequest,
    RunWire,
    VerificationWire,
    VerifyRequest,
)

router = Router(tags=["collections"])


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
    "/v1/collections/{name}/verify",
    summary="Try out a collection and what it rests on",
    operation_id="verify_collection",
    responses=failures(400, 403, 404, 409, 413, 422, 503, 507),
)
async def verify_collection(
    name: str, workspace: WorkspaceOf, asked: VerifyRequest | None = None
) -> VerificationWire:
    """What is amiss is in the checks that are not `ok`, each with what to do; the status is 200 then, too."""
    asked = asked or VerifyRequest()
    return VerificationWire.of(
        await workspace.verify(
            name, questions=asked.questions, staged=asked.staged, setup_only=asked.setup_only
        )
    )


@router.post(
    "/v1/collections/{name}/runs",
    summary="Bring a collection up to its sources",
    operation_id="start_run",
    response_model=RunWire,
    responses={
        **failures(400, 403, 404, 409, 413, 422, 503, 507),
        200: RUN_RESPONSE,
    },
)
async def start_run(
    name: str, request: Request, workspace: WorkspaceOf, asked: RunRequest | None = None
) -> Response | RunWire:
    """Waits for the run's end. One bad document fails alone; a client that goes away stops the run."""
    asked = asked or RunRequest()
    events = workspace.ingest(
        name,
        trigger=asked.trigger,
        retry_failed=asked.retry_failed,
        rebuild=asked.rebuild,
        allow_empty=asked.allow_empty,
    )
    return await run_response(request, events, stream=asked.stream)


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
