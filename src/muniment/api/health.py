"""Alive, and ready."""

from fastapi import Request, Response

import muniment
from muniment.api.context import OpeningOf, failures
from muniment.api.routing import Router
from muniment.api.wire import Health, ReadinessWire

router = Router(tags=["health"])


@router.get("/v1/health", summary="Whether the process is alive", operation_id="health", responses=failures())
async def health(request: Request) -> Health:
    """Answers from the first moment on, also while collections are being mended."""
    return Health(version=muniment.__version__, instance=request.app.state.instance)


@router.get(
    "/v1/ready",
    summary="Whether questions can be answered",
    operation_id="ready",
    responses={**failures(), 503: {"model": ReadinessWire, "description": "Not yet; the checks say why."}},
)
async def ready(opening: OpeningOf, response: Response) -> ReadinessWire:
    """Collections reconciled, models loaded; 503 with the reasons when not."""
    readiness = ReadinessWire.of(await opening.readiness())
    response.status_code = 200 if readiness.ready else 503
    return readiness
