"""OpenAI's own API."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel

import muniment
from muniment.api.dialects.base import Dialect, full_message
from muniment.api.wire.base import ErrorDetail
from muniment.errors import MunimentError
from muniment.settings.model import DialectName

MODEL_CODES = ("unknown_model", "model_required")


class OpenAIErrorDetail(BaseModel):
    """What went wrong, in OpenAI's words."""

    message: str
    type: str
    param: str | None = None
    code: str


class OpenAIErrorBody(BaseModel):
    """The body of every error."""

    error: OpenAIErrorDetail


class UnknownRouteDetail(ErrorDetail):
    """OpenAI's fields and the native ones: nobody knows which client came here."""

    type: str = "invalid_request_error"
    param: None = None


class UnknownRouteBody(BaseModel):
    """The body of the error on routes that there are not."""

    error: UnknownRouteDetail


def openai_body(error: MunimentError) -> OpenAIErrorBody:
    """OpenAI's body; the hint stands behind the message because there is no field for it."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    param = "model" if error.code in MODEL_CODES else None
    detail = OpenAIErrorDetail(message=full_message(error), type=kind, param=param, code=error.code)
    return OpenAIErrorBody(error=detail)


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenAI(Dialect):
    """Every default; what is unknown is a 404 everywhere."""

    family: ClassVar[str] = "openai"

    def error_body(self, error: MunimentError, path: str, request_id: str) -> BaseModel:
        """``{"error": {"message", "type", "param", "code"}}``."""
        if error.code != "unknown_route":
            return openai_body(error)
        return UnknownRouteBody(
            error=UnknownRouteDetail(
                code=error.code, message=error.message, hint=error.hint, request_id=request_id
            )
        )

    def stream_error(self, error: MunimentError) -> BaseModel:
        """The same body as without a stream."""
        return openai_body(error)


OPENAI = OpenAI(name=DialectName.OPENAI, version=muniment.__version__, always_shows_results=False)
