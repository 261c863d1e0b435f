"""Generations of a collection: listed, built, swapped and discarded."""

from fastapi import Request
from fastapi.responses import Response

from muniment.api.context import WorkspaceOf, failures
from muniment.api.routing import Router
from muniment.api.run_events import RUN_RESPONSE, run_response
from muniment.api.wire import (
    GenerationList,
    GenerationRequest,
    GenerationWire,
    PromoteRequest,
    RunWire,
    StageRequest,
)
from muniment.collections.planning import shard_from

router = Router(tags=["generations"])


@router.get(
    "/v1/collections/{name}/generations",
    summary="A collection's generations",
    operation_id="list_generations",
    responses=failures(404, 422, 503),
)
async def list_generations(name: str, workspace: WorkspaceOf) -> GenerationList:
    """By number: the live one, and the staged and the previous one if there."""
    found = await workspace.generations(name)
    return GenerationList(generations=tuple(GenerationWire.of(one) for one in found))


@router.post(
    "/v1/collections/{name}/stage",
    summary="Build a generation as the settings ask",
    operation_id="stage_generation",
    response_model=RunWire,
    responses={**failures(400, 403, 404, 409, 413, 422, 503, 507), 200: RUN_RESPONSE},
)
async def stage_generation(
    name: str, request: Request, workspace: WorkspaceOf, asked: StageRequest | None = None
) -> Response | RunWire:
    """Waits for its end; the live generation answers meanwhile. A build that was stopped goes on."""
    asked = asked or StageRequest()
    shard = shard_from(asked.shard) if asked.shard else None
    return await run_response(request, workspace.stage(name, shard=shard), stream=asked.stream)


@router.post(
    "/v1/collections/{name}/promote",
    summary="Make the staged generation the live one",
    operation_id="promote_generation",
    response_model=RunWire,
    responses={**failures(400, 403, 404, 409, 413, 422, 503, 507), 200: RUN_RESPONSE},
)
async def promote_generation(
    name: str, request: Request, workspace: WorkspaceOf, asked: PromoteRequest | None = None
) -> Response | RunWire:
    """It catches up with what changed first, and is held to the collection's gate where there is one. No
    question goes unanswered while the two are swapped."""
    asked = asked or PromoteRequest()
    promoted = workspace.promote(name, despite_gate=asked.despite_gate)
    return await run_response(request, promoted, stream=asked.stream)


@router.post(
    "/v1/collections/{name}/rollback",
    summary="Make the previous generation the live one again",
    operation_id="rollback_generation",
    response_model=RunWire,
    responses={**failures(400, 403, 404, 409, 413, 422, 503, 507), 200: RUN_RESPONSE},
)
async def rollback_generation(
    name: str, request: Request, workspace: WorkspaceOf, asked: GenerationRequest | None = None
) -> Response | RunWire:
    """It catches up with what changed since it was live first."""
    stream = asked is not None and asked.stream
    return await run_response(request, workspace.rollback(name), stream=stream)


@router.delete(
    "/v1/collections/{name}/generations/staged",
    summary="Discard the staged generation",
    operation_id="discard_generation",
    responses=failures(403, 404, 409, 422, 503, 507),
)
async def discard_generation(name: str, workspace: WorkspaceOf) -> GenerationWire:
    """Gives what it was."""
    return GenerationWire.of(await workspace.discard(name))
