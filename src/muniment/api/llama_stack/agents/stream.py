"""A turn in the making as the events that Llama Stack streams."""

from typing import Any, Literal

from pydantic import Field
from sse_starlette import ServerSentEvent

from muniment.agents.events import (
    CallDelta,
    StepCompleted,
    StepStarted,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnStarted,
)
from muniment.agents.values import StepKind
from muniment.api.dialects.base import Dialect
from muniment.api.llama_stack.agents.content import ToolCallWire
from muniment.api.llama_stack.agents.shapes import StepWire, TurnWire, step_wire
from muniment.api.streaming import sent_event
from muniment.api.wire.base import Wire
from muniment.errors import MunimentError


class TurnStartPayload(Wire):
    """The turn has an id."""

    event_type: Literal["turn_start"] = "turn_start"
    turn_id: str


class StepStartPayload(Wire):
    """A step begins."""

    event_type: Literal["step_start"] = "step_start"
    step_type: StepKind
    step_id: str
    metadata: dict[str, Any] = Field(default_factory=dict)


class TextDeltaWire(Wire):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: str


class ToolCallDeltaWire(Wire):
    """A tool call, whole."""

    type: Literal["tool_call"] = "tool_call"
    tool_call: ToolCallWire
    parse_status: Literal["in_progress", "succeeded"]


class StepProgressPayload(Wire):
    """A step goes on."""

    event_type: Literal["step_progress"] = "step_progress"
    step_type: StepKind
    step_id: str
    delta: TextDeltaWire | ToolCallDeltaWire


class StepCompletePayload(Wire):
    """A step is over."""

    event_type: Literal["step_complete"] = "step_complete"
    step_type: StepKind
    step_id: str
    step_details: StepWire


class TurnEndPayload(Wire):
    """The turn is complete, or waits for the client's tools."""

    event_type: Literal["turn_complete", "turn_awaiting_input"]
    turn: TurnWire


Payload = TurnStartPayload | StepStartPayload | StepProgressPayload | StepCompletePayload | TurnEndPayload


class EventWire(Wire):
    """An event."""

    payload: Payload


class StreamChunk(Wire):
    """The data of one server-sent event."""

    event: EventWire


class TurnStream:
    """Encodes the events of a turn for a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._as_text = dialect.tool_arguments_are_text

    def encode(self, event: TurnEvent) -> list[ServerSentEvent]:
        """The one server-sent event for an event."""
        return [sent_event(StreamChunk(event=EventWire(payload=self._payload(event))).model_dump_json())]

    def on_error(self, error: MunimentError) -> list[ServerSentEvent]:
        """The dialect's error in place of the rest."""
        return [sent_event(self._dialect.stream_error(error).model_dump_json())]

    def _payload(self, event: TurnEvent) -> Payload:
        if isinstance(event, TurnStarted):
            return TurnStartPayload(turn_id=event.turn_id)
        if isinstance(event, StepStarted):
            return StepStartPayload(step_type=event.kind, step_id=event.step_id)
        if isinstance(event, TextDelta):
            delta = TextDeltaWire(text=event.text)
            return StepProgressPayload(step_type=StepKind.INFERENCE, step_id=event.step_id, delta=delta)
        if isinstance(event, CallDelta):
            return self._call(event)
        if isinstance(event, StepCompleted):
            step = event.step
            details = step_wire(step, as_text=self._as_text)
            kind = StepKind(details.step_type)
            return StepCompletePayload(step_type=kind, step_id=step.step_id, step_details=details)
        assert isinstance(event, TurnEnded)
        kind_of_end: Literal["turn_complete", "turn_awaiting_input"] = (
            "turn_awaiting_input" if event.turn.waiting else "turn_complete"
        )
        return TurnEndPayload(event_type=kind_of_end, turn=TurnWire.of(event.turn, as_text=self._as_text))

    def _call(self, event: CallDelta) -> StepProgressPayload:
        delta = ToolCallDeltaWire(
            tool_call=ToolCallWire.of(event.call, as_text=self._as_text),
            parse_status="succeeded" if event.kind is StepKind.INFERENCE else "in_progress",
        )
        return StepProgressPayload(step_type=event.kind, step_id=event.step_id, delta=delta)
