"""Routes of the peers that this server knows and does not serve: each says what to do instead."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from muniment.api.context import dialect_failures
from muniment.api.routing import Router
from muniment.errors import NotOfferedError

router = Router(tags=["not offered"])
"""Below ``/v1`` and ``/v1/openai/v1``."""

_EVALUATION = "Score answers with POST /v1/scoring/score; `muniment ask` and POST /v1/answers give them."
_MESSAGES = "Use POST /v1/chat/completions, or POST /v1/responses."
_TELEMETRY = "The server's log has a line with an id for each request."
_SKILLS = "Put instructions into the request, or keep them with POST /v1/prompts."
_PROCESSORS = "Upload with POST /v1/files and attach to a vector store, which reads, chunks and embeds it."

_BENCHMARK_ROUTES = (
    "POST /eval/benchmarks/{benchmark_id}/evaluations",
    "POST /eval/benchmarks/{benchmark_id}/jobs",
    "GET /eval/benchmarks/{benchmark_id}/jobs/{job_id}",
    "DELETE /eval/benchmarks/{benchmark_id}/jobs/{job_id}",
    "GET /eval/benchmarks/{benchmark_id}/jobs/{job_id}/result",
)

NOT_OFFERED: dict[str, tuple[str, ...]] = {
    _EVALUATION: (
        "POST /v1/scoring/score-batch",
        *(route.replace(" /", " /v1/", 1) for route in _BENCHMARK_ROUTES),
        *(route.replace(" /", " /v1alpha/", 1) for route in _BENCHMARK_ROUTES),
    ),
    _MESSAGES: (
        "POST /v1/messages",
        "POST /v1/messages/count_tokens",
        "POST /v1/messages/batches",
        "GET /v1/messages/batches",
        "GET /v1/messages/batches/{message_batch_id}",
        "POST /v1/messages/batches/{message_batch_id}/cancel",
        "GET /v1/messages/batches/{message_batch_id}/results",
        "POST /v1alpha/interactions",
    ),
    _TELEMETRY: (
        "POST /v1/telemetry/events",
        "POST /v1/telemetry/metrics/{metric_name}",
        "POST /v1/telemetry/spans",
        "POST /v1/telemetry/spans/export",
        "POST /v1/telemetry/spans/{span_id}/tree",
        "POST /v1/telemetry/traces",
        "GET /v1/telemetry/traces/{trace_id}",
        "GET /v1/telemetry/traces/{trace_id}/spans/{span_id}",
    ),
    _SKILLS: (
        "POST /v1alpha/skills",
        "GET /v1alpha/skills/{skill_id}",
        "POST /v1alpha/skills/{skill_id}",
        "DELETE /v1alpha/skills/{skill_id}",
        "GET /v1alpha/skills/{skill_id}/content",
        "GET /v1alpha/skills/{skill_id}/versions",
        "POST /v1alpha/skills/{skill_id}/versions",
        "GET /v1alpha/skills/{skill_id}/versions/{version}",
        "DELETE /v1alpha/skills/{skill_id}/versions/{version}",
        "GET /v1alpha/skills/{skill_id}/versions/{version}/content",
    ),
    _PROCESSORS: (
        "POST /v1alpha/file-processors/process",
        "POST /v1alpha/file-processors/jobs",
        "GET /v1alpha/file-processors/jobs",
        "GET /v1alpha/file-processors/jobs/{job_id}",
        "POST /v1alpha/file-processors/jobs/{job_id}/cancel",
    ),
}
"""Methods and paths by the hint that is given."""


def _refusal(hint: str) -> Callable[[Request], Awaitable[None]]:
    async def refuse(request: Request) -> None:
        raise NotOfferedError(f"{request.method} {request.url.path} is not offered here.", hint=hint)

    return refuse


def _add(target: Router, route: str, hint: str) -> None:
    method, path = route.split(" ")
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    target.add_api_route(
        path,
        _refusal(hint),
        methods=[method],
        summary=f"{method} {path} (not offered)",
        description=hint,
        operation_id=f"not_offered_{method.lower()}_{re.sub('[^a-z0-9]+', '_', path).strip('_')}",
        status_code=501,
        response_model=None,
        responses=dialect_failures(501),
        openapi_extra={"parameters": parameters},
    )


for refused_hint, refused_routes in NOT_OFFERED.items():
    for refused_route in refused_routes:
        _add(router, refused_route, refused_hint)
