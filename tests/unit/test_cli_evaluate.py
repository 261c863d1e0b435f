"""``muniment evaluate``: what it prints and writes, and when it fails."""

import json
from html.parser import HTMLParser
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from muniment.cli import connect
from muniment.cli.main import app
from muniment.collections.fake import FakeWorkspace
from muniment.evaluation.stored import read_report
from muniment.settings import Settings, load_settings

DOCUMENTS = {
    "handbook": {
        "leave.pdf": "Employees receive 28 days of leave.\nSick notes are due on the third day.",
        "travel.pdf": "The daily allowance for travel is 32 euros.",
    }
}
SETTINGS = """\
collections:
  handbook:
    gate: {questions: questions.jsonl, recall_at_5: 0.9, abstention_recall: 0.5}
"""
QUESTIONS = [
    {"id": "leave", "question": "How many days of leave?", "documents": ["leave.pdf"], "pages": [1],
     "quote": "28 days of leave", "answer": "28 days", "kind": "number"},
    {"id": "travel", "question": "What is the allowance for travel?", "documents": ["travel.pdf"]},
    {"id": "canteen", "question": "Zebra quokka wombat?", "unanswerable": True},
]  # fmt: skip


# The fake's confidence is the share of the question's words that a line has: 2 of 3, 1 of 4 and 1 of 5.
SURE = [{"question": "How many days of leave?", "id": f"sure {n}", "answer": "28"} for n in range(19)]
UNSURE = {"question": "Which leave can okapis take?", "id": "unsure", "documents": ["leave.pdf"]}
UNANSWERABLE = [
    {"question": "Which zebra quokka wombat leave?", "id": f"no {n}", "unanswerable": True} for n in range(10)
]
NOT_JUDGED = {"question": "Zebra?", "id": "nothing is found", "unanswerable": True}
NOT_LABELLED = {"question": "leave", "id": "nobody knows"}
LABELLED = [*SURE, UNSURE, *UNANSWERABLE, NOT_JUDGED, NOT_LABELLED]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with settings and questions, where the fake stands for what they would open."""
    workspace = FakeWorkspace(DOCUMENTS, tmp_path)

    async def opened(settings: Settings, **_: object) -> FakeWorkspace:
        return workspace

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connect, "_workspace", opened)
    (tmp_path / "muniment.yaml").write_text(SETTINGS)
    write_questions(tmp_path, QUESTIONS)
    return tmp_path


def write_questions(folder: Path, rows: list[dict[str, object]]) -> None:
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))


def evaluate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", *arguments])


class _Page(HTMLParser):
    """What a page would load, and whether it runs anything."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "data", "srcset")]


def test_metrics_are_printed_with_their_intervals(folder: Path) -> None:
    done = evaluate("-q", "questions.jsonl")
    assert done.exit_code == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[2:]}
    assert rows["recall_at_5"] == ["1.000", "1.000", "–", "1.000", "2"]
    assert rows["abstention_recall"] == ["1.000", "1.000", "–", "1.000", "1"]
    assert "answer_p95_ms" in rows


def test_searches_alone_are_measured_when_asked_for(folder: Path) -> None:
    report = json.loads(evaluate("-q", "questions.jsonl", "--search-only", "--json").stdout)
    assert {"recall_at_5", "search_p50_ms"} < {metric["name"] for metric in report["metrics"]}
    assert not {"answered", "answer_p50_ms"} & {metric["name"] for metric in report["metrics"]}
    assert all(result["verdict"] == "" for result in report["results"])


def test_reports_are_written_in_the_format_of_their_names(folder: Path) -> None:
    done = evaluate("-q", "questions.jsonl", "-o", "r.html", "-o", "deep/r.json", "-o", "r.xml")
    assert done.exit_code == 0, done.stderr
    report = read_report(folder / "deep" / "r.json")
    assert [result.question.id for result in report.results] == ["leave", "travel", "canteen"]

    page = (folder / "r.html").read_text(encoding="utf-8")
    shown = _Page()
    shown.feed(page)
    assert shown.loads == ["data:,"]
    assert not {"script", "link rel=stylesheet", "img", "iframe"} & shown.tags
    assert "@import" not in page
    assert "url(" not in page
    assert page.count("<details") == 3

    suites = ElementTree.parse(folder / "r.xml").getroot()
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [("questions", "3")]


