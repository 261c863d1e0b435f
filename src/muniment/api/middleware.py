"""What every request passes through: its id and dialect, the limits on its body, safe headers, the log."""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from muniment.api.dialects.choice import DialectChooser, remember
from muniment.api.errors import LimitExceeded, internal_error, render
from muniment.errors import MunimentError, TooLargeError, UnavailableError
from muniment.settings.model import DialectName

MB = 1024 * 1024
MAX_JSON_BYTES = 2 * MB
"""Above the longest question anybody could have meant, so that a 1 MB one is told so."""
LARGE_JSON_PATHS = ("/v1/vector-io/insert", "/v1/tool-runtime/rag-tool/insert", "/v1/tool-runtime/invoke")
"""Take chunks with their embeddings, or documents, as JSON: as large as an upload."""
_QUALITY = re.compile(r"/v1/collections/[^/]+/quality")
"""Takes reports with a passage of every kind for each question."""
MULTIPART_OVERHEAD = 64 * 1024

PROBES = ("/v1/health", "/v1/ready")
"""Asked every few seconds by machines; logged only when debugging."""

SHUTDOWN = "graceful shutdown"
"""What uvicorn says when it cancels a request because the server stops."""

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

logger = logging.getLogger("muniment.access")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class CrossSiteError(MunimentError):
    """A page of another site made the reader's browser send this."""

    status = 403
    default_code = "cross_site_request"


def _is_shutdown(cancelled: BaseException) -> bool:
    """Whether the server's end is behind it; one that is cancelled twice says so only the first time."""
    reason: BaseException | None = cancelled
    while reason is not None:
        if SHUTDOWN in str(reason):
            return True
        reason = reason.__context__
    return False


class RequestContext:
    """Gives a request its id and dialect, logs it, and turns what nobody caught into a bare 500."""

    def __init__(self, app: ASGIApp, dialect: DialectName) -> None:
        self._app = app
        self._chooser = DialectChooser(dialect)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on; other kinds as they are."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        remember(scope, self._chooser.choose(headers, scope["path"]))
        sent = _Sent(send, request_id)
        started = time.perf_counter()
        try:
            await self._handle(scope, receive, sent)
        finally:
            spent = (time.perf_counter() - started) * 1000
            status = sent.status or "gone"
            level = logging.DEBUG if scope["path"] in PROBES else logging.INFO
            line = "%s %s %s %.0f ms [%s]"
            logger.log(level, line, scope["method"], scope["path"], status, spent, request_id)

    async def _handle(self, scope: Scope, receive: Receive, sent: "_Sent") -> None:
        request_id = scope["state"]["request_id"]
        error: MunimentError
        try:
            _refuse_cross_site(scope)
            await self._app(scope, receive, sent)
            return
        except ClientDisconnect:
            return
        except asyncio.CancelledError as cancelled:
            if not _is_shutdown(cancelled):
                raise
            error = _stopping()
        except CrossSiteError as refused:
            error = refused
        except Exception:
            logger.exception("%s %s failed [%s]", scope["method"], scope["path"], request_id)
            error = internal_error()
        if sent.status is None:
            await render(error, scope)(scope, receive, sent)


class _Sent:
    """Passes messages on with our headers on the first, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


class BodyLimit:
    """Refuses bodies over a limit while they arrive: before anything is parsed or kept whole."""

    def __init__(self, app: ASGIApp, max_upload_mb: int) -> None:
        self._app = app
        self._max_upload = max_upload_mb * MB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on; other kinds as they are."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").startswith("multipart/form-data")
        if is_upload or scope["path"] in LARGE_JSON_PATHS or _QUALITY.fullmatch(scope["path"]):
            limit, error = self._max_upload + MULTIPART_OVERHEAD, self._upload_too_large
        else:
            limit, error = MAX_JSON_BYTES, _json_too_large
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            await self._refuse(error(), scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit, error), send)

    def _upload_too_large(self) -> TooLargeError:
        return TooLargeError(
            f"The upload is larger than {self._max_upload // MB} MB.",
            hint="Send fewer or smaller files, or raise server.max_upload_mb.",
        )

    async def _refuse(self, error: MunimentError, scope: Scope, receive: Receive, send: Send) -> None:
        response: JSONResponse = render(error, scope)
        response.headers["Connection"] = "close"
        await response(scope, receive, send)


def _stopping() -> UnavailableError:
    return UnavailableError(
        "The server stopped before it was done.", code="stopping", hint="Ask again when it runs."
    )


def _json_too_large() -> TooLargeError:
    return TooLargeError(
        f"The body is larger than {MAX_JSON_BYTES // MB} MB.", hint="Upload documents as multipart/form-data."
    )


def _counted(receive: Receive, limit: int, error: Callable[[], MunimentError]) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise LimitExceeded(error())
        return message

    return counted


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else uuid4().hex


def _refuse_cross_site(scope: Scope) -> None:
    """A foreign page may not change anything here, which browsers would otherwise let it try."""
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return
    if Headers(scope=scope).get("sec-fetch-site") == "cross-site":
        raise CrossSiteError(
            "A page of another site may not send this.",
            hint="Call the server from its own page or a program.",
        )
