"""The routes of agents; below ``/v1`` and, as from Llama Stack 0.3 on, below ``/v1alpha``."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import Field, StrictBool

from muniment.agents.events import TurnEnded, TurnEvent
from muniment.agents.mcp_tools import check_tool_groups
from muniment.agents.records import Records
from muniment.agents.turns import TurnRequest, Turns
from muniment.agents.values import AgentSettings
from muniment.api.context import (
    DialectOf,
    ServedOf,
    ServicesOf,
    SettingsOf,
    dialect_failures,
    event_stream,
)
from muniment.api.dialects.base import Dialect
from muniment.api.llama_stack.agents.config import AgentConfig, AgentToolConfig, ToolGroupWire, tool_groups_of
from muniment.api.llama_stack.agents.content import MessageWire, ToolResponseWire, message_of
from muniment.api.llama_stack.agents.documents import DocumentWire, document_text
from muniment.api.llama_stack.agents.shapes import (
    AgentCreated,
    AgentPage,
    AgentWire,
    Deleted,
    SessionCreated,
    SessionPage,
    SessionWire,
    StepResponse,
    TurnWire,
    step_wire,
)
from muniment.api.llama_stack.agents.storable import Storable
from muniment.api.llama_stack.agents.stream import TurnStream
from muniment.api.llama_stack.provider_data import McpToolGroupsOf
from muniment.api.marking import marked
from muniment.api.routing import Router
from muniment.api.safety import ShieldsOf
from muniment.api.sources import sources_text
from muniment.api.streaming import event_response, last_event, until_disconnect
from muniment.errors import NotFoundError
from muniment.settings.model import DEFAULT_GENERATOR
from muniment.types import Answer

router = Router(prefix="/agents", tags=["llama-stack"])

Item = TypeVar("Item")

EVENTS = (
    'With `stream`: `{"event": {"payload": …}}`, the payload\'s `event_type` being `turn_start`, then for '
    "each step `step_start`, `step_progress` and `step_complete`, at last `turn_complete` or "
    "`turn_awaiting_input`. Where it breaks off: the error in the request's dialect."
)
TURN_RESPONSES = {
    **dialect_failures(400, 403, 404, 409, 413, 501, 503, 504),
    200: {"description": "The turn; events when `stream` is set.", "content": event_stream(EVENTS)},
}


class CreateAgent(Storable):
    """A new agent."""

    agent_config: AgentConfig


class CreateSession(Storable):
    """A new session."""

    session_name: str


class CreateTurn(Storable):
    """A new turn."""

    messages: tuple[MessageWire, ...] = Field(min_length=1)
    documents: tuple[DocumentWire, ...] | None = None
    """Read by the language model in this turn."""
    toolgroups: tuple[ToolGroupWire, ...] | None = None
    """In place of the agent's."""
    tool_config: AgentToolConfig | None = None
    """In place of the agent's."""
    stream: StrictBool | None = False

    def domain(self) -> TurnRequest:
        """The request it shows; InputError ``unsupported_document``."""
        return TurnRequest(
            messages=tuple(message_of(message) for message in self.messages),
            documents=document_text(self.documents or ()),
            tool_groups=tool_groups_of(self.toolgroups) if self.toolgroups else None,
            tool_choice=self.tool_config.tool_choice if self.tool_config else None,
        )


class ResumeTurn(Storable):
    """What the client's tools answered."""

    tool_responses: tuple[ToolResponseWire, ...]
    stream: StrictBool | None = False


async def _records(services: ServicesOf) -> Records:
    return Records(services.resources)


async def _turns(
    workspace: ServedOf,
    settings: SettingsOf,
    records: Annotated[Records, Depends(_records)],
    groups: McpToolGroupsOf,
    shields: ShieldsOf,
) -> Turns:
    generators = (DEFAULT_GENERATOR, *settings.generators)
    most_chars = settings.server.max_question_chars
    return Turns(workspace, records, generators, groups, shields, _written, most_chars)


def _written(answer: Answer) -> str:
    return marked(answer).text + sources_text(answer)