def test_a_gate_that_is_met_brings_its_own_questions(folder: Path) -> None:
    done = evaluate("--gate", "-o", "r.xml")
    assert (done.exit_code, "The gate is met." in done.stdout) == (0, True), done.stderr
    suite = ElementTree.parse(folder / "r.xml").getroot()[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("gate", "2", "0")


def test_a_gate_that_is_not_met_fails(folder: Path) -> None:
    write_questions(folder, [{**QUESTIONS[1], "quote": "no such words stand there"}, QUESTIONS[2]])
    done = evaluate("--gate", "-o", "r.xml")
    assert done.exit_code == 1
    assert "Gate: recall_at_5 is 0, wanted is at least 0.9" in done.stdout
    failures = ElementTree.parse(folder / "r.xml").getroot().findall("./testsuite/testcase/failure")
    assert ["wanted is at least 0.9" in (one.get("message") or "") for one in failures] == [True]
    assert evaluate("-q", "questions.jsonl").exit_code == 0


def test_a_question_that_cannot_be_asked_is_named_and_fails(folder: Path) -> None:
    write_questions(folder, [*QUESTIONS, {"question": "UNREACHABLE leave?", "answer": "28 days"}])
    done = evaluate("--gate", "-o", "r.xml")
    assert done.exit_code == 1
    assert "not asked: UNREACHABLE leave?" in done.stderr
    assert "Gate: 1 questions could not be asked" in done.stdout
    [error] = ElementTree.parse(folder / "r.xml").getroot().findall("./testsuite/testcase/error")
    assert (error.get("message") or "").startswith("generator_unavailable")


def test_a_model_that_never_answers_ends_the_run(folder: Path) -> None:
    write_questions(folder, [{"question": f"UNREACHABLE {number}"} for number in range(30)])
    done = evaluate("-q", "questions.jsonl")
    assert (done.exit_code, "generator_unavailable" in done.stderr) == (1, True)
    assert done.stdout == ""


def test_an_earlier_report_is_compared_with(folder: Path) -> None:
    assert evaluate("-q", "questions.jsonl", "-o", "before.json").exit_code == 0
    again = evaluate("-q", "questions.jsonl", "--against", "before.json", "-o", "r.html", "-o", "r.xml")
    assert "Significantly worse: nothing" in again.stdout
    comparison = json.loads(evaluate("-q", "questions.jsonl", "--against", "before.json", "--json").stdout)
    values = [one for one in comparison["comparison"]["differences"] if not one["name"].endswith("_ms")]
    assert {one["difference"] for one in values} == {0}
    assert "Compared with the earlier report" in (folder / "r.html").read_text()
    assert ElementTree.parse(folder / "r.xml").getroot()[0].get("name") == "comparison"


def test_drafted_questions_count_only_when_asked_for(folder: Path) -> None:
    write_questions(folder, [*QUESTIONS, {"question": "How many days?", "drafted": True}])
    assert len(json.loads(evaluate("-q", "questions.jsonl", "--json").stdout)["results"]) == 3
    assert len(json.loads(evaluate("-q", "questions.jsonl", "--drafted", "--json").stdout)["results"]) == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-q", "none.jsonl"), "questions_not_found"),
        (("-q", "muniment.yaml"), "invalid_questions"),
        (("-q", "questions.jsonl", "-o", "report.pdf"), "unknown_report_format"),
        (("-q", "questions.jsonl", "--against", "none.json"), "report_not_found"),
        (("-q", "questions.jsonl", "--against", "questions.jsonl"), "invalid_report"),
        (("nothing", "-q", "questions.jsonl"), "unknown_collection"),
    ],
)
def test_what_is_said_wrongly_is_told(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    done = evaluate(*arguments)
    assert (done.exit_code, f"Code:  {code}" in done.stderr) == (2, True), done.stderr


def test_without_a_gate_there_are_questions_to_name(folder: Path) -> None:
    (folder / "muniment.yaml").write_text("collections: {handbook: {}}")
    assert "Code:  no_gate" in evaluate("--gate", "-q", "questions.jsonl").stderr
    assert "Code:  questions_required" in evaluate().stderr


def test_the_settings_check_reads_the_questions_of_gates(folder: Path) -> None:
    def checked() -> str:
        return CliRunner().invoke(app, ["config", "check"]).stderr

    assert "gate" not in checked()
    write_questions(folder, [{"questoin": "Who?"}])
    assert (
        "Warning: collections.handbook.gate: questions.jsonl: line 1: unknown field 'questoin'" in checked()
    )
    (folder / "questions.jsonl").unlink()
    assert "There is no questions file" in checked()


def test_what_was_measured_is_kept(folder: Path) -> None:
    report = json.loads(evaluate("-q", "questions.jsonl", "--json").stdout)
    assert report["subject"]["questions"] == "questions.jsonl"
    assert not (folder / "muniment-data" / "evaluations" / "handbook.jsonl").exists()


def test_the_threshold_is_fitted_and_printed_as_the_settings_want_it(folder: Path) -> None:
    write_questions(folder, LABELLED)
    done = evaluate("-q", "questions.jsonl", "--calibrate", "-o", "r.json", "-o", "r.html")
    assert done.exit_code == 0, done.stderr
    fitted = read_report(folder / "r.json").calibration
    assert fitted is not None
    assert (fitted.answerable, fitted.unanswerable) == (20, 10)
    assert (fitted.refused_answerable, fitted.refused_unanswerable) == (0.05, 1.0)
    assert "refuses 5.0% of 20 answerable questions" in done.stdout
    assert "100.0% of 10 unanswerable ones" in done.stdout
    assert "Fitted abstain_below" in (folder / "r.html").read_text()
    lines = done.stdout.partition("For the settings:\n")[2]
    (folder / "muniment.yaml").write_text(dedent(lines))
    assert (
        load_settings(folder / "muniment.yaml").collections["handbook"].abstain_below == fitted.abstain_below
    )


def test_the_user_says_how_many_answerable_questions_may_be_refused(folder: Path) -> None:
    write_questions(folder, LABELLED)
    arguments = ("-q", "questions.jsonl", "--calibrate", "--json", "--refused-at-most")
    none, many = (json.loads(evaluate(*arguments, share).stdout)["calibration"] for share in ("0", "0.05"))
    assert (none["refused_at_most"], none["refused_answerable"]) == (0, 0)
    assert none["abstain_below"] < many["abstain_below"]


def test_too_few_labels_are_told_before_anything_is_asked(folder: Path) -> None:
    write_questions(folder, [*LABELLED[:25], {"question": "BUG", "answer": "never asked"}])
    done = evaluate("-q", "questions.jsonl", "--calibrate")
    assert (done.exit_code, "Code:  too_few_labels" in done.stderr) == (2, True), done.stderr
    assert "there are 21 and 5" in done.stderr


def test_where_too_few_answers_have_a_confidence_the_report_is_there_and_says_so(folder: Path) -> None:
    write_questions(folder, [*SURE, *({**NOT_JUDGED, "id": f"no {n}"} for n in range(10))])
    done = evaluate("-q", "questions.jsonl", "--calibrate", "-o", "r.json")
    assert done.exit_code == 1
    assert "No threshold is fitted" in done.stderr
    report = read_report(folder / "r.json")
    assert (report.calibration, report.metric("answered") is not None) == (None, True)


def test_searches_alone_say_nothing_of_a_threshold(folder: Path) -> None:
    done = evaluate("-q", "questions.jsonl", "--calibrate", "--search-only")
    assert (done.exit_code, "--search-only" in done.stderr) == (2, True)


def test_reports_from_before_there_were_fitted_thresholds_are_read(folder: Path) -> None:
    assert evaluate("-q", "questions.jsonl", "-o", "r.json").exit_code == 0
    older = json.loads((folder / "r.json").read_text())
    assert older.pop("calibration") is None
    (folder / "older.json").write_text(json.dumps(older))
    assert read_report(folder / "older.json") == read_report(folder / "r.json")


def test_labels_that_can_never_be_found_are_told_before_the_first_question(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "there", "question": "How many days of leave?", "quote": "28 days of leave", "pages": [1]},
        {
            "id": "words",
            "question": "How long is leave?",
            "documents": ["leave.pdf"],
            "quote": "40 weeks off",
        },
        {"id": "far", "question": "What of travel?", "documents": ["travel.pdf"], "pages": [99]},
        {"id": "gone", "question": "What of trains?", "documents": ["trains.pdf"], "pages": [1]},
        {"id": "long", "question": "What of notes?", "spans": ["leave.pdf:5000-5010"]},
        {"id": "none", "question": "Zebra?", "unanswerable": True, "pages": ["leave.pdf#50"]},
    ]
    write_questions(folder, rows)
    done = evaluate("-q", "questions.jsonl", "-o", "r.json")
    assert done.exit_code == 0
    told = " ".join(done.stderr.split())
    assert "no document for these labels: trains.pdf." in told
    assert "These pages are in no document: page 99 of travel.pdf, which has 1 page (far)." in told
    assert "“40 weeks off” (words), leave.pdf:5000-5010, which has 72 characters (long)." in told
    assert "28 days" not in told
    assert told.count("trains.pdf") == 1
    assert len(read_report(folder / "r.json").notes) == 3


