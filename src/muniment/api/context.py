"""What routes are given: the workspace, the settings, the ways an error can look in the document."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request
from pydantic import RootModel

from muniment.api.dialects.base import DetailBody, Dialect, InvalidBody, MessageBody
from muniment.api.dialects.choice import dialect_of
from muniment.api.dialects.openai import OpenAIErrorBody
from muniment.api.opening import Opening
from muniment.api.wire import ErrorBody
from muniment.collections.services import ServedWorkspace, Services
from muniment.collections.workspace import Workspace
from muniment.errors import NotOfferedError
from muniment.settings import Settings


async def _opening(request: Request) -> Opening:
    opening: Opening = request.app.state.opening
    return opening


async def _workspace(request: Request) -> Workspace:
    return (await _opening(request)).workspace


async def _served(request: Request) -> ServedWorkspace:
    workspace = await _workspace(request)
    if not hasattr(workspace, "services"):
        raise NotOfferedError("This server keeps no stores and files.", hint="Run `muniment serve`.")
    return cast(ServedWorkspace, workspace)


async def services_of(request: Request) -> Services:
    """Stores, files and the rest; NotOfferedError where there are none."""
    return (await _served(request)).services


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _dialect(request: Request) -> Dialect:
    return dialect_of(request.scope)


OpeningOf = Annotated[Opening, Depends(_opening)]
WorkspaceOf = Annotated[Workspace, Depends(_workspace)]
ServedOf = Annotated[ServedWorkspace, Depends(_served)]
ServicesOf = Annotated[Services, Depends(services_of)]
SettingsOf = Annotated[Settings, Depends(_settings)]
DialectOf = Annotated[Dialect, Depends(_dialect)]


class DialectErrorBody(RootModel[OpenAIErrorBody | DetailBody | InvalidBody | MessageBody]):
    """The body of an error in the request's dialect: OpenAI's, two of Llama Stack's, or OGX's."""


Responses = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "What was sent cannot be used.",
    403: "A page of another site sent it.",
    404: "The named thing does not exist.",
    409: "It exists, but not as asked for.",
    413: "Larger than a stated limit.",
    415: "No parser reads this kind of file.",
    422: "A field is missing, unknown or of the wrong type.",
    500: "The server failed; the request id finds it in the log.",
    501: "This route is known, and not offered here.",
    503: "Something needed does not answer, or the server is still starting.",
    504: "Something needed did not answer in time.",
    507: "The server's storage failed, such as a full disk.",
}


def failures(*statuses: int) -> Responses:
    """The native error responses a route can give, for the OpenAPI document."""
    return {status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in (*statuses, 500)}


def dialect_failures(*statuses: int) -> Responses:
    """The same for routes whose errors have the shape of the request's dialect."""
    named: Responses = {
        status: {"model": DialectErrorBody, "description": _MEANINGS[status]} for status in (*statuses, 500)
    }
    return {**named, "default": {"model": DialectErrorBody, "description": "Any other error."}}


def event_stream(description: str) -> dict[str, Any]:
    """A server-sent events body, for the OpenAPI document; as is usual, the schema is that of one event."""
    text = {"type": "string"}
    event = {"type": "object", "description": description, "properties": {"event": text, "data": text}}
    return {"text/event-stream": {"schema": event}}
