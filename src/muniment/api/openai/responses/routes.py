"""Responses: make, read, list, cancel and forget them."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse
from fastapi.responses import Response as HttpResponse
from sse_starlette import ServerSentEvent

from muniment.api.context import (
    DialectOf,
    ServedOf,
    ServicesOf,
    SettingsOf,
    dialect_failures,
    event_stream,
)
from muniment.api.dialects.base import Dialect
from muniment.api.mcp import McpClientOf, McpGroupsOf
from muniment.api.named_models import NamedModelsOf
from muniment.api.openai.paging import MAX_LIMIT, Order, Paging
from muniment.api.openai.prompts.kept import KeptPrompts
from muniment.api.openai.responses.kept import KeptResponses, unknown_item
from muniment.api.openai.responses.named_servers import NamedServers
from muniment.api.openai.responses.objects import (
    FileSearchCall,
    IncompleteDetails,
    ItemPage,
    McpCall,
    OutputItem,
    Response,
    ResponseDeleted,
    ResponsePage,
    ResponseWithInput,
    error_text,
)
from muniment.api.openai.responses.plan import Planner
from muniment.api.openai.responses.requests import ResponseRequest
from muniment.api.openai.responses.running import UNFINISHED, BackgroundResponses, Runner, new_response
from muniment.api.openai.responses.steps import Maker
from muniment.api.openai.responses.stream_events import StreamEvent
from muniment.api.routing import Router
from muniment.api.safety import ShieldsOf
from muniment.api.streaming import event_response, last_event, sent_event, until_disconnect
from muniment.errors import ConflictError, InputError, MunimentError, NotOfferedError
from muniment.types import JsonObject

router = Router(prefix="/responses", tags=["responses"])

Shape = TypeVar("Shape", bound=Response)

RESULTS = "file_search_call.results"
EVENTS = (
    "With `stream`: OpenAI's events, from `response.created` to `response.completed`, `response.incomplete` "
    "or `response.failed`; `sequence_number` counts them."
)

Include = Annotated[list[str] | None, Query(description=f"`{RESULTS}` shows what searches found.")]
IncludeInBrackets = Annotated[list[str] | None, Query(alias="include[]", description="The same.")]
After = Annotated[str | None, Query(description="Id of the last entry of the page before.")]
Before = Annotated[str | None, Query(description="Id of the first entry of the page behind.")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most entries of the page.")]
Sort = Annotated[Order, Query(description="Newest first, or oldest first.")]


async def _kept(services: ServicesOf) -> KeptResponses:
    return KeptResponses(services.resources)


async def _background(request: Request) -> BackgroundResponses:
    background: BackgroundResponses = request.app.state.background
    return background


async def _planner(
    workspace: ServedOf,
    settings: SettingsOf,
    models: NamedModelsOf,
    services: ServicesOf,
    client: McpClientOf,
    groups: McpGroupsOf,
    shields: ShieldsOf,
    dialect: DialectOf,
) -> Planner:
    kept, prompts = KeptResponses(services.resources), KeptPrompts(services.resources)
    servers = NamedServers(client, groups, needs_approval=dialect.mcp_needs_approval)
    return Planner(workspace, settings, models, kept, prompts, servers, shields)


async def _runner(
    workspace: ServedOf, settings: SettingsOf, services: ServicesOf, client: McpClientOf
) -> Runner:
    return Runner(Maker(workspace, settings, client), KeptResponses(services.resources))


KeptOf = Annotated[KeptResponses, Depends(_kept)]
BackgroundOf = Annotated[BackgroundResponses, Depends(_background)]
PlannerOf = Annotated[Planner, Depends(_planner)]
RunnerOf = Annotated[Runner, Depends(_runner)]


@router.post(
    "",
    summary="Answer a conversation, from documents, with functions and tools of MCP servers",
    operation_id="create_response",
    response_model=Response,
    responses={
        **dialect_failures(400, 403, 404, 413, 501, 503, 504, 507),
        200: {"description": "The response; events when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def create_response(
    asked: ResponseRequest,
    request: Request,
    planner: PlannerOf,
    runner: RunnerOf,
    kept: KeptOf,
    background: BackgroundOf,
    dialect: DialectOf,
) -> HttpResponse:
    """Every verified citation is an annotation whose field `muniment` leads to page, box and characters.

    The message's field `muniment` is the whole answer as `POST /v1/answers` gives it.
    """
    plan = await planner.plan(asked)
    include = asked.include or ()
    if asked.background and not asked.stream:
        if not asked.kept:
            raise InputError(
                "`background` needs `store`: otherwise nobody could ask for the response.",
                hint="Leave `store` out.",
            )
        response = new_response(plan).model_copy(update={"status": "queued"})
        await kept.keep(response, plan.new_items)
        background.start(runner, plan, response)
        return _sent(response, dialect, include)
    events = runner.events(plan, live=bool(asked.stream))
    if not asked.stream:
        last = await until_disconnect(request, last_event(events))
        assert last.response is not None
        return _sent(last.response, dialect, include)

    def encode(event: StreamEvent) -> list[ServerSentEvent]:
        return [sent_event(_shown_event(event, dialect, include).data(), event.type)]

    def on_error(error: MunimentError) -> list[ServerSentEvent]:
        return [sent_event(dialect.stream_error(error).model_dump_json(), "error")]

    return await event_response(request, events, encode, on_error)


@router.get(
    "",
    summary="Responses that were kept",
    operation_id="list_responses",
    response_model=ResponsePage,
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_responses(
    kept: KeptOf,
    background: BackgroundOf,
    dialect: DialectOf,
    after: After = None,
    limit: Limit = 50,
    order: Sort = "desc",
    model: Annotated[str | None, Query(description="Only those of the model.")] = None,
) -> HttpResponse:
    """With the items that were sent for each."""
    page = await kept.page(Paging(after, None, limit, order), model)
    data = tuple(_shown(background.seen(one), dialect, ()) for one in page.items)
    first, last = (data[0].id, data[-1].id) if data else ("", "")
    listed = ResponsePage(data=data, has_more=page.has_more, first_id=first, last_id=last)
    return JSONResponse(listed.model_dump(mode="json"))


@router.get(
    "/{response_id}",
    summary="One response",
    operation_id="get_response",
    response_model=Response,
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_response(
    response_id: str,
    kept: KeptOf,
    background: BackgroundOf,
    dialect: DialectOf,
    include: Include = None,
    include_: IncludeInBrackets = None,
    stream: Annotated[bool, Query(description="Not offered: ask again for a response's end.")] = False,
) -> HttpResponse:
    """Also while it is being made in the background."""
    response = background.seen(await kept.get(response_id))
    if stream:
        raise NotOfferedError(
            "A kept response is not sent as events.", hint="Ask without `stream`, again until it is finished."
        )
    return _sent(_plain(response), dialect, (*(include or ()), *(include_ or ())))


@router.delete(
    "/{response_id}",
    summary="Forget a response",
    operation_id="delete_response",
    responses=dialect_failures(400, 403, 404, 501, 503, 507),
)
async def delete_response(response_id: str, kept: KeptOf, background: BackgroundOf) -> ResponseDeleted:
    """One that is being made is stopped first."""
    await kept.get(response_id)
    await background.cancel(response_id)
    await kept.remove(response_id)
    return ResponseDeleted(id=response_id)


@router.post(
    "/{response_id}/cancel",
    summary="Stop a response that is made in the background",
    operation_id="cancel_response",
    response_model=Response,
    responses=dialect_failures(400, 403, 404, 409, 501, 503, 507),
)
async def cancel_response(
    response_id: str, kept: KeptOf, background: BackgroundOf, dialect: DialectOf
) -> HttpResponse:
    """One that is finished stays as it is."""
    response = await kept.get(response_id)
    if not response.background:
        raise ConflictError(
            f"Cannot cancel response {response_id[:100]!r}: it is not made in the background.",
            code="not_in_background",
            hint="Close the connection to stop a response that is awaited.",
        )
    if response.status in UNFINISHED and await background.cancel(response_id):
        response = await kept.get(response_id)
        if response.status in UNFINISHED:
            cancelled = _plain(response).model_copy(update={"status": "cancelled"})
            await kept.keep(cancelled, response.input)
            return _sent(cancelled, dialect, ())
    return _sent(_plain(background.seen(response)), dialect, ())


@router.get(
    "/{response_id}/input_items",
    summary="What a response was made from",
    operation_id="list_input_items",
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_input_items(
    response_id: str,
    kept: KeptOf,
    after: After = None,
    before: Before = None,
    limit: Limit = 20,
    order: Sort = "desc",
    include: Include = None,
) -> ItemPage:
    """Its own items, and those of the responses it continues."""
    items = await kept.input_items(response_id)
    return ItemPage.of(items, Paging(after, before, limit, order), unknown_item)


def _shown_event(event: StreamEvent, dialect: Dialect, include: Iterable[str]) -> StreamEvent:
    changes: JsonObject = {}
    if event.response is not None:
        changes["response"] = _shown(event.response, dialect, include)
    if event.item is not None:
        changes["item"] = _shown_item(event.item, dialect, shows_results=_shows_results(dialect, include))
    return event.model_copy(update=changes) if changes else event


def _sent(response: Response, dialect: Dialect, include: Iterable[str]) -> HttpResponse:
    return JSONResponse(_shown(response, dialect, include).model_dump(mode="json"))


def _shown(response: Shape, dialect: Dialect, include: Iterable[str]) -> Shape:
    """The response in the dialect: what its searches found, errors, and why it is incomplete."""
    if response.incomplete_details is not None:
        details = IncompleteDetails(reason=dialect.cut_reason)
        response = response.model_copy(update={"incomplete_details": details})
    shows_results = _shows_results(dialect, include)
    output = tuple(_shown_item(item, dialect, shows_results=shows_results) for item in response.output)
    return response.model_copy(update={"output": output})


def _shown_item(item: OutputItem, dialect: Dialect, *, shows_results: bool) -> OutputItem:
    if isinstance(item, FileSearchCall) and not shows_results:
        return item.model_copy(update={"results": None})
    if isinstance(item, McpCall) and item.error is not None and dialect.mcp_errors_are_text:
        return item.model_copy(update={"error": error_text(item.error)})
    return item


def _shows_results(dialect: Dialect, include: Iterable[str]) -> bool:
    return dialect.always_shows_results or RESULTS in include


def _plain(response: ResponseWithInput) -> Response:
    return Response.model_validate(response.model_dump(exclude={"input"}))
