"""What a turn in the making sends: TurnStarted, then steps, then TurnEnded.

Of each step: StepStarted, any number of TextDelta and CallDelta, StepCompleted. A turn that goes on with
what the client's tools answered begins with the StepCompleted of the step that waited for it.
"""

from dataclasses import dataclass

from muniment.agents.values import Step, StepKind, ToolCall, Turn


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The turn has an id."""

    turn_id: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins."""

    kind: StepKind
    step_id: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of what the model says."""

    step_id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A tool call: written by the model (in an inference), or about to be run (in a tool execution)."""

    kind: StepKind
    step_id: str
    call: ToolCall


@dataclass(frozen=True, slots=True)
class StepCompleted:
    """A step is over."""

    step: Step


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is complete, or waits for the client's tools; it is kept."""

    turn: Turn


StepEvent = StepStarted | TextDelta | CallDelta | StepCompleted
TurnEvent = TurnStarted | StepEvent | TurnEnded
