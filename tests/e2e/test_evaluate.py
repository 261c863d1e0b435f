"""Evaluation of a real collection: on the command line, killed, resumed, behind a server, held to a gate."""

import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_cli_process import serving
from workspaces import Open, ingest

import warm_process
from muniment.collections.quality import Asked, evaluate
from muniment.evaluation import parse_questions, read_questions
from muniment.evaluation.stored import read_report, result_to_line
from muniment.types import (
    EvaluationFinished,
    EvaluationProgress,
    EvaluationReport,
    LabelledQuestion,
)
from warm_process import muniment

pytestmark = pytest.mark.timeout(300)

SETTINGS = """\
data_dir: data
collections:
  docs:
    sources: docs
    embedding_model: small
    gate: {questions: questions.jsonl, recall_at_5: 0.9, abstention_recall: 0.5}
parser: {provider: fake}
embedding_models: {small: {provider: fake, dimension: 64}}
server: {port: 0}
"""
TEXTS = {
    "leave.txt": "Employees receive 28 days of paid leave a year. Unused days expire at the end of March.",
    "travel.txt": "The daily allowance for travel at home is 32 euros. Trains are preferred to flights.",
    "pumps.txt": "The controller shows code E-417 when the pump runs dry. Switch it off and open the valve.",
}
QUESTIONS = [
    {"id": "leave", "question": "How many days of paid leave do employees receive?", "answer": "28 days",
     "documents": ["leave.txt"], "quote": "28 days of paid leave"},
    {"id": "travel", "question": "What is the daily allowance for travel?", "documents": ["travel.txt"]},
    {"id": "pump", "question": "Which code does the controller show when the pump runs dry?",
     "documents": ["pumps.txt"], "answer": "E-417"},
    {"id": "canteen", "question": "Zebra quokka wombat?", "unanswerable": True},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "muniment.yaml").write_text(SETTINGS)
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text)
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    ingested = muniment(tmp_path, "ingest", "--json")
    assert ingested.returncode == 0, ingested.stderr
    return tmp_path


def comparable(report: EvaluationReport) -> EvaluationReport:
    """The report without what is different each time: its id, and how long things took."""
    results = tuple(replace(result, timings={}) for result in report.results)
    metrics = tuple(metric for metric in report.metrics if metric.unit == "share")
    return replace(report, id="", created_at="", seconds=0.0, results=results, metrics=metrics)


def test_through_a_server_the_same_is_measured_and_served(folder: Path) -> None:
    import httpx

    alone = muniment(folder, "evaluate", "-q", "questions.jsonl", "-o", "alone.json")
    assert alone.returncode == 0, alone.stderr
    with serving(folder) as (_, url):
        through = muniment(folder, "evaluate", "-q", "questions.jsonl", "-o", "through.json")
        assert through.returncode == 0, through.stderr
        served = httpx.get(f"{url}/v1/collections/docs/quality", trust_env=False, timeout=60)
        page = httpx.get(
            f"{url}/v1/collections/docs/quality", headers={"Accept": "text/html"}, trust_env=False, timeout=60
        )
    ours, theirs = (read_report(folder / f"{name}.json") for name in ("alone", "through"))
    assert comparable(ours) == comparable(theirs)
    assert all(result.confidence is not None for result in theirs.results)
    assert len(theirs.risk_coverage) == len(QUESTIONS)
    assert theirs.metric("risk_coverage_area") is not None
    assert served.json()["id"] == theirs.id
    assert page.text.startswith("<!doctype html>")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_a_run_that_is_killed_goes_on_where_it_was(folder: Path) -> None:
    many = [{**QUESTIONS[number % 3], "id": f"q{number}"} for number in range(150)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, many)))
    journal = folder / "data" / "evaluations" / "docs.jsonl"
    command, log = ("evaluate", "-q", "questions.jsonl"), folder / "log"
    with warm_process.started(command, folder, os.environ, log, log) as process:
        deadline = time.monotonic() + 120
        while not journal.exists() or journal.read_bytes().count(b"\n") < 20:
            assert time.monotonic() < deadline
            assert process.poll() is None, "it was done before it could be killed"
            time.sleep(0.01)
        process.kill()
    kept = journal.read_bytes().count(b"\n") - 1

    resumed = muniment(folder, "evaluate", "-q", "questions.jsonl", "-o", "resumed.json")
    assert resumed.returncode == 0, resumed.stderr
    told = re.search(r"goes on behind (\d+) of 150 questions", resumed.stderr)
    assert told is not None
    assert int(told[1]) in (kept, kept - 1)
    assert not journal.exists()
    whole = muniment(folder, "evaluate", "-q", "questions.jsonl", "-o", "whole.json")
    assert "goes on" not in whole.stderr
    assert comparable(read_report(folder / "resumed.json")) == comparable(read_report(folder / "whole.json"))


async def events_of(workspace: object, questions: tuple[LabelledQuestion, ...], asked: Asked) -> list[object]:
    return [event async for event in evaluate(workspace, "docs", questions, asked)]  # type: ignore[arg-type]


