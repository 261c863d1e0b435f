"""Asking the questions: in what order, how many at a time, what becomes of failures and of killed runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.errors import UnavailableError
from muniment.evaluation import Evaluator
from muniment.evaluation.journal import Journal
from muniment.types import (
    Answer,
    AnswerVerdict,
    Chunk,
    Citation,
    CitationVerdict,
    Claim,
    ClaimVerdict,
    EvaluatedWith,
    EvaluationEvent,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationReport,
    LabelledQuestion,
    PageLabel,
    Passage,
    Span,
)

SUBJECT = EvaluatedWith("docs", "as it is")


def passage(number: int) -> Passage:
    """One on page ``number`` of a document."""
    chunk = Chunk(number, f"Text of page {number}.", "", (), (Span(0, 10, number),), 4)
    return Passage(number, "doc_1", "book.pdf", chunk, 1 / (number + 1))


async def search(question: str, limit: int) -> tuple[Passage, ...]:
    """Pages from the one whose number the question ends in."""
    await asyncio.sleep(0)
    first = int(question.split()[-1])
    return tuple(passage(first + step) for step in range(limit))


async def ask(question: str) -> Answer:
    """Cites the page whose number the question ends in; does not answer what is divisible by five."""
    number = int(question.split()[-1])
    if number % 5 == 0:
        return Answer("a", question, "docs", "No.", AnswerVerdict.ABSTAINED, (), (), "fake")
    citation = Citation(number, "doc_1", "book.pdf", "Text", (Span(0, 4, number),), CitationVerdict.VERIFIED)
    claims = (
        Claim("Text.", 0, 5, (citation,), ClaimVerdict.SUPPORTED),
        Claim("More.", 6, 11, (), ClaimVerdict.UNCITED),
    )
    return Answer("a", question, "docs", "Text. [1] More.", AnswerVerdict.PARTLY_GROUNDED, claims, (), "fake")


def asked(number: int) -> LabelledQuestion:
    """Every third is labelled with a page that is found later, every seventh is unanswerable."""
    if number % 7 == 0:
        return LabelledQuestion(f"q{number}", f"Page {number}", unanswerable=True)
    page = number + 4 if number % 3 == 0 else number
    return LabelledQuestion(
        f"q{number}", f"Page {number}", ("text more",), pages=(PageLabel(page, "book.pdf"),)
    )


QUESTIONS = [asked(number) for number in range(1, 25)]


def timeless(report: EvaluationReport) -> EvaluationReport:
    """The report without what is different each time: its id, and how long things took."""
    results = tuple(replace(result, timings={}) for result in report.results)
    metrics = tuple(metric for metric in report.metrics if metric.unit == "share")
    return replace(report, id="", seconds=0.0, results=results, metrics=metrics)


async def end_of(events: AsyncIterator[EvaluationEvent]) -> EvaluationReport:
    last = [event async for event in events][-1]
    assert isinstance(last, EvaluationFinished)
    return last.report


async def test_each_value_is_what_its_question_came_to() -> None:
    report = await Evaluator(search, ask).report([asked(1), asked(3), asked(5), asked(7), asked(35)], SUBJECT)
    one, three, five, seven, thirty_five = (result.values for result in report.results)
    assert (one["recall_at_1"], one["mrr"], one["page_hit_at_1"]) == (1, 1, 1)
    assert (one["citation_precision"], one["citation_recall"], one["groundedness"]) == (1, 1, 0.5)
    assert (one["right_answers"], one["answered"], one["exact_match"]) == (1, 1, 1)
    assert (three["recall_at_3"], three["recall_at_5"], three["mrr"]) == (0, 1, pytest.approx(0.2))
    assert (three["citation_precision"], three["right_answers"], three["document_hit_at_1"]) == (0, 0, 1)
    assert (five["answered"], five["abstention_precision"], five["citation_recall"]) == (0, 0, 0)
    assert {"citation_precision", "groundedness"}.isdisjoint(five)
    assert seven == {"abstention_recall": 0, "right_answers": 0, "groundedness": 0.5}
    assert thirty_five == {"abstention_recall": 1, "abstention_precision": 1, "right_answers": 1}


async def test_progress_is_told_after_each_question_and_the_order_is_that_of_the_file() -> None:
    events = [event async for event in Evaluator(search, ask, at_a_time=3).run(QUESTIONS, SUBJECT)]
    progress = [event for event in events if isinstance(event, EvaluationProgress)]
    assert [event.done for event in progress] == list(range(len(QUESTIONS) + 1))
    report = await end_of(Evaluator(search, ask).run(QUESTIONS, SUBJECT))
    assert [result.question for result in report.results] == QUESTIONS


@pytest.mark.parametrize("at_a_time", [1, 3])
async def test_no_more_questions_are_under_way_than_wanted(at_a_time: int) -> None:
    under_way, most = 0, 0

    async def counted(question: str, limit: int) -> tuple[Passage, ...]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return await search(question, limit)

    await Evaluator(counted, at_a_time=at_a_time).report(QUESTIONS, SUBJECT)
    assert (most, under_way) == (at_a_time, 0)


async def test_what_is_loaded_at_the_first_question_is_in_no_time() -> None:
    seen: list[str] = []

    async def loading(question: str, limit: int) -> tuple[Passage, ...]:
        seen.append(question)
        if len(seen) == 1:
            raise UnavailableError("The model is loading.", code="model_loading")
        return await search(question, limit)

    report = await Evaluator(loading, ask, at_a_time=1).report(QUESTIONS[:3], SUBJECT)
    assert seen == ["Page 1", "Page 1", "Page 2", "Page 3"]
    assert not report.failed
    assert all(metric.questions == 3 for metric in report.metrics if metric.name.endswith("_ms"))

    seen[:] = ["loaded"]
    known = {result.question.id: result for result in report.results}
    async for _ in Evaluator(loading).run(QUESTIONS[:3], SUBJECT, before=known):
        pass
    assert seen == ["loaded"]


async def test_a_failure_is_one_questions_but_many_in_a_row_are_the_runs() -> None:
    async def failing(question: str, limit: int) -> tuple[Passage, ...]:
        if int(question.split()[-1]) in broken:
            raise UnavailableError("The store is away.", code="store_unavailable")
        return await search(question, limit)

    broken: set[int] = {3, 4, 9}
    report = await Evaluator(failing).report(QUESTIONS, SUBJECT)
    assert [result.question.id for result in report.failed] == ["q3", "q4", "q9"]
    assert {result.error_code for result in report.failed} == {"store_unavailable"}
    assert not report.gate_met

    broken = set(range(8, 25))
    kept: list[str] = []
    with pytest.raises(UnavailableError, match="The store is away"):
        async for _ in Evaluator(failing).run(
            QUESTIONS, SUBJECT, keep=lambda result: kept.append(result.question.id)
        ):
            pass
    assert sorted(kept) == [f"q{number}" for number in range(1, 8)]


async def test_whoever_stops_listening_stops_the_questions() -> None:
    cancelled = asyncio.Event()

    async def slow(question: str, limit: int) -> tuple[Passage, ...]:
        if question == "Page 1":
            return await search(question, limit)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async with aclosing(Evaluator(slow).run(QUESTIONS, SUBJECT)) as events:
        async for event in events:
            if isinstance(event, EvaluationProgress) and event.done == 1:
                break
    assert cancelled.is_set()


@given(
    stops=st.lists(st.integers(0, len(QUESTIONS)), max_size=4),
    torn=st.integers(0, 60),
    at_a_time=st.integers(1, 3),
)
@settings(max_examples=25)
def test_a_run_that_is_stopped_anywhere_comes_to_the_same_as_one_that_is_not(
    stops: list[int], torn: int, at_a_time: int
) -> None:
    async def stopped_and_resumed(file: Path) -> EvaluationReport:
        by_id = {question.id: question for question in QUESTIONS}
        for stop in stops:
            journal = Journal(file, SUBJECT)
            events = Evaluator(search, ask, at_a_time=at_a_time).run(
                QUESTIONS, SUBJECT, before=journal.known(by_id), keep=journal.keep
            )
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, EvaluationProgress) and event.done >= stop:
                        break
            journal.close(finished=False)
            with file.open("rb+") as written:
                # Whoever kills a process may catch it in the middle of a line.
                written.truncate(max(0, file.stat().st_size - torn))
        journal = Journal(file, SUBJECT)
        known = journal.known(by_id)
        report = await end_of(Evaluator(search, ask).run(QUESTIONS, SUBJECT, before=known, keep=journal.keep))
        journal.close(finished=True)
        assert not file.exists()
        return report

    async def both(folder: Path) -> tuple[EvaluationReport, EvaluationReport]:
        whole = await Evaluator(search, ask).report(QUESTIONS, SUBJECT)
        return await stopped_and_resumed(folder / "deep" / "journal.jsonl"), whole

    with TemporaryDirectory() as folder:
        resumed, whole = asyncio.run(both(Path(folder)))
    assert timeless(resumed) == timeless(whole)


def test_results_of_another_subject_are_thrown_away(tmp_path: Path) -> None:
    result = asyncio.run(Evaluator(search).report(QUESTIONS[:1], SUBJECT)).results[0]
    journal = Journal(tmp_path / "journal", SUBJECT)
    journal.keep(result)
    journal.close(finished=False)
    by_id = {QUESTIONS[0].id: QUESTIONS[0]}
    same = Journal(tmp_path / "journal", SUBJECT)
    assert (same.known(by_id), same.begun_anew) == ({"q1": result}, False)
    assert same.known({"q1": replace(QUESTIONS[0], question="Page 2")}) == {}
    same.close(finished=False)
    other = Journal(tmp_path / "journal", replace(SUBJECT, fingerprint="changed"))
    assert (other.known(by_id), other.begun_anew) == ({}, True)
    other.close(finished=True)
