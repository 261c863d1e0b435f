"""Agents, sessions, turns and steps as Llama Stack shows them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import RootModel

from muniment.agents.values import (
    Agent,
    Completion,
    InferenceStep,
    Session,
    ShieldStep,
    Step,
    StopReason,
    ToolStep,
    Turn,
)
from muniment.api.llama_stack.agents.config import AgentConfig
from muniment.api.llama_stack.agents.content import (
    ContentWire,
    MessageWire,
    ToolCallWire,
    ToolResponseWire,
    message_wire,
)
from muniment.api.llama_stack.shields import SafetyViolation
from muniment.api.wire import AnswerWire
from muniment.api.wire.base import Wire
from muniment.safety.shields import Violation


class Deleted(RootModel[None]):
    """The body `null`."""

    root: None = None


class AgentCreated(Wire):
    """The new agent's id."""

    agent_id: str


class AgentWire(Wire):
    """An agent."""

    agent_id: str
    agent_config: AgentConfig
    created_at: datetime

    @classmethod
    def of(cls, agent: Agent) -> "AgentWire":
        """The shape of an agent."""
        config = AgentConfig.model_validate(agent.config)
        return cls(agent_id=agent.agent_id, agent_config=config, created_at=agent.created_at)


class AgentPage(Wire):
    """Some of the agents, oldest first."""

    data: tuple[AgentWire, ...]
    has_more: bool
    url: str | None = None


class SessionCreated(Wire):
    """The new session's id."""

    session_id: str


class AgentCompletionMessage(Wire):
    """What the model said."""

    role: Literal["assistant"] = "assistant"
    content: ContentWire
    stop_reason: StopReason
    tool_calls: tuple[ToolCallWire, ...] = ()

    @classmethod
    def of(cls, completion: Completion, *, as_text: bool) -> "AgentCompletionMessage":
        """The shape of a completion."""
        calls = tuple(ToolCallWire.of(call, as_text=as_text) for call in completion.tool_calls)
        return cls(content=completion.content, stop_reason=completion.stop_reason, tool_calls=calls)


class AgentOutputMessage(AgentCompletionMessage):
    """The answer of a turn."""

    muniment: AnswerWire | None = None
    """The checked evidence, as `POST /v1/answers` gives it; null where the answer rests on no store."""


class InferenceStepWire(Wire):
    """The model was asked."""

    turn_id: str
    step_id: str
    started_at: datetime
    completed_at: datetime | None
    step_type: Literal["inference"] = "inference"
    model_response: AgentCompletionMessage


class ToolExecutionStepWire(Wire):
    """Tools were run."""

    turn_id: str
    step_id: str
    started_at: datetime
    completed_at: datetime | None
    step_type: Literal["tool_execution"] = "tool_execution"
    tool_calls: tuple[ToolCallWire, ...]
    tool_responses: tuple[ToolResponseWire, ...]


class ShieldCallStepWire(Wire):
    """Shields judged what was said."""

    turn_id: str
    step_id: str
    started_at: datetime
    completed_at: datetime | None
    step_type: Literal["shield_call"] = "shield_call"
    violation: SafetyViolation | None
    """Null when it is safe."""


StepWire = InferenceStepWire | ToolExecutionStepWire | ShieldCallStepWire


class StepResponse(Wire):
    """A step of a turn."""

    step: StepWire


class TurnWire(Wire):
    """A turn."""

    turn_id: str
    session_id: str
    input_messages: tuple[MessageWire, ...]
    steps: tuple[StepWire, ...]
    output_message: AgentOutputMessage
    output_attachments: tuple[dict[str, Any], ...] = ()
    """Always empty."""
    started_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, turn: Turn, *, as_text: bool) -> "TurnWire":
        """The shape of a turn."""
        said = AgentCompletionMessage.of(turn.output, as_text=as_text)
        evidence = AnswerWire.of(turn.answer) if turn.answer else None
        return cls(
            turn_id=turn.turn_id,
            session_id=turn.session_id,
            input_messages=tuple(message_wire(message) for message in turn.messages),
            steps=tuple(step_wire(step, as_text=as_text) for step in turn.steps),
            output_message=AgentOutputMessage(**said.model_dump(), muniment=evidence),
            started_at=turn.started_at,
            completed_at=turn.completed_at,
        )


class SessionWire(Wire):
    """A session."""

    session_id: str
    session_name: str
    turns: tuple[TurnWire, ...]
    """Empty in lists of sessions."""
    started_at: datetime

    @classmethod
    def of(cls, session: Session, turns: tuple[TurnWire, ...] = ()) -> "SessionWire":
        """The shape of a session with these turns."""
        return cls(
            session_id=session.session_id,
            session_name=session.name,
            turns=turns,
            started_at=session.started_at,
        )


class SessionPage(Wire):
    """Some of an agent's sessions, oldest first."""

    data: tuple[SessionWire, ...]
    has_more: bool
    url: str | None = None


def step_wire(step: Step, *, as_text: bool) -> StepWire:
    """The shape of a step."""
    if isinstance(step, InferenceStep):
        return InferenceStepWire(
            turn_id=step.turn_id,
            step_id=step.step_id,
            started_at=step.started_at,
            completed_at=step.completed_at,
            model_response=AgentCompletionMessage.of(step.completion, as_text=as_text),
        )
    if isinstance(step, ShieldStep):
        violation = SafetyViolation.of(Violation(step.violated)) if step.refusal else None
        return ShieldCallStepWire(
            turn_id=step.turn_id,
            step_id=step.step_id,
            started_at=step.started_at,
            completed_at=step.completed_at,
            violation=violation,
        )
    assert isinstance(step, ToolStep)
    return ToolExecutionStepWire(
        turn_id=step.turn_id,
        step_id=step.step_id,
        started_at=step.started_at,
        completed_at=step.completed_at,
        tool_calls=tuple(ToolCallWire.of(call, as_text=as_text) for call in step.tool_calls),
        tool_responses=tuple(ToolResponseWire.of(response) for response in step.tool_responses),
    )
