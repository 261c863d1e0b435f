"""Steps in the making, and how they end a turn."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from muniment.agents.values import (
    Completion,
    FoundPassage,
    InferenceStep,
    ShieldStep,
    StepKind,
    ToolCall,
    ToolResponse,
    ToolStep,
)
from muniment.safety.shields import Violation
from muniment.types import Answer


@dataclass(frozen=True, slots=True)
class BegunStep:
    """A step that has begun."""

    turn_id: str
    kind: StepKind
    step_id: str = field(default_factory=lambda: str(uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def inferred(self, completion: Completion) -> InferenceStep:
        """The step, now that the model has answered."""
        return InferenceStep(self.turn_id, self.step_id, self.started_at, datetime.now(UTC), completion)

    def executed(self, call: ToolCall, response: ToolResponse) -> ToolStep:
        """The step, now that the tool has answered."""
        done = datetime.now(UTC)
        return ToolStep(self.turn_id, self.step_id, self.started_at, done, (call,), (response,))

    def judged(self, violation: Violation | None) -> ShieldStep:
        """The step, now that the shields have judged."""
        codes, refusal = (violation.codes, violation.message) if violation else ((), "")
        return ShieldStep(self.turn_id, self.step_id, self.started_at, datetime.now(UTC), codes, refusal)

    def waiting(self, calls: tuple[ToolCall, ...]) -> ToolStep:
        """The step while the client runs its tools."""
        return ToolStep(self.turn_id, self.step_id, self.started_at, None, calls)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ends, for now; fields as in ``Turn``."""

    output: Completion
    iterations: int = 0
    waiting: ToolStep | None = None
    found: tuple[FoundPassage, ...] = ()
    answer: Answer | None = None
