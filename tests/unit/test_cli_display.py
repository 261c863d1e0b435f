"""What the command line shows: commands that can be copied, short reasons, numbers that begin at 1."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from muniment.api.sources import sources_of
from muniment.api.wire import CollectionWire, DocumentWire, ReadinessWire
from muniment.cli.answer_display import print_answer
from muniment.cli.numbering import renumbered
from muniment.cli.program import called_as
from muniment.cli.reason import advice_of, reason_of
from muniment.cli.status_report import StatusReport, print_report
from muniment.collections.fake import FakeWorkspace
from muniment.types import (
    Answer,
    AnswerVerdict,
    Check,
    Chunk,
    Citation,
    CitationVerdict,
    Claim,
    ClaimVerdict,
    Passage,
    Readiness,
    Span,
)

GROUNDED = "every statement was found in the documents"


def answer_citing(
    text: str,
    *cited: int,
    quote: str = "It is so.",
    name: str = "a.pdf",
    verdict: AnswerVerdict = AnswerVerdict.GROUNDED,
    generator: str = "extractive",
) -> Answer:
    """An answer of which each claim cites one passage, by number, of nine looked at."""
    span = Span(0, len(quote), 1)
    looked_at = tuple(
        Passage(number, f"doc_{number}", name, Chunk(0, quote, "", (), (span,), 3), 1.0, {}, {})
        for number in range(1, 10)
    )
    citations = [
        Citation(number, f"doc_{number}", name, quote, (span,), CitationVerdict.VERIFIED) for number in cited
    ]
    claims = tuple(Claim(quote, 0, 1, (citation,), ClaimVerdict.SUPPORTED) for citation in citations)
    return Answer("a", "q", "docs", text, verdict, claims, looked_at, generator)


def shown(answer: Answer) -> str:
    console = Console(file=io.StringIO(), width=120)
    print_answer(answer, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_commands_are_shown_as_the_program_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "bin" / "muniment"
    script.parent.mkdir()
    script.touch(mode=0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    assert called_as([".venv/bin/muniment"], ["python"]) == ".venv/bin/muniment"
    assert called_as([str(script)], ["python"]) == str(script)
    assert called_as(["/my programs/muniment"], ["python"]) == "'/my programs/muniment'"
    module = "/usr/lib/python3/muniment/__main__.py"
    assert called_as([module], [".venv/bin/python", "-m", "muniment"]) == ".venv/bin/python -m muniment"
    assert called_as(["/usr/lib/python3/pytest/__main__.py"], ["python"]) == "muniment"
    monkeypatch.setenv("PATH", str(script.parent))
    assert called_as([str(script)], ["python"]) == "muniment"


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("bad/empty.pdf", "bad/empty.pdf is empty.", "is empty."),
        ("bad/empty.pdf", "empty.pdf is empty.", "is empty."),
        ("a.pdf", "'a.pdf' cannot be read.", "cannot be read."),
        ("a.zip", "a.zip: member declares a type.", "member declares a type."),
        ("a.pdf", "Parsing a.pdf took longer than 5 seconds.", "Parsing a.pdf took longer than 5 seconds."),
        ("a.pdf", "a.pdfx is empty.", "a.pdfx is empty."),
        (
            "a.bin",
            "a.bin is binary data, which cannot be read. Supported: PDF.",
            "is binary data, which cannot be read.",
        ),
    ],
)
def test_a_reason_does_not_repeat_the_documents_name(name: str, error: str, reason: str) -> None:
    assert reason_of(name, error) == reason


def test_the_list_of_formats_is_advice() -> None:
    assert advice_of("a.bin cannot be read. Supported: PDF, DOCX.", "Save it so.") == (
        "Supported: PDF, DOCX. Save it so."
    )
    assert advice_of("It is empty.", "") == ""


async def test_status_gives_advice_once_for_all_documents_with_the_same_trouble(tmp_path: Path) -> None:
    texts = {"a.pdf": "UNREADABLE 1", "b.pdf": "UNREADABLE 2", "c.pdf": "UNREADABLE 3"}
    workspace = FakeWorkspace({"docs": texts}, tmp_path)
    report = StatusReport(
        data_dir="data",
        server=None,
        readiness=ReadinessWire.of(Readiness(())),
        collections=tuple(CollectionWire.of(one) for one in await workspace.collections()),
        problems=tuple(DocumentWire.of(one) for one in await workspace.documents("docs")),
    )
    console = Console(file=io.StringIO(), width=120)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count("Open it and save it again.") == 1
    assert "failed docs/b.pdf: cannot be read. [document_unreadable]" in text


async def test_status_tells_what_is_needed_from_what_is_done_without(tmp_path: Path) -> None:
    checks = (
        Check("generator big", False, "It is down.", "Start it."),
        Check("reranker judge", False, "It is down.", "Start it.", needed=False),
    )
    assert not Readiness(checks).ready
    assert Readiness(checks[1:]).ready
    report = StatusReport(
        data_dir="data",
        server=None,
        readiness=ReadinessWire.of(Readiness(checks)),
        collections=(CollectionWire.of(await FakeWorkspace({"docs": {}}, tmp_path).collection("docs")),),
        problems=(),
    )
    assert report.readiness.domain() == Readiness(checks)
    console = Console(file=io.StringIO(), width=120)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "Not ready: generator big: It is down. Start it." in text
    assert "Does without: reranker judge: It is down. Start it." in text


def test_sources_are_numbered_in_the_order_they_are_cited() -> None:
    answer = answer_citing("So. [5]\n\nAnd so. [2] [5]", 5, 2)
    numbered = renumbered(answer, sources_of(answer))
    assert numbered.text == "So. [1]\n\nAnd so. [2] [1]"
    assert [(source.number, source.citations[0].passage_id) for source in numbered.sources] == [
        (1, 5),
        (2, 2),
    ]
    assert renumbered(answer_citing("So. [2, 3]", 2, 3), ()).text == "So. [2, 3]"
    assert "[1] a.pdf, page 1" in shown(answer_citing("So. [7]", 7))


@pytest.mark.parametrize(
    "answer",
    [
        answer_citing("See [3] for it. [3]", 3, quote="See [3] for it."),
        answer_citing("So. [3] [9]", 3),
        answer_citing("So. [3]", 3, verdict=AnswerVerdict.PARTLY_GROUNDED),
    ],
    ids=["a document has brackets too", "not every mark has a source", "reasons speak of the numbers"],
)
def test_numbers_that_cannot_be_changed_safely_are_explained(answer: Answer) -> None:
    numbered = renumbered(answer, sources_of(answer))
    assert (numbered.text, numbered.sources) == (answer.text, sources_of(answer))
    assert "count the passages looked at" in shown(answer)


def test_a_page_command_is_shown_where_a_page_can_be_drawn() -> None:
    assert "muniment page docs doc_1 1 --range 0-9" in shown(answer_citing("So. [1]", 1, name="a.PDF"))
    first, second = answer_citing("So. [1] And so. [1]", 1, 1, name="a.PDF").claims
    header = first.citations[0].spans[0]  # as two rows of one table have it
    row = replace(second.citations[0], quote="And so.", spans=(header, Span(20, 27, 1)))
    both = replace(answer_citing("", name="a.PDF"), claims=(first, replace(second, citations=(row,))))
    assert "1 --range 0-9 --range 20-27" in shown(both)
    for name in ("slides.pptx", "prices.xlsx"):
        assert "muniment page" not in shown(answer_citing("So. [1]", 1, name=name))


def test_a_quotation_is_not_praised_as_an_answer() -> None:
    quoted = shown(answer_citing("So. [1]", 1))
    assert "read whether it answers" in quoted
    assert GROUNDED not in quoted
    assert GROUNDED in shown(answer_citing("So. [1]", 1, generator="vllm"))
