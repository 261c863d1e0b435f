"""Turns errors into responses: the native body on Muniment's own paths, elsewhere the request's dialect's."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from muniment.api.dialects.base import Problem, is_below
from muniment.api.dialects.choice import dialect_of
from muniment.api.wire import ErrorBody, ErrorDetail
from muniment.errors import InputError, MunimentError, NotFoundError, NotOfferedError

NATIVE_PATHS = (
    "/v1/answers",
    "/v1/search",
    "/v1/collections",
    "/v1/plans",
    "/v1/runs",
    "/v1/health",
    "/v1/ready",
)
"""Muniment's own, with what is below them; their errors do not depend on who asks."""

logger = logging.getLogger(__name__)


class LimitExceeded(HTTPException):
    """A MunimentError that FastAPI lets through while it reads a body."""

    def __init__(self, error: MunimentError) -> None:
        super().__init__(error.status, error.message)
        self.error = error


class InvalidRequestError(InputError):
    """The body or a parameter has the wrong shape."""

    status = 422
    default_code = "invalid_request"


def internal_error() -> MunimentError:
    """What the outside hears of an error nobody foresaw."""
    return MunimentError(
        "The server failed on this request.",
        code="internal_error",
        hint="Look for the request id in the server's log.",
    )


def reported(error: Exception) -> MunimentError:
    """The error as the outside hears of it where it does not end the request; the log has it whole."""
    if isinstance(error, MunimentError):
        logger.error("%s: %s", error.code, error.message)
        return error
    logger.error("A part of a request failed", exc_info=error)
    return internal_error()


def native_body(error: MunimentError, request_id: str) -> ErrorBody:
    """The native dialect's body."""
    detail = ErrorDetail(code=error.code, message=error.message, hint=error.hint, request_id=request_id)
    return ErrorBody(error=detail)


def render(error: MunimentError, scope: Scope) -> JSONResponse:
    """The response for an error: native on Muniment's own paths, else in the request's dialect."""
    path, request_id = scope["path"], scope["state"]["request_id"]
    if is_native(path):
        return JSONResponse(native_body(error, request_id).model_dump(), error.status)
    return dialect_of(scope).error_response(error, path, request_id)


def is_native(path: str) -> bool:
    """Whether the path is one of Muniment's own."""
    return path == "/" or is_below(path, *NATIVE_PATHS)


def install(app: FastAPI) -> None:
    """Make every error of ``app`` leave in the shape of its dialect."""
    app.add_exception_handler(MunimentError, _muniment)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)


def _render(request: Request, error: MunimentError) -> JSONResponse:
    if error.status >= 500 and not isinstance(error, NotOfferedError):
        logger.error("%s: %s [%s]", error.code, error.message, request.state.request_id)
    return render(error, request.scope)


async def _muniment(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MunimentError)
    return _render(request, error)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, LimitExceeded):
        return _render(request, error.error)
    response = _render(request, _named(error, request))
    response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response


def _named(error: HTTPException, request: Request) -> MunimentError:
    path = request.url.path
    if error.status_code == 404:
        hint = "GET /openapi.json lists every route."
        return NotFoundError(f"There is no route {path!r}.", code="unknown_route", hint=hint)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"{request.method} is not possible on {path!r}."
        return InputError(message, code="method_not_allowed", hint=f"Possible: {allowed}." if allowed else "")
    return InputError(
        str(error.detail), code="invalid_body", hint="Send JSON with Content-Type application/json."
    )


async def _validation(request: Request, invalid: Exception) -> JSONResponse:
    assert isinstance(invalid, RequestValidationError)
    found = invalid.errors()
    error = _invalid_json(found[0]) if _is_no_json(found) else _invalid_shape(found)
    scope = request.scope
    if is_native(scope["path"]):
        return _render(request, error)
    problems = [Problem(tuple(problem["loc"]), str(problem["msg"]), problem["type"]) for problem in found]
    return dialect_of(scope).validation_response(problems, error, scope["path"], scope["state"]["request_id"])


def _is_no_json(problems: Sequence[dict[str, Any]]) -> bool:
    return any(problem["type"] == "json_invalid" for problem in problems)


def _invalid_shape(problems: Sequence[dict[str, Any]]) -> InvalidRequestError:
    listed = "; ".join(_describe(problem) for problem in problems[:5])
    more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
    return InvalidRequestError(f"{listed}{more}.", hint=_validation_hint(problems))


def _invalid_json(problem: dict[str, Any]) -> InputError:
    reason = problem.get("ctx", {}).get("error", "cannot be read")
    message = f"The body is not valid JSON: {reason} at character {problem['loc'][-1]}."
    return InputError(message, code="invalid_json", hint="Send one JSON object.")


def _describe(problem: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in problem["loc"][1:])
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown field"
    if problem["type"] == "missing":
        return f"{where or 'body'}: required, but missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    shown = repr(problem["input"])
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return f"{where or 'body'}: {message} (got {shown})"


def _validation_hint(problems: Sequence[dict[str, Any]]) -> str:
    if problems[0]["loc"] == ("body",):
        return "Send one JSON object with Content-Type application/json."
    return "GET /openapi.json describes what this route takes."
