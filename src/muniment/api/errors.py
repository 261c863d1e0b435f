"""Turns errors into bodies: one renderer for the native dialect, one for OpenAI's."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from muniment.api.wire import ErrorBody, ErrorDetail
from muniment.errors import InputError, MunimentError, NotFoundError

OPENAI_PATHS = ("/v1/chat/", "/v1/models")

logger = logging.getLogger(__name__)


class OpenAIErrorDetail(BaseModel):
    """What went wrong, in OpenAI's words."""

    message: str
    type: str
    param: str | None = None
    code: str


class OpenAIErrorBody(BaseModel):
    """The body of every error on OpenAI's routes."""

    error: OpenAIErrorDetail


class UnknownRouteDetail(ErrorDetail):
    """The native detail with OpenAI's fields: a client of either dialect may have come here."""

    type: str = "invalid_request_error"
    param: None = None


class UnknownRouteBody(BaseModel):
    """The body of the error on routes below ``/v1`` that there are not, such as ``/v1/embeddings``."""

    error: UnknownRouteDetail


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


def openai_body(error: MunimentError) -> OpenAIErrorBody:
    """OpenAI's body; the hint stands behind the message because there is no field for it."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    message = f"{error.message} {error.hint}".strip()
    param = "model" if error.code in ("unknown_model", "model_required") else None
    return OpenAIErrorBody(error=OpenAIErrorDetail(message=message, type=kind, param=param, code=error.code))


def render(error: MunimentError, path: str, request_id: str) -> JSONResponse:
    """The response for an error, in the dialect of the route it happened on."""
    body: BaseModel = native_body(error, request_id)
    if path.startswith(OPENAI_PATHS):
        body = openai_body(error)
    elif path.startswith("/v1/") and error.code == "unknown_route":
        body = UnknownRouteBody(error=UnknownRouteDetail(**native_body(error, request_id).error.model_dump()))
    return JSONResponse(body.model_dump(), error.status)


def install(app: FastAPI) -> None:
    """Make every error of ``app`` leave in the shape of its dialect."""
    app.add_exception_handler(MunimentError, _muniment)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)


def _render(request: Request, error: MunimentError) -> JSONResponse:
    if error.status >= 500:
        logger.error("%s: %s [%s]", error.code, error.message, request.state.request_id)
    return render(error, request.url.path, request.state.request_id)


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
        hint = (
            "GET /openapi.json lists every route; of OpenAI's there are /v1/chat/completions and /v1/models."
        )
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
    problems = invalid.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return _render(request, _invalid_json(problems[0]))
    kind = InputError if request.url.path.startswith(OPENAI_PATHS) else InvalidRequestError
    listed = "; ".join(_describe(problem) for problem in problems[:5])
    more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
    error = kind(f"{listed}{more}.", code="invalid_request", hint=_validation_hint(problems))
    return _render(request, error)


def _invalid_json(problem: dict[str, Any]) -> InputError:
    reason = problem.get("ctx", {}).get("error", "cannot be read")
    message = f"The body is not valid JSON: {reason} at character {problem['loc'][-1]}."
    return InputError(message, code="invalid_json", hint="Send one JSON object.")


def _describe(problem: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query", "path"))
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
