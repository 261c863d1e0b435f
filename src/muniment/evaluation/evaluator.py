"""Asks labelled questions and measures what comes back."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from uuid import uuid4

from muniment.errors import MunimentError
from muniment.evaluation.metrics import measured_over, risk_coverage
from muniment.evaluation.ranks import DEPTH
from muniment.evaluation.scoring import answered, citations_of, searched
from muniment.types import (
    Answer,
    EvaluatedWith,
    EvaluationEvent,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationReport,
    LabelledQuestion,
    Passage,
    QuestionResult,
)

Search = Callable[[str, int], Awaitable[tuple[Passage, ...]]]
"""Gives the best passages for a question, so many at most, best first."""

Ask = Callable[[str], Awaitable[Answer]]
"""Gives the checked answer to a question."""

Kept = Callable[[QuestionResult], None]
"""Keeps a result, so that a run that is killed can go on."""

FAILURES_IN_A_ROW = 5
"""After so many questions that fail, one after another, something is wrong with more than these."""


class Evaluator:
    """Evaluates whatever can be searched and, if it can, asked.

    Args:
        search: what is measured by recall, nDCG, MRR and hits.
        ask: what is measured by the answers' metrics; without it, searches alone are measured.
        at_a_time: questions under way at the same time.
    """

    def __init__(self, search: Search, ask: Ask | None = None, *, at_a_time: int = 2) -> None:
        self._search = search
        self._ask = ask
        self._at_a_time = at_a_time
        self._errors: dict[str, MunimentError] = {}

    async def run(
        self,
        questions: Sequence[LabelledQuestion],
        subject: EvaluatedWith,
        *,
        before: Mapping[str, QuestionResult] | None = None,
        keep: Kept | None = None,
        notes: Iterable[str] = (),
        created_at: str = "",
    ) -> AsyncGenerator[EvaluationEvent, None]:
        """Ask the questions: progress after each, and the report at the end.

        The first one is asked once more before, for the sake of the times.

        Args:
            before: results by question id that an earlier run, which was killed, had; not asked again.
            keep: called with each new result.

        Raises:
            MunimentError: the error of a question, when the questions before it failed with errors too.
            UnavailableError: code ``evaluation_unavailable``.
        """
        started = time.perf_counter()
        known = {one.id: before[one.id] for one in questions if before and one.id in before}
        results, waiting = dict(known), [one for one in questions if one.id not in known]
        failing = 0
        notes = tuple(notes)
        progress = EvaluationProgress(len(known), len(questions), 0, len(known), 0.0, notes=notes)
        yield progress
        if waiting:
            await self._warm_up(waiting[0])
        async with aclosing(_as_done(waiting, self._result, self._at_a_time)) as as_done:
            async for result in as_done:
                results[result.question.id] = result
                failing = failing + 1 if result.failed else 0
                if failing >= FAILURES_IN_A_ROW:
                    raise self._errors[result.question.id]
                if keep is not None and not result.failed:
                    keep(result)
                progress = replace(
                    progress,
                    done=progress.done + 1,
                    failed=progress.failed + result.failed,
                    seconds=time.perf_counter() - started,
                    current=result.question.question,
                )
                yield progress
        report = await asyncio.to_thread(
            reported, [results[one.id] for one in questions], subject, notes=notes, created_at=created_at
        )
        yield EvaluationFinished(replace(report, seconds=time.perf_counter() - started))

    async def report(
        self,
        questions: Sequence[LabelledQuestion],
        subject: EvaluatedWith,
        *,
        notes: Iterable[str] = (),
        created_at: str = "",
    ) -> EvaluationReport:
        """The report alone; errors as of ``run``."""
        async for event in self.run(questions, subject, notes=notes, created_at=created_at):
            if isinstance(event, EvaluationFinished):
                return event.report
        raise AssertionError("run() always ends with EvaluationFinished or an error")

    async def _result(self, question: LabelledQuestion) -> QuestionResult:
        try:
            return await self._measured(question)
        except MunimentError as error:
            if error.code == "evaluation_unavailable":
                raise
            self._errors[question.id] = error
            return QuestionResult(question, error_code=error.code, error=error.message)

    async def _warm_up(self, question: LabelledQuestion) -> None:
        """Ask once and forget it, so that no time holds the loading of models and indexes.

        What goes wrong here goes wrong again where it is noted.
        """
        with suppress(MunimentError):
            await self._measured(question)

    async def _measured(self, question: LabelledQuestion) -> QuestionResult:
        started = time.perf_counter()
        passages = await self._search(question.question, DEPTH)
        timings = {"search": _milliseconds(started)}
        found, values = searched(question, passages)
        result = QuestionResult(question, found, values=values, timings=timings)
        if self._ask is None:
            return result
        started = time.perf_counter()
        answer = await self._ask(question.question)
        timings["answer"] = _milliseconds(started)
        return replace(
            result,
            answer=answer.text,
            verdict=answer.verdict.value,
            citations=citations_of(question, answer),
            confidence=answer.confidence,
            values=values | answered(question, answer),
            timings=timings | {f"answer.{stage}": spent for stage, spent in answer.timings.items()},
        )


def reported(
    results: Sequence[QuestionResult],
    subject: EvaluatedWith,
    *,
    notes: Iterable[str] = (),
    created_at: str = "",
) -> EvaluationReport:
    """The report that results of questions amount to."""
    return EvaluationReport(
        id=f"eval_{uuid4().hex[:16]}",
        created_at=created_at,
        subject=subject,
        metrics=measured_over(results),
        results=tuple(results),
        notes=tuple(notes),
        risk_coverage=risk_coverage([one for one in results if not one.failed]),
    )


async def _as_done(
    waiting: Sequence[LabelledQuestion],
    work: Callable[[LabelledQuestion], Awaitable[QuestionResult]],
    at_a_time: int,
) -> AsyncGenerator[QuestionResult, None]:
    """The results as they come, with so many questions under way; none is under way afterwards."""
    left = iter(waiting)
    running: set[asyncio.Future[QuestionResult]] = set()
    try:
        while True:
            while len(running) < at_a_time and (question := next(left, None)) is not None:
                running.add(asyncio.ensure_future(work(question)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                yield one.result()
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _milliseconds(started: float) -> float:
    return (time.perf_counter() - started) * 1000
