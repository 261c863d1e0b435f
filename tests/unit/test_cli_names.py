"""Names of documents as the command line shows them: on one line, told apart, whole, however odd they are."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from muniment.cli import connect
from muniment.cli.apart import told_apart
from muniment.cli.main import app
from muniment.cli.output import NAME_WIDTH, counted, one_line, table
from muniment.cli.plan_report import print_plan
from muniment.collections.fake import FakeWorkspace
from muniment.settings import Settings
from muniment.types import Change, ChangeKind, Estimate, Plan, PlannedKind, Shard, ShardPart

FORGED = "notes\nDone. 5000 documents.txt"


def planned(*names_and_uris: tuple[str, str], parts: int = 0) -> str:
    """A plan that adds these documents, as it is shown."""
    changes = tuple(Change(ChangeKind.ADD, uri, name, 10, reason="new") for name, uri in names_and_uris)
    kinds = (PlannedKind(ChangeKind.ADD, len(changes), 10 * len(changes), changes),)
    plan = Plan("plan_1", "docs", "2026-01-01T00:00:00Z", kinds, 0, len(changes), Estimate())
    console = Console(file=io.StringIO(), width=240)
    print_plan(console, plan, tuple(ShardPart(Shard(n, parts), 1, 10) for n in range(parts)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake stands for what is opened, with documents of odd names."""

    async def opened(settings: Settings, **_options: object) -> FakeWorkspace:
        documents = {FORGED: "A text.", "long/" + "n" * 200 + ".txt": "Another.", "a.txt": "Short."}
        return FakeWorkspace({"docs": documents}, tmp_path)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connect, "_workspace", opened)
    (tmp_path / "muniment.yaml").write_text("collections: {docs: {}}\n")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    "name", [FORGED, "a\tb.txt", "a\r\nb.txt", "a\u2028b.txt", "a\u2029b.txt", "a\x85b.txt", "a\x0bb.txt"]
)
def test_a_name_stays_on_its_line(name: str) -> None:
    assert len(one_line(name).splitlines()) == 1
    lines = planned((name, "file:///docs/1")).splitlines()
    assert sum("+ add" in line for line in lines) == 1
    assert not any(line.startswith("Done.") for line in lines)


def test_no_command_breaks_its_lines_at_a_name(odd: None) -> None:
    for arguments in (("documents",), ("ingest",), ("search", "text"), ("ask", "What is in the text?")):
        result = run(*arguments)
        assert not any(line.strip().startswith("Done. 5000") for line in result.output.splitlines()), (
            arguments
        )


def test_a_long_name_is_shown_whole_and_leaves_the_others_their_place(odd: None) -> None:
    shown = run("documents").stdout
    assert shown.replace(" ", "").count("n") >= 200
    header, row = shown.splitlines()[0], next(line for line in shown.splitlines() if "a.txt" in line)
    assert header.index("State") <= NAME_WIDTH + 2
    assert row.index("done") == header.index("State")


def test_a_table_is_as_narrow_as_its_names() -> None:
    console = Console(file=io.StringIO(), width=240)
    rows = table("Document", "State")
    rows.add_row("a.txt", "done")
    console.print(rows)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1].rstrip() == "a.txt     done"


def test_documents_of_two_sources_with_one_name_are_told_apart() -> None:
    assert told_apart(
        [
            ("a b.txt", "file:///one/a%20b.txt"),
            ("a b.txt", "s3://bucket/two/a b.txt"),
            ("c.txt", "file:///one/c.txt"),
            ("d.txt", "upload:///x"),
            ("d.txt", "file:///one/d.txt"),
        ]
    ) == [
        "a b.txt (in file:///one/)",
        "a b.txt (in s3://bucket/two/)",
        "c.txt",
        "d.txt (in upload:///x)",
        "d.txt (in file:///one/)",
    ]
    shown = planned(("rules.pdf", "file:///hr/rules.pdf"), ("rules.pdf", "s3://b/rules.pdf"))
    assert "add rules.pdf (in file:///hr/): new" in shown
    assert "add rules.pdf (in s3://b/): new" in shown


def test_the_command_for_a_plan_in_shards_names_the_shards() -> None:
    files = (("a.txt", "file:///a.txt"), ("b.txt", "file:///b.txt"))
    assert "muniment apply docs --plan plan_1 --shard K/3, with K from 0 to 2" in planned(*files, parts=3)
    assert "--shard" not in planned(*files)


def test_one_is_not_told_as_many() -> None:
    assert [counted(n, "finding") for n in (0, 1, 2, 1200)] == [
        "0 findings",
        "1 finding",
        "2 findings",
        "1,200 findings",
    ]


def test_runs_with_failures_are_found_among_all(
    odd: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[FakeWorkspace] = []

    async def opened(settings: Settings, **_options: object) -> FakeWorkspace:
        if not made:
            made.append(FakeWorkspace({"good": {"a.txt": "A."}, "bad": {"b.pdf": "UNREADABLE"}}, tmp_path))
        return made[0]

    monkeypatch.setattr(connect, "_workspace", opened)
    (tmp_path / "muniment.yaml").write_text("collections: {good: {}, bad: {}}\n")
    assert run("ingest").exit_code == 3
    everything, failed = run("runs").stdout, run("runs", "--failed").stdout
    assert "good" in everything and "bad" in everything
    assert "good" not in failed and "bad" in failed
    assert "No runs yet." not in run("runs", "bad", "--failed").stdout
    assert "No run with failures." in run("runs", "good", "--failed").stdout
