"""Plans, carrying them out, and what became of each document."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from muniment.api.context import WorkspaceOf, failures
from muniment.api.routing import Router
from muniment.api.run_events import RUN_RESPONSE, run_response
from muniment.api.wire import (
    ApplyRequest,
    ChangeList,
    PlanRequest,
    PlanWire,
    RunDocumentList,
    RunDocumentWire,
    RunWire,
    ShardList,
    ShardWire,
)
from muniment.collections.planning import shard_from
from muniment.types import Fate

router = Router(tags=["collections"])


@router.post(
    "/v1/collections/{name}/plan",
    summary="What bringing a collection up to its sources would do",
    operation_id="plan_collection",
    responses=failures(400, 403, 404, 409, 413, 422, 503, 507),
)
async def plan_collection(name: str, workspace: WorkspaceOf, asked: PlanRequest | None = None) -> PlanWire:
    """Lists the sources and reads no file. The plan is kept, and can be carried out by its id."""
    asked = asked or PlanRequest()
    plan = await workspace.plan(
        name, retry_failed=asked.retry_failed, share=asked.share, allow_empty=asked.allow_empty
    )
    return PlanWire.of(plan)


@router.get(
    "/v1/plans/{plan_id}/changes",
    summary="Every change of a plan",
    operation_id="list_plan_changes",
    responses=failures(404, 422, 503, 507),
)
async def list_plan_changes(
    plan_id: str,
    workspace: WorkspaceOf,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    after: Annotated[str, Query(description="Only those behind this URI.")] = "",
) -> ChangeList:
    """By URI, with kind and reason."""
    return ChangeList.of(await workspace.plan_changes(plan_id, limit=limit, after=after))


@router.get(
    "/v1/plans/{plan_id}/shards",
    summary="How a plan is divided into shards",
    operation_id="list_plan_shards",
    responses=failures(404, 422, 503, 507),
)
async def list_plan_shards(
    plan_id: str, workspace: WorkspaceOf, shards: Annotated[int, Query(ge=1, le=10_000)]
) -> ShardList:
    """Each with the number of its changes and their bytes."""
    parts = await workspace.plan_shards(plan_id, shards)
    return ShardList(shards=tuple(ShardWire.of(part) for part in parts))


@router.post(
    "/v1/collections/{name}/apply",
    summary="Carry out a plan, or what there is to do",
    operation_id="apply_plan",
    response_model=RunWire,
    responses={**failures(400, 403, 404, 409, 413, 422, 503, 507), 200: RUN_RESPONSE},
)
async def apply_plan(
    name: str, request: Request, workspace: WorkspaceOf, asked: ApplyRequest | None = None
) -> Response | RunWire:
    """Waits for the run's end. The run fails, and nothing is done, when the plan does not fit any more."""
    asked = asked or ApplyRequest()
    events = workspace.apply(
        name,
        trigger=asked.trigger,
        plan=asked.plan,
        shard=shard_from(asked.shard) if asked.shard else None,
        retry_failed=asked.retry_failed,
        allow_empty=asked.allow_empty,
    )
    return await run_response(request, events, stream=asked.stream)


@router.get("/v1/runs/{run_id}", summary="One run", operation_id="get_run", responses=failures(404, 422, 503))
async def get_run(run_id: str, workspace: WorkspaceOf) -> RunWire:
    """With its counts so far."""
    return RunWire.of(await workspace.run(run_id))


@router.get(
    "/v1/runs/{run_id}/documents",
    summary="What became of each document of a run",
    operation_id="list_run_documents",
    responses=failures(404, 422, 503),
)
async def list_run_documents(
    run_id: str,
    workspace: WorkspaceOf,
    fate: Annotated[Fate | None, Query(description="Only with this fate.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str, Query(description="Only those behind this URI.")] = "",
) -> RunDocumentList:
    """By URI; documents that stayed as they were are only counted in the run."""
    found = await workspace.run_documents(run_id, fate=fate, limit=limit, after=after)
    return RunDocumentList(documents=tuple(RunDocumentWire.of(one) for one in found))
