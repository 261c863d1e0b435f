"""How good a collection is, as its last evaluation found."""

import asyncio
from base64 import b64encode
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from muniment.api.context import WorkspaceOf, failures
from muniment.api.routing import Router
from muniment.api.wire import EvaluationReportWire

router = Router(tags=["quality"])

_HTML = {"text/html": {"schema": {"type": "string"}}}


@router.get(
    "/v1/collections/{name}/quality",
    summary="The last evaluation of a collection",
    operation_id="get_quality",
    response_model=EvaluationReportWire,
    responses={**failures(404, 422, 503), 200: {"content": _HTML}},
)
async def get_quality(
    name: str,
    request: Request,
    workspace: WorkspaceOf,
    format: Annotated[
        Literal["json", "html"] | None, Query(description="`html` is what browsers get without asking.")
    ] = None,
) -> Response | EvaluationReportWire:
    """Every metric with its interval, every question with what came of it."""
    report = await workspace.quality(name)
    accepted = request.headers.get("accept", "")
    if format == "json" or (format is None and "text/html" not in accepted):
        return EvaluationReportWire.of(report)
    from muniment.evaluation.html_report import STYLE, html_of

    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    page = await asyncio.to_thread(html_of, report)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})


@router.put(
    "/v1/collections/{name}/quality",
    summary="Keep the report of an evaluation",
    operation_id="keep_quality",
    responses=failures(400, 403, 404, 413, 422, 503, 507),
)
async def keep_quality(
    name: str, workspace: WorkspaceOf, report: EvaluationReportWire
) -> EvaluationReportWire:
    """As `muniment evaluate` does at its end, through a server that runs."""
    await workspace.keep_report(name, report.domain())
    return report
