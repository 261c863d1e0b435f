"""A turn whose messages and answer shields judge."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from muniment.agents.checked_turn import CheckedTurn
from muniment.agents.events import StepCompleted, StepEvent, StepStarted
from muniment.agents.model_turn import ModelTurn
from muniment.agents.steps import BegunStep, Outcome
from muniment.agents.values import Completion, InferenceStep, StepKind, StopReason
from muniment.safety.llama_guard import Said
from muniment.safety.shields import Shield, first_violation


@dataclass
class GuardedTurn:
    """Nothing is done for a message that a shield objects to, and no answer that one objects to is sent.

    Args:
        messages: what the user says in this turn.
        before: shields that judge it; none for a turn that goes on.
        after: shields that judge the answer, which is therefore sent when it is whole.
    """

    turn_id: str
    making: ModelTurn | CheckedTurn
    messages: Sequence[Said]
    before: Sequence[Shield]
    after: Sequence[Shield]

    async def events(self) -> AsyncGenerator[StepEvent | Outcome, None]:
        """The steps, and then the one Outcome.

        Raises:
            MunimentError: of the turn, or of a shield: what could not be judged is not let pass.
        """
        if self.before:
            step = BegunStep(self.turn_id, StepKind.SHIELD_CALL)
            yield StepStarted(step.kind, step.step_id)
            judged = step.judged(await first_violation(self.before, self.messages))
            yield StepCompleted(judged)
            if judged.refusal:
                yield Outcome(Completion(judged.refusal, StopReason.END_OF_TURN))
                return
        async with aclosing(self.making.events()) as events:
            async for event in self._judged(events) if self.after else events:
                yield event

    async def _judged(self, events: AsyncIterator[StepEvent | Outcome]) -> AsyncIterator[StepEvent | Outcome]:
        held: list[StepEvent] = []
        is_held = False
        async for event in events:
            if isinstance(event, Outcome):
                async for last in self._ended(event, held):
                    yield last
                return
            if isinstance(event, StepStarted):
                for one in held:
                    yield one
                held, is_held = [], event.kind is StepKind.INFERENCE
            if not is_held:
                yield event
                continue
            held.append(event)
            if _calls_tools(event):
                for one in held:
                    yield one
                held, is_held = [], False

    async def _ended(self, outcome: Outcome, held: Sequence[StepEvent]) -> AsyncIterator[StepEvent | Outcome]:
        step = BegunStep(self.turn_id, StepKind.SHIELD_CALL)
        text = outcome.output.content
        violation = None
        if text:
            violation = await first_violation(self.after, [*self.messages, ("assistant", text)])
        if violation is None:
            for event in held:
                yield event
        if text:
            judged = step.judged(violation)
            yield StepStarted(step.kind, step.step_id)
            yield StepCompleted(judged)
            if judged.refusal:
                said = Completion(judged.refusal, StopReason.END_OF_TURN)
                outcome = replace(outcome, output=said, answer=None, found=())
        yield outcome


def _calls_tools(event: StepEvent) -> bool:
    step = event.step if isinstance(event, StepCompleted) else None
    return isinstance(step, InferenceStep) and bool(step.completion.tool_calls)