RecordsOf = Annotated[Records, Depends(_records)]
TurnsOf = Annotated[Turns, Depends(_turns)]
StartIndex = Annotated[int | None, Query(ge=0, description="How many to skip; only heeded with `limit`.")]
Limit = Annotated[int | None, Query(ge=-1, description="How many at most; all when omitted or -1.")]


# -- agents


@router.post(
    "",
    summary="Create an agent",
    operation_id="create_agent",
    responses=dialect_failures(400, 403, 404, 413, 501, 503),
)
async def create_agent(
    created: CreateAgent, records: RecordsOf, groups: McpToolGroupsOf, shields: ShieldsOf
) -> AgentCreated:
    """Keep an agent; its model and stores are looked for, and its MCP servers asked, when a turn begins."""
    wanted = created.agent_config.domain()
    await check_tool_groups(wanted.tool_groups, groups)
    for shield in (*wanted.input_shields, *wanted.output_shields):
        await shields.check(shield)
    agent = await records.create_agent(created.agent_config.model_dump(mode="json"))
    return AgentCreated(agent_id=agent.agent_id)


@router.get("", summary="All agents", operation_id="list_agents", responses=dialect_failures(400, 501, 503))
async def list_agents(records: RecordsOf, start_index: StartIndex = None, limit: Limit = None) -> AgentPage:
    """Oldest first."""
    agents, has_more = _page(await records.agents(), start_index, limit)
    return AgentPage(data=tuple(AgentWire.of(agent) for agent in agents), has_more=has_more)