def test_an_empty_collection_is_no_evaluation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened(settings: Settings, **_: object) -> FakeWorkspace:
        return FakeWorkspace({"handbook": {}}, folder)

    monkeypatch.setattr(connect, "_workspace", opened)
    done = evaluate("-q", "questions.jsonl")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Code:  collection_empty" in done.stderr
    drafted = CliRunner().invoke(app, ["questions", "draft", "-o", "drafts.jsonl"])
    assert (drafted.exit_code, drafted.stdout) == (1, "")
    assert "muniment ingest handbook" in drafted.stderr
    assert not (folder / "drafts.jsonl").exists()


def test_a_comparison_says_on_how_many_questions_it_rests(folder: Path) -> None:
    assert evaluate("-q", "questions.jsonl", "-o", "before.json").exit_code == 0
    write_questions(folder, [*QUESTIONS[:1], {**QUESTIONS[1], "documents": ["leave.pdf"]}])
    told = " ".join(evaluate("-q", "questions.jsonl", "--against", "before.json").stdout.split())
    assert "1 of 2 questions are in both; 1 only here, or with other words or labels; 2 only there." in told


def test_times_are_compared_by_their_means_and_have_a_unit(folder: Path) -> None:
    assert evaluate("-q", "questions.jsonl", "-o", "before.json").exit_code == 0
    done = evaluate("-q", "questions.jsonl", "--against", "before.json", "-o", "r.html")
    [line] = [line for line in done.stdout.splitlines() if line.startswith("Search time, mean:")]
    assert line.count(" ms") == 3
    [median] = [line for line in done.stdout.splitlines() if line.startswith("search_p50_ms")]
    assert "+" not in median
    page = (folder / "r.html").read_text()
    assert "Search time, mean" in page
    assert "searchs" not in page
    assert "50% of the searches take at most so long." in page


