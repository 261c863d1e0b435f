"""Turns of agents: begun, resumed with what the client's tools answered, kept."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from muniment.agents.answering import Answerers, ByChecking
from muniment.agents.checked_turn import CheckedTurn
from muniment.agents.conversation import asked, history, steps_taken
from muniment.agents.events import StepCompleted, TurnEnded, TurnEvent, TurnStarted
from muniment.agents.evidence import EvidenceCheck
from muniment.agents.guarded_turn import GuardedTurn
from muniment.agents.model_turn import ModelTurn
from muniment.agents.records import Records
from muniment.agents.steps import BegunStep, Outcome
from muniment.agents.values import (
    AgentSettings,
    Completion,
    InputMessage,
    Session,
    Step,
    StepKind,
    StopReason,
    ToolGroup,
    ToolResponse,
    ToolStep,
    Turn,
    text_of,
)
from muniment.collections.services import ServedWorkspace
from muniment.errors import ConflictError, InputError, NotOfferedError
from muniment.mcp.tool_groups import McpToolGroups
from muniment.safety.shields import Shields
from muniment.types import Answer

_NOTHING_YET = Completion("", StopReason.END_OF_TURN)


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a client asks in a turn; fields as in ``Turn``."""

    messages: tuple[InputMessage, ...]
    documents: str = ""
    tool_groups: tuple[ToolGroup, ...] | None = None
    tool_choice: str | None = None


class Turns:
    """Runs turns over a workspace.

    Args:
        generators: names of all generators.
        groups: tool groups of MCP servers.
        shields: all that agents may name.
        written: an answer as text, its sources included.
        most_chars: of a question that is searched for.
    """

    def __init__(
        self,
        workspace: ServedWorkspace,
        records: Records,
        generators: Collection[str],
        groups: McpToolGroups,
        shields: Shields,
        written: Callable[[Answer], str],
        most_chars: int,
    ) -> None:
        self._workspace = workspace
        self._records = records
        self._answerers = Answerers(workspace, generators, groups, most_chars)
        self._shields = shields
        self._written = written
        self._most_chars = most_chars

    async def begin(
        self, agent: AgentSettings, session: Session, request: TurnRequest
    ) -> AsyncGenerator[TurnEvent, None]:
        """A new turn; everything that is wrong with the request is raised before its first event.

        Raises:
            NotFoundError, InputError: as ``Answerers.find``.
            NotOfferedError: documents for a turn without a language model; a shield without its own.
        """
        now = datetime.now(UTC)
        turn = Turn(
            turn_id=str(uuid4()),
            session_id=session.session_id,
            messages=request.messages,
            steps=(),
            output=_NOTHING_YET,
            started_at=now,
            completed_at=now,
            documents=request.documents,
            tool_groups=request.tool_groups,
            tool_choice=request.tool_choice,
        )
        earlier = await self._records.turns(session.session_id)
        making = await self._guarded(agent, turn, await self._making(agent, turn, earlier), is_new=True)
        return self._run(making, turn, is_new=True)

    async def resume(
        self, agent: AgentSettings, session: Session, turn_id: str, responses: Sequence[ToolResponse]
    ) -> AsyncGenerator[TurnEvent, None]:
        """A turn goes on with what the client's tools answered.

        A complete turn goes on too: clients that read tool calls out of the model's text answer such calls.

        Raises:
            NotFoundError: ``unknown_turn``, and as ``begin``.
            InputError: ``invalid_tool_responses``.
            ConflictError: ``turn_over``: another turn followed, or no language model is there to go on.
        """
        turn = await self._records.turn(session.agent_id, session.session_id, turn_id)
        turns = await self._records.turns(session.session_id)
        if turns[-1].turn_id != turn_id:
            raise _over(turn_id, "other turns have followed")
        _check_responses(turn, responses)
        done = _executed(turn, tuple(responses))
        turn = replace(turn, steps=(*turn.steps, done), waiting=None)
        making = await self._making(agent, turn, turns[:-1])
        if isinstance(making, CheckedTurn):
            raise _over(turn_id, "no language model reads what tools answer")
        return self._run(await self._guarded(agent, turn, making, is_new=False), turn, is_new=False)

    async def _guarded(
        self, agent: AgentSettings, turn: Turn, making: ModelTurn | CheckedTurn, *, is_new: bool
    ) -> ModelTurn | CheckedTurn | GuardedTurn:
        """The turn with the agent's shields around it, where it has any; errors as ``Shields.find``."""
        before = [await self._shields.find(name) for name in (agent.input_shields if is_new else ())]
        after = [await self._shields.find(name) for name in agent.output_shields]
        if not before and not after:
            return making
        said = [("user", text_of(message.content)) for message in turn.messages]
        if turn.documents:
            said[-1] = ("user", f"{said[-1][1]}\n\n{turn.documents}")
        return GuardedTurn(turn.turn_id, making, said, before, after)

    async def _making(
        self, agent: AgentSettings, turn: Turn, earlier: Sequence[Turn]
    ) -> ModelTurn | CheckedTurn:
        if turn.tool_choice is not None:
            agent = replace(agent, tool_choice=turn.tool_choice)
        groups = agent.tool_groups if turn.tool_groups is None else turn.tool_groups
        by = await self._answerers.find(agent, groups)
        if isinstance(by, ByChecking):
            if turn.documents:
                raise _no_documents(agent.model)
            question = self._question(turn)
            return CheckedTurn(
                turn.turn_id, self._workspace, question, by.search, by.generator, self._written
            )
        messages = history(agent.instructions, earlier)
        messages += asked(turn.messages, turn.documents)
        messages += steps_taken(turn.steps)
        return ModelTurn(
            turn_id=turn.turn_id,
            agent=agent,
            chat=by.chat,
            messages=messages,
            question=turn.question,
            search=by.search,
            tools=by.tools,
            check=EvidenceCheck(self._workspace),
            iterations=turn.iterations,
            found=list(turn.found),
        )

    async def _run(
        self, making: ModelTurn | CheckedTurn | GuardedTurn, turn: Turn, *, is_new: bool
    ) -> AsyncGenerator[TurnEvent, None]:
        yield TurnStarted(turn.turn_id) if is_new else StepCompleted(turn.steps[-1])
        steps: list[Step] = list(turn.steps)
        async with aclosing(making.events()) as events:
            async for event in events:
                if isinstance(event, Outcome):
                    turn = _ended(turn, steps, event)
                    break
                if isinstance(event, StepCompleted):
                    steps.append(event.step)
                yield event
        await self._records.keep_turn(turn)
        yield TurnEnded(turn)

    def _question(self, turn: Turn) -> str:
        question = turn.question.strip()
        if not question:
            raise InputError("The question is empty.", code="question_empty", hint="Ask in words.")
        if len(question) > self._most_chars:
            raise InputError(
                f"The question has {len(question)} characters; at most {self._most_chars} are taken.",
                code="question_too_long",
                hint="Ask a shorter question, or raise server.max_question_chars.",
            )
        return question


