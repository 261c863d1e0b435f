"""Holds staged generations to the collection's gate: labelled questions, asked of both generations."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import muniment
from muniment.catalog.clock import now
from muniment.collections.documents import Documents
from muniment.collections.parts import Parts
from muniment.collections.reports import Reports
from muniment.collections.retrieving import answerer_of, retriever_of
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError
from muniment.evaluation import Evaluator, counted, read_questions
from muniment.evaluation.compare import compared
from muniment.evaluation.gate import gate_failures, gated, weakness
from muniment.evaluation.metrics import BY_NAME
from muniment.settings import GateSettings
from muniment.types import (
    Answer,
    EvaluatedWith,
    EvaluationReport,
    LabelledQuestion,
    MetricDifference,
    Passage,
    ReportComparison,
)

logger = logging.getLogger(__name__)

ALWAYS_COMPARED = ("ndcg_at_10", "recall_at_5")
"""Compared with the live generation whatever the gate asks for, where the questions are labelled so."""
_OF_SEARCHES = ("recall_at_", "ndcg_at_", "mrr", "page_hit_at_", "document_hit_at_", "search_")


class QualityGate:
    """A staged generation may be promoted when it meets the gate and is not significantly worse.

    Both are asked the same questions. The report of the staged one is kept, with what came of the gate and of
    the comparison, whether it may be promoted or not.
    """

    def __init__(self, parts: Parts, documents: Documents, reports: Reports) -> None:
        self._parts = parts
        self._documents = documents
        self._reports = reports

    async def check(self, live: CollectionRuntime, staged: CollectionRuntime, *, despite: str = "") -> None:
        """Return when it may be promoted.

        Args:
            despite: why it may be whatever the gate says; the report tells it.

        Raises:
            ConflictError: code ``gate_not_met``.
            NotFoundError, InputError: the questions cannot be read; codes as of ``read_questions``.
            MunimentError: as of ``Evaluator.run``.
        """
        gate = live.settings.gate
        if gate is None:
            return
        questions = counted(await asyncio.to_thread(read_questions, gate.questions))
        report = await self._held(live, staged, gate, questions)
        reasons = (*gate_failures(report), *_worsened(report.comparison, gate))
        if reasons and despite:
            logger.warning("Collection %s: promoted despite its gate: %s", live.name, despite)
            note = f"Promoted although {'; '.join(reasons)}. The reason given: {despite}"
            report = replace(report, notes=(*report.notes, note))
        elif reasons:
            report = replace(report, notes=(*report.notes, f"Not promoted: {'; '.join(reasons)}."))
        await self._reports.keep(live.name, report)
        if reasons and not despite:
            raise ConflictError(
                f"Generation {staged.number} of {live.name!r} stays staged, generation {live.number} live: "
                f"{'; '.join(reasons)}.",
                code="gate_not_met",
                hint=f"/v1/collections/{live.name}/quality shows every question. Change the settings and "
                "apply again, or give a reason with `muniment promote --despite-gate REASON`.",
            )

    async def _held(
        self,
        live: CollectionRuntime,
        staged: CollectionRuntime,
        gate: GateSettings,
        questions: Sequence[LabelledQuestion],
    ) -> EvaluationReport:
        answers = any(not name.startswith(_OF_SEARCHES) for name in gate.judged)
        after = await self._evaluated(staged, gate, questions, answers=answers)
        if not live.names:
            return gated(after, gate.wanted)
        before = await self._evaluated(live, gate, questions, answers=answers)
        comparison = await asyncio.to_thread(compared, before, after, significance=gate.significance)
        weak = weakness(comparison, _judged(gate))
        notes = (*after.notes, weak) if weak else after.notes
        return gated(replace(after, comparison=comparison, notes=notes), gate.wanted, gate.max_fall)

    async def _evaluated(
        self,
        runtime: CollectionRuntime,
        gate: GateSettings,
        questions: Sequence[LabelledQuestion],
        *,
        answers: bool,
    ) -> EvaluationReport:
        retriever = retriever_of(self._parts, runtime)
        answerer = answerer_of(self._parts, self._documents, runtime)

        async def search(question: str, limit: int) -> tuple[Passage, ...]:
            return (await retriever.search(question, limit=limit)).passages

        async def ask(question: str) -> Answer:
            return await answerer.answer(question)

        evaluator = Evaluator(search, ask if answers else None)
        subject = self._subject(runtime, gate, answers=answers)
        return await evaluator.report(questions, subject, created_at=now())

    def _subject(self, runtime: CollectionRuntime, gate: GateSettings, *, answers: bool) -> EvaluatedWith:
        recipe = runtime.recipe
        reranker = runtime.reranker.name if runtime.reranker else None
        made = (
            runtime.name,
            runtime.number,
            recipe.embedder.fingerprint,
            recipe.chunker_spec,
            gate,
            reranker,
        )
        return EvaluatedWith(
            collection=runtime.name,
            fingerprint=sha256(repr(made).encode()).hexdigest(),
            questions=gate.questions.name,
            generation=runtime.number,
            embedding_model=recipe.embedder.name,
            generator=runtime.generator.name if answers else "",
            documents=len(runtime.names),
            version=muniment.__version__,
        )


def _worsened(comparison: ReportComparison | None, gate: GateSettings) -> tuple[str, ...]:
    """What is significantly worse than in the live generation; times are no quality, and left out."""
    if comparison is None:
        return ()
    return tuple(_words(one) for one in comparison.worse if one.name in _judged(gate))


def _judged(gate: GateSettings) -> set[str]:
    return {name for name in (*gate.judged, *ALWAYS_COMPARED) if not BY_NAME[name].timing}


def _words(difference: MetricDifference) -> str:
    return (
        f"{difference.name} is significantly worse than the live generation's: {difference.after:.3g} "
        f"instead of {difference.before:.3g} (p = {difference.p_value:.2g}, {difference.questions} questions)"
    )