async def test_results_of_something_else_are_not_taken_over(open_docs: Open, tmp_path: Path) -> None:
    questions = parse_questions("\n".join(map(json.dumps, QUESTIONS)))
    asked = Asked(journal=tmp_path / "journal.jsonl")

    async def broken_off(workspace: object, asked: Asked) -> None:
        events = evaluate(workspace, "docs", questions, asked)  # type: ignore[arg-type]
        async for event in events:
            if isinstance(event, EvaluationProgress) and event.done == 2:
                break
        await events.aclose()

    async def begun(workspace: object, asked: Asked) -> tuple[int, tuple[str, ...]]:
        events = await events_of(workspace, questions, asked)
        first, last = events[0], events[-1]
        assert isinstance(first, EvaluationProgress)
        assert isinstance(last, EvaluationFinished)
        return first.resumed, last.report.notes

    async with open_docs() as workspace:
        await ingest(workspace)
        await broken_off(workspace, asked)
        assert await begun(workspace, asked) == (2, ())
        await broken_off(workspace, asked)
        resumed, notes = await begun(workspace, replace(asked, top_k=3))
        assert (resumed, "begun anew" in notes[0]) == (0, True)
        await broken_off(workspace, asked)
        (tmp_path / "docs" / "new.txt").write_text("The canteen opens at noon.")
        await ingest(workspace)
        assert (await begun(workspace, asked))[0] == 0
        await broken_off(workspace, asked)
        line = result_to_line((await reported(workspace, questions, asked)).results[3])
        with (tmp_path / "journal.jsonl").open("ab") as torn:
            torn.write(line[:40])
        assert (await begun(workspace, asked))[0] == 2


async def reported(
    workspace: object, questions: tuple[LabelledQuestion, ...], asked: Asked
) -> EvaluationReport:
    last = (await events_of(workspace, questions, replace(asked, journal=None)))[-1]
    assert isinstance(last, EvaluationFinished)
    return last.report


async def test_labels_that_fit_no_document_are_told(open_docs: Open) -> None:
    questions = parse_questions('{"question": "How many days?", "documents": ["leave.txt", "gone.pdf"]}')
    async with open_docs() as workspace:
        await ingest(workspace)
        report = await reported(workspace, questions, Asked())
    assert report.notes == ("The collection has no document for these labels: gone.pdf.",)


async def test_reports_are_kept_until_the_collection_goes(open_docs: Open) -> None:
    questions = parse_questions("\n".join(map(json.dumps, QUESTIONS)))
    async with open_docs() as workspace:
        await ingest(workspace)
        report = await reported(workspace, questions, Asked(answers=False))
        for number in range(12):
            newer = replace(report, id=f"eval_{number:02}", created_at=f"2026-01-{number + 1:02}T00:00:00Z")
            await workspace.keep_report("docs", newer)
        assert (await workspace.quality("docs")).id == "eval_11"
    async with open_docs() as workspace:
        assert (await workspace.quality("docs")).id == "eval_11"
        assert workspace._parts.catalog.evaluations.latest("docs", generation=7) is None
        workspace._parts.catalog.remove_collection("docs")
        assert workspace._parts.catalog.evaluations.latest("docs") is None


def test_the_sample_is_measured_out_of_the_box(tmp_path: Path) -> None:
    from muniment.cli.sample import prepare

    prepare(tmp_path)
    for kept in (tmp_path / "documents").iterdir():
        if kept.suffix not in (".md", ".html", ".csv", ".txt"):
            kept.unlink()
    assert muniment(tmp_path, "ingest").returncode == 0
    done = muniment(tmp_path, "evaluate", "-q", "questions.jsonl", "--search-only", "-o", "r.json")
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "r.json")
    assert len(report.results) == len(read_questions(tmp_path / "questions.jsonl")) == 120
    assert "The collection has no document for these labels: " in done.stderr
    here = [one for one in report.results if set(one.question.documents) & set(_names(tmp_path))]
    assert here
    assert sum(one.values["document_hit_at_10"] for one in here) / len(here) > 0.9


@pytest.mark.slow
def test_a_threshold_is_fitted_to_the_sample_and_then_refuses_what_was_said(tmp_path: Path) -> None:
    from muniment.cli.sample import prepare

    prepare(tmp_path)
    for kept in (tmp_path / "documents").iterdir():
        if kept.suffix not in (".md", ".html", ".csv", ".txt"):
            kept.unlink()
    rows = [json.loads(line) for line in (tmp_path / "questions.jsonl").read_text().splitlines()]
    here = set(_names(tmp_path))
    asked = [row for row in rows if row["unanswerable"] or here.issuperset(row["documents"])]
    (tmp_path / "asked.jsonl").write_text("\n".join(map(json.dumps, asked)))
    assert muniment(tmp_path, "ingest").returncode == 0
    arguments = ("evaluate", "-q", "asked.jsonl", "--calibrate", "--refused-at-most", "0.1", "-o")
    done = muniment(tmp_path, *arguments, "r.json")
    assert done.returncode == 0, done.stderr
    fitted = read_report(tmp_path / "r.json").calibration
    assert fitted is not None
    assert fitted.answerable + fitted.unanswerable == len(asked)
    assert fitted.refused_answerable <= 0.1 < 0.5 < fitted.refused_unanswerable

    declared = done.stdout.partition("For the settings:\n")[2].splitlines()[-1].strip()
    settings = (tmp_path / "muniment.yaml").read_text()
    sources = "    sources: documents\n"
    assert settings.count(sources) == 1
    (tmp_path / "muniment.yaml").write_text(settings.replace(sources, f"{sources}    {declared}\n"))
    assert muniment(tmp_path, *arguments, "again.json").returncode == 0
    again = read_report(tmp_path / "again.json")
    assert again.calibration == fitted, "what is fitted does not depend on the threshold in force"
    for result in again.results:
        assert result.confidence is not None
        below = result.confidence < fitted.abstain_below
        assert not below or result.verdict == "abstained"


def _names(folder: Path) -> list[str]:
    return [file.name for file in (folder / "documents").iterdir()]