def _ended(turn: Turn, steps: Sequence[Step], outcome: Outcome) -> Turn:
    return replace(
        turn,
        steps=tuple(steps),
        output=outcome.output,
        completed_at=datetime.now(UTC),
        iterations=outcome.iterations,
        waiting=outcome.waiting,
        found=outcome.found,
        answer=outcome.answer,
    )


def _executed(turn: Turn, responses: tuple[ToolResponse, ...]) -> ToolStep:
    waiting = turn.waiting or BegunStep(turn.turn_id, StepKind.TOOL_EXECUTION).waiting(())
    return replace(waiting, completed_at=datetime.now(UTC), tool_responses=responses)


def _check_responses(turn: Turn, responses: Sequence[ToolResponse]) -> None:
    waits_for = [call.call_id for call in turn.waiting.tool_calls] if turn.waiting else []
    given = [response.call_id for response in responses]
    missing = [call_id for call_id in waits_for if call_id not in given]
    unknown = [call_id for call_id in given if turn.waiting and call_id not in waits_for]
    if missing or unknown or not given or len(set(given)) < len(given):
        wrong = f"missing: {', '.join(missing)}" if missing else f"given: {', '.join(given) or 'none'}"
        raise InputError(
            f"The tool responses are not those that turn {turn.turn_id!r} waits for ({wrong[:300]}).",
            code="invalid_tool_responses",
            hint=f"Send one response for each of: {', '.join(waits_for) or 'the calls in its text'}.",
        )


def _over(turn_id: str, why: str) -> ConflictError:
    return ConflictError(
        f"Turn {turn_id!r} cannot go on: {why}.", code="turn_over", hint="Create a new turn in the session."
    )


def _no_documents(model: str) -> NotOfferedError:
    return NotOfferedError(
        f"Model {model!r} answers from stores and reads no documents that come with a turn.",
        hint="Put them into a store, or use an agent whose model is a language model.",
    )