def test_a_gate_with_a_margin_judges_the_fall_from_the_earlier_report(folder: Path) -> None:
    assert evaluate("-q", "questions.jsonl", "-o", "before.json").exit_code == 0
    before = json.loads((folder / "before.json").read_text())
    (folder / "muniment.yaml").write_text(
        "collections: {handbook: {gate: {questions: questions.jsonl, max_fall: {mrr: 0.1}}}}"
    )
    met = evaluate("--gate", "--against", "before.json")
    assert (met.exit_code, "The gate is met." in met.stdout) == (0, True), met.stderr
    assert "mrr: none, whatever is lost of 2 questions" in " ".join(met.stderr.split())
    for result in before["results"]:
        result["values"]["mrr"] = 1.0
    worse = [{**row, "quote": "never said so"} if "pages" in row else row for row in QUESTIONS]
    write_questions(folder, worse)
    for result in before["results"]:
        if result["question"]["id"] == "leave":
            result["question"]["spans"][0]["quote"] = "never said so"
    (folder / "before.json").write_text(json.dumps(before))
    missed = evaluate("--gate", "--against", "before.json", "-o", "r.xml")
    assert missed.exit_code == 1
    assert "Gate: mrr is 0.5 worse than before, allowed is a fall of at most 0.1" in missed.stdout
    suite = ElementTree.parse(folder / "r.xml").getroot()[0]
    assert [case.get("name") for case in suite] == ["mrr (fall)"]
    assert "max_fall was not judged" in " ".join(evaluate("--gate").stderr.split())
