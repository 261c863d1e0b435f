"""A turn answered by Muniment itself: searched, answered and checked, with a source for each sentence."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from muniment.agents.events import CallDelta, StepCompleted, StepEvent, StepStarted, TextDelta
from muniment.agents.knowledge_search import KnowledgeSearch, SearchedStore
from muniment.agents.steps import BegunStep, Outcome
from muniment.agents.values import (
    KNOWLEDGE_SEARCH,
    Completion,
    FoundPassage,
    StepKind,
    StopReason,
    ToolCall,
    ToolResponse,
)
from muniment.answer.events import AnswerEvent, Delta, Finished, Retrieved
from muniment.collections.services import ServedWorkspace
from muniment.types import Answer, AnswerVerdict, Passage

CORRECTION = "\n\nAfter checking, the answer reads:\n\n"

_BEST_FIRST = (AnswerVerdict.GROUNDED, AnswerVerdict.PARTLY_GROUNDED, AnswerVerdict.ABSTAINED)


@dataclass
class CheckedTurn:
    """One search and one checked answer, as a tool execution and an inference.

    An answer rests on one store: where several are searched each is asked, and the answer with the best
    verdict is given, the earlier store's among equals.

    Args:
        generator: None for the collection's own.
        written: the answer as text, its sources included.
    """

    turn_id: str
    workspace: ServedWorkspace
    question: str
    search: KnowledgeSearch
    generator: str | None
    written: Callable[[Answer], str]

    async def events(self) -> AsyncGenerator[StepEvent | Outcome, None]:
        """The steps, and then the one Outcome; errors as ``Workspace.answer``."""
        call = ToolCall(f"call_{uuid4().hex}", KNOWLEDGE_SEARCH, json.dumps({"query": self.question}))
        step = BegunStep(self.turn_id, StepKind.TOOL_EXECUTION)
        yield StepStarted(step.kind, step.step_id)
        yield CallDelta(step.kind, step.step_id, call)
        first, *others = self.search.stores
        answers = [await self._whole(store) for store in others]
        async with aclosing(self._answering(first)) as answering:
            retrieved = await anext(answering)
            assert isinstance(retrieved, Retrieved)
            response = await self._response(call, _found(first, retrieved.passages), others, answers)
            yield StepCompleted(step.executed(call, response))
            async for event in self._inferred(answering, answers):
                yield event

    async def _inferred(
        self, answering: AsyncIterator[AnswerEvent], others: Sequence[Answer]
    ) -> AsyncIterator[StepEvent | Outcome]:
        """The first store's answer as it is made, unless another's may turn out the better one."""
        step = BegunStep(self.turn_id, StepKind.INFERENCE)
        yield StepStarted(step.kind, step.step_id)
        sent = ""
        answer: Answer | None = None
        async for event in answering:
            if isinstance(event, Delta) and not others:
                sent += event.text
                yield TextDelta(step.step_id, event.text)
            if isinstance(event, Finished):
                answer = event.answer
        assert answer is not None
        answer = min((answer, *others), key=lambda one: _BEST_FIRST.index(one.verdict))
        text = self.written(answer)
        if rest := _rest(sent, answer.text, text):
            yield TextDelta(step.step_id, rest)
        completion = Completion(text, StopReason.END_OF_TURN)
        yield StepCompleted(step.inferred(completion))
        yield Outcome(completion, iterations=1, answer=answer)

    async def _whole(self, store: SearchedStore) -> Answer:
        async with aclosing(self._answering(store)) as answering:
            async for event in answering:
                if isinstance(event, Finished):
                    return event.answer
        raise AssertionError("an answer ends with Finished or an error")

    def _answering(self, store: SearchedStore) -> AsyncGenerator[AnswerEvent, None]:
        answering = self.workspace.answer(store.collection, self.question, generator=self.generator)
        return cast(AsyncGenerator[AnswerEvent, None], answering)

    async def _response(
        self,
        call: ToolCall,
        found: list[FoundPassage],
        others: Sequence[SearchedStore],
        answers: Sequence[Answer],
    ) -> ToolResponse:
        for store, answer in zip(others, answers, strict=True):
            found += _found(store, answer.looked_at)
        found.sort(key=lambda one: one.passage.score, reverse=True)
        findings = await self.search.shown(self.question, found)
        return ToolResponse(call.call_id, call.tool_name, findings.content, findings.metadata)


def _found(store: SearchedStore, passages: Sequence[Passage]) -> list[FoundPassage]:
    return [FoundPassage(store.collection, store.store_id, passage) for passage in passages]


def _rest(sent: str, answer_text: str, text: str) -> str:
    """What is missing of the checked text; all of it when it is not what was sent so far."""
    if text.startswith(sent):
        return text[len(sent) :]
    if answer_text.strip() == sent.strip() and text.startswith(answer_text):
        return text[len(answer_text) :]
    return CORRECTION + text