@router.get(
    "/{agent_id}",
    summary="One agent",
    operation_id="get_agent",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_agent(agent_id: str, records: RecordsOf) -> AgentWire:
    """An agent as it was created."""
    return AgentWire.of(await records.agent(agent_id))


@router.delete(
    "/{agent_id}",
    summary="Delete an agent with its sessions",
    operation_id="delete_agent",
    responses=dialect_failures(400, 403, 404, 501, 503),
)
async def delete_agent(agent_id: str, records: RecordsOf) -> Deleted:
    """Deleted of it is kept."""
    await records.delete_agent(agent_id)
    return Deleted()


# -- sessions


@router.post(
    "/{agent_id}/session",
    summary="Create a session",
    operation_id="create_agent_session",
    responses=dialect_failures(400, 403, 404, 413, 501, 503),
)
async def create_session(agent_id: str, created: CreateSession, records: RecordsOf) -> SessionCreated:
    """Its turns know of each other."""
    session = await records.create_session(agent_id, created.session_name)
    return SessionCreated(session_id=session.session_id)


@router.get(
    "/{agent_id}/sessions",
    summary="An agent's sessions",
    operation_id="list_agent_sessions",
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_sessions(
    agent_id: str, records: RecordsOf, start_index: StartIndex = None, limit: Limit = None
) -> SessionPage:
    """Oldest first, without their turns."""
    sessions, has_more = _page(await records.sessions(agent_id), start_index, limit)
    return SessionPage(data=tuple(SessionWire.of(session) for session in sessions), has_more=has_more)


@router.get(
    "/{agent_id}/session/{session_id}",
    summary="One session with its turns",
    operation_id="get_agent_session",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_session(
    agent_id: str,
    session_id: str,
    records: RecordsOf,
    dialect: DialectOf,
    turn_ids: Annotated[
        list[str] | None, Query(description="Only these turns; repeated, or joined by commas.")
    ] = None,
) -> SessionWire:
    """A session with its turns, oldest first."""
    session = await records.session(agent_id, session_id)
    wanted = {turn_id for joined in turn_ids or () for turn_id in joined.split(",")}
    turns = [turn for turn in await records.turns(session_id) if not wanted or turn.turn_id in wanted]
    as_text = dialect.tool_arguments_are_text
    return SessionWire.of(session, tuple(TurnWire.of(turn, as_text=as_text) for turn in turns))


@router.delete(
    "/{agent_id}/session/{session_id}",
    summary="Delete a session with its turns",
    operation_id="delete_agent_session",
    responses=dialect_failures(400, 403, 404, 501, 503),
)
async def delete_session(agent_id: str, session_id: str, records: RecordsOf) -> Deleted:
    """Deleted of it is kept."""
    await records.delete_session(agent_id, session_id)
    return Deleted()


# -- turns


@router.post(
    "/{agent_id}/session/{session_id}/turn",
    summary="Ask an agent",
    operation_id="create_agent_turn",
    response_model=TurnWire,
    responses=TURN_RESPONSES,
)
async def create_turn(
    agent_id: str,
    session_id: str,
    asked: CreateTurn,
    request: Request,
    records: RecordsOf,
    turns: TurnsOf,
    dialect: DialectOf,
) -> Response | TurnWire:
    """The agent searches its stores, asks its model, and answers.

    `output_message.muniment` holds the checked evidence. A turn that fails is not kept.
    """
    session = await records.session(agent_id, session_id)
    agent = await _settings_of(records, agent_id)
    events = await turns.begin(agent, session, asked.domain())
    return await _sent(request, events, dialect, is_stream=bool(asked.stream))


@router.post(
    "/{agent_id}/session/{session_id}/turn/{turn_id}/resume",
    summary="Go on with what the client's tools answered",
    operation_id="resume_agent_turn",
    response_model=TurnWire,
    responses=TURN_RESPONSES,
)
async def resume_turn(
    agent_id: str,
    session_id: str,
    turn_id: str,
    resumed: ResumeTurn,
    request: Request,
    records: RecordsOf,
    turns: TurnsOf,
    dialect: DialectOf,
) -> Response | TurnWire:
    """One response for each call that the turn waits for; when this fails, it can be tried again."""
    session = await records.session(agent_id, session_id)
    agent = await _settings_of(records, agent_id)
    responses = [response.domain() for response in resumed.tool_responses]
    events = await turns.resume(agent, session, turn_id, responses)
    return await _sent(request, events, dialect, is_stream=bool(resumed.stream))


@router.get(
    "/{agent_id}/session/{session_id}/turn/{turn_id}",
    summary="One turn",
    operation_id="get_agent_turn",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_turn(
    agent_id: str, session_id: str, turn_id: str, records: RecordsOf, dialect: DialectOf
) -> TurnWire:
    """A turn that is complete, or waits for the client's tools."""
    turn = await records.turn(agent_id, session_id, turn_id)
    return TurnWire.of(turn, as_text=dialect.tool_arguments_are_text)


@router.get(
    "/{agent_id}/session/{session_id}/turn/{turn_id}/step/{step_id}",
    summary="One step of a turn",
    operation_id="get_agent_step",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_step(
    agent_id: str, session_id: str, turn_id: str, step_id: str, records: RecordsOf, dialect: DialectOf
) -> StepResponse:
    """An inference, or a tool execution."""
    turn = await records.turn(agent_id, session_id, turn_id)
    for step in turn.steps:
        if step.step_id == step_id:
            return StepResponse(step=step_wire(step, as_text=dialect.tool_arguments_are_text))
    raise NotFoundError(
        f"Turn {turn_id!r} has no step {step_id[:80]!r}.",
        code="unknown_step",
        hint="Get the turn to see its steps.",
    )


async def _settings_of(records: Records, agent_id: str) -> AgentSettings:
    agent = await records.agent(agent_id)
    return AgentConfig.model_validate(agent.config).domain()


async def _sent(
    request: Request, events: AsyncGenerator[TurnEvent, None], dialect: Dialect, *, is_stream: bool
) -> Response | TurnWire:
    if is_stream:
        stream = TurnStream(dialect)
        return await event_response(request, events, stream.encode, stream.on_error)
    ended = await until_disconnect(request, last_event(events))
    assert isinstance(ended, TurnEnded)
    return TurnWire.of(ended.turn, as_text=dialect.tool_arguments_are_text)


def _page(items: Sequence[Item], start_index: int | None, limit: int | None) -> tuple[Sequence[Item], bool]:
    if limit is None or limit < 0:
        return items, False
    start = start_index or 0
    return items[start : start + limit], start + limit < len(items)
