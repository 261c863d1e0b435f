"""The command line: what it prints, how it ends, and how it finds a running server."""

import importlib.util
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from muniment.cli import connect
from muniment.cli.config import HIDDEN, shown_values
from muniment.cli.main import app
from muniment.cli.output import clean
from muniment.cli.server_file import (
    ServerRecord,
    live_server,
    read_record,
    remove_record,
    write_record,
)
from muniment.collections.fake import FakeWorkspace
from muniment.errors import MunimentError
from muniment.settings import Settings, load_settings

DOCUMENTS = {"handbook": {"leave.pdf": "Employees have 30 days of leave.\n\x1b[31mSick notes\x1b[0m."}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with settings, where the fake stands for what they would open."""

    async def opened(settings: Settings, **_options: object) -> FakeWorkspace:
        failing = {"broken.pdf": "UNREADABLE"} if (tmp_path / "with-broken").exists() else {}
        documents = {name: {**texts, **failing} for name, texts in DOCUMENTS.items()}
        if (tmp_path / "two").exists():
            documents["sales"] = {"prices.csv": "The Falcon costs 1,200 euros."}
        return FakeWorkspace(documents, tmp_path)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connect, "_workspace", opened)
    (tmp_path / "muniment.yaml").write_text("collections: {handbook: {}}\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_an_answer_is_shown_with_its_evidence(folder: Path) -> None:
    result = run("ask", "How many days of leave?")
    assert result.exit_code == 0
    assert "Employees have 30 days of leave. [1]" in result.stdout
    assert "[1] leave.pdf, page 1" in result.stdout
    assert "muniment page handbook" in result.stdout
    assert "-c muniment.yaml" in run("ask", "How many days of leave?", "-c", "muniment.yaml").stdout
    assert run("ask", "handbook", "How many days of leave?").stdout == result.stdout


def test_json_is_the_shape_of_the_http_interface(folder: Path) -> None:
    answer = json.loads(run("ask", "days of leave", "--json").stdout)
    assert answer["claims"][0]["citations"][0]["page_url"].startswith("/v1/collections/handbook/documents/")
    for command, key in (
        (("search", "leave"), "passages"),
        (("status",), "collections"),
        (("documents",), "documents"),
        (("ingest",), "runs"),
        (("runs",), "runs"),
        (("version",), "version"),
        (("config", "show"), "server"),
        (("models", "list"), "models"),
    ):
        result = run(*command, "--json")
        assert result.exit_code == 0, (command, result.output)
        assert json.loads(result.stdout)[key] is not None, command


def test_exit_codes_say_how_it_ended(folder: Path) -> None:
    assert run("ask", "zebra").exit_code == 4
    assert run("ask", "").exit_code == 2
    assert run("ask", "nowhere", "leave").exit_code == 2
    assert run("ask", "UNREACHABLE").exit_code == 1
    assert run("nonsense").exit_code == 2
    assert run("ingest").exit_code == 0
    (folder / "with-broken").touch()
    assert run("ingest").exit_code == 3


def test_an_error_is_a_message_and_a_hint_not_a_traceback(folder: Path) -> None:
    result = run("ask", "UNREACHABLE")
    assert result.stdout == ""
    assert "Error: Nothing answers at http://127.0.0.1:9." in result.stderr
    assert "Hint:  Start it." in result.stderr
    assert "generator_unavailable" in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(run("ask", "UNREACHABLE", "--debug").exception, MunimentError)


def test_an_error_nobody_foresaw_is_reported_with_what_to_do(folder: Path) -> None:
    result = run("ask", "BUG")
    assert result.exit_code == 1
    assert "RuntimeError" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.output


def test_with_several_collections_one_must_be_named(folder: Path) -> None:
    (folder / "two").touch()
    result = run("ask", "leave")
    assert result.exit_code == 2
    assert "handbook, sales" in result.stderr
    assert run("search", "sales", "falcon").exit_code == 0


def test_a_search_says_how_relevant_passages_are_and_why(folder: Path) -> None:
    plain = run("search", "leave")
    assert "stages:" not in plain.stdout
    explained = run("search", "leave", "--explain")
    assert "relevance 0." in explained.stdout
    assert "log-odds" in explained.stdout
    found = json.loads(run("search", "leave", "--explain", "--json").stdout)["passages"][0]
    assert found["explanation"]["relevance"] == found["relevance"] > 0
    assert "Nothing found" in run("search", "leave", "--score-threshold", "1").stdout
    assert json.loads(run("search", "leave", "--score-threshold", "1", "--json").stdout)["passages"] == []


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_collection_without_a_question_is_said_to_be_one(folder: Path, command: str) -> None:
    result = run(command, "handbook")
    assert result.exit_code == 2
    assert "'handbook' is a collection; what is the question?" in result.stderr
    assert f'muniment {command} handbook "…"' in result.stderr
    assert run(command, "handbook", "leave").exit_code == 0


@pytest.mark.parametrize(("command", "missing"), [("ask", "question"), ("search", "query")])
def test_without_arguments_it_is_the_question_that_is_missing(
    folder: Path, command: str, missing: str
) -> None:
    refused = run(command)
    assert refused.exit_code == 2
    assert f"The {missing} is missing." in refused.stderr
    assert f'muniment {command} "…"' in refused.stderr


@pytest.mark.parametrize("command", ["ask", "search"])
def test_filters_are_json_in_openais_form(folder: Path, command: str) -> None:
    given = '{"type": "eq", "key": "year", "value": 2026}'
    assert run(command, "leave", "--filter", given).exit_code == 0
    for wrong in ("year=2026", "[1]", '{"type": "like", "key": "year", "value": 1}'):
        refused = run(command, "leave", "--filter", wrong)
        assert refused.exit_code == 2
        assert "invalid_filter" in refused.stderr


def test_names_that_are_one_of_a_few_are_checked_and_listed(folder: Path) -> None:
    for arguments, known in (
        (("search", "leave", "--mode", "fuzzy"), "keyword"),
        (("documents", "--state", "odd"), "skipped"),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert known in refused.stderr


def test_documents_come_in_pages(folder: Path) -> None:
    (folder / "with-broken").touch()
    everything = json.loads(run("documents", "--json").stdout)
    assert [one["name"] for one in everything["documents"]] == ["broken.pdf", "leave.pdf"]
    assert everything["next_after"] is None
    first = json.loads(run("documents", "--json", "--limit", "1").stdout)
    assert ([one["name"] for one in first["documents"]], first["next_after"]) == (
        ["broken.pdf"],
        "broken.pdf",
    )
    last = json.loads(run("documents", "--json", "-n", "1", "--after", "broken.pdf").stdout)
    assert ([one["name"] for one in last["documents"]], last["next_after"]) == (["leave.pdf"], None)
    assert "There are more: --after 'broken.pdf'" in run("documents", "--limit", "1").stderr


def test_status_lists_what_failed_and_what_was_mended(folder: Path) -> None:
    (folder / "with-broken").touch()
    shown = run("status").stdout
    for part in (
        "handbook",
        "ready",
        "No server runs",
        "broken.pdf",
        "document_unreadable",
        "Open it",
        "Mended",
    ):
        assert part in shown


def test_ingestion_prints_plain_lines_when_nobody_watches(folder: Path) -> None:
    (folder / "with-broken").touch()
    result = run("ingest")
    assert "done leave.pdf (1 page, 2 chunks)" in result.stderr
    assert "failed broken.pdf: cannot be read. [document_unreadable]" in result.stderr
    assert result.stdout.startswith("handbook: done, 1 ingested, 1 failed")


def test_a_page_is_saved_by_the_documents_name_or_id(folder: Path) -> None:
    result = run("page", "handbook", "leave.pdf", "1", "--range", "0-9", "-o", "page.png")
    assert result.exit_code == 0
    assert (folder / "page.png").read_bytes().startswith(b"\x89PNG")
    assert run("page", "handbook", "leave.pdf", "2").exit_code == 2
    assert run("page", "handbook", "leaves.pdf", "1").exit_code == 2
    assert run("page", "handbook", "leave.pdf", "1", "--range", "9-1").exit_code == 2


def test_documents_cannot_steer_the_terminal(folder: Path) -> None:
    assert "\x1b[31m" not in run("search", "sick").stdout
    assert clean("a\x1b]0;x\x07\u202eb\nc") == "a\ufffd]0;x\ufffdb\nc"


def test_secrets_are_never_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_KEY_FOR_TEST", "sk-secret-1")
    (folder / "muniment.yaml").write_text(
        "catalog_uri: postgresql://me:sk-secret-2@db/x\n"
        "generators: {a: {provider: openai, api_key: sk-secret-3, api_key_env: OPENAI_KEY_FOR_TEST}}\n"
    )
    for arguments in (("config", "show"), ("config", "show", "--json")):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "sk-secret" not in result.output
        assert "OPENAI_KEY_FOR_TEST" in result.stdout
    assert shown_values(load_settings(folder / "muniment.yaml"))["generators"]["a"]["api_key"] == HIDDEN


def test_settings_are_begun_and_checked(folder: Path) -> None:
    assert run("config", "init", "new.yaml").exit_code == 0
    assert load_settings(folder / "new.yaml").collections["documents"].sources
    refused = run("config", "init", "new.yaml")
    assert refused.exit_code == 1
    assert "file_exists" in refused.stderr
    assert run("config", "init", "new.yaml", "--force").exit_code == 0
    assert run("config", "check", "--config", "new.yaml").exit_code == 0
    (folder / "new.yaml").write_text("colections: {}\n")
    wrong = run("config", "check", "--config", "new.yaml")
    assert wrong.exit_code == 2
    assert "'collections'" in wrong.stderr
    assert run("status", "--config", "missing.yaml").exit_code == 2


def test_checking_says_where_settings_come_from_and_what_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docs").mkdir()
    (folder / "muniment.yaml").write_text(
        "collections:\n  a: {sources: docs, embedding_model: m}\n  b: {sources: gone, embedding_model: m}\n"
        "embedding_models: {m: {provider: encoder, path: weights}}\n"
    )
    monkeypatch.setenv("MUNIMENT_SERVER__PORT", "9000")
    result = run("config", "check")
    assert result.exit_code == 0
    assert "Settings: muniment.yaml" in result.stdout
    assert "Over them: MUNIMENT_SERVER__PORT" in result.stdout
    assert "Collections: a, b" in result.stdout
    assert f"collections.b.sources: {folder / 'gone'} does not exist." in result.stderr
    assert "collections.a.sources" not in result.stderr
    assert f"embedding_models.m: Model folder '{folder / 'weights'}' does not exist." in result.stderr
    report = json.loads(run("config", "check", "--json").stdout)
    assert (report["ok"], report["file"], len(report["warnings"])) == (True, "muniment.yaml", 2)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without settings."""
    monkeypatch.chdir(tmp_path)

    async def opened(settings: Settings, **_options: object) -> FakeWorkspace:
        return FakeWorkspace({}, tmp_path)

    monkeypatch.setattr(connect, "_workspace", opened)
    return tmp_path


@pytest.mark.parametrize("command", ["ingest", "ask leave", "search leave", "documents"])
def test_without_a_collection_commands_say_what_to_write(bare: Path, command: str) -> None:
    refused = run(*command.split())
    assert refused.exit_code == 2
    assert "No collection is declared." in refused.stderr
    assert "collections: {documents: {sources: ./documents}}" in refused.stderr


def test_status_and_check_say_that_no_collection_is_declared(bare: Path) -> None:
    assert "No collection is declared. Write `collections:" in run("status").stdout
    (bare / "muniment.yaml").touch()
    checked = run("config", "check")
    assert checked.exit_code == 0
    assert "Warning: No collection is declared." in checked.stderr
    assert "In order, with 1 warning." in checked.stdout


def test_checking_refuses_a_model_that_there_is_not(folder: Path) -> None:
    for written, said in (
        (
            "collections: {a: {embedding_model: foo}}",
            "collections.a.embedding_model: Unknown embedding model",
        ),
        ("collections: {a: {embedding_model: smollm2-135m}}", "Unknown embedding model 'smollm2-135m'"),
        ("embedding_models: {m: {provider: encoder, model: foo}}", "embedding_models.m: Unknown"),
    ):
        (folder / "muniment.yaml").write_text(written)
        refused = run("config", "check")
        assert refused.exit_code == 2
        assert said in refused.stderr
        assert "all-MiniLM-L6-v2" in refused.stderr
        assert "qwen" not in refused.stderr
    (folder / "muniment.yaml").write_text("generators: {x: {provider: llama_cpp, model: foo}}")
    refused = run("config", "check")
    assert refused.exit_code == 2
    assert "generators.x: Unknown text generator 'foo'" in refused.stderr
    assert "MiniLM" not in refused.stderr


@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is not None, reason="llama.cpp is installed here")
def test_a_missing_engine_is_said_before_its_missing_weights(folder: Path) -> None:
    (folder / "muniment.yaml").write_text("generators: {x: {provider: llama_cpp, model: qwen2.5-coder-1.5b}}")
    checked = run("config", "check")
    assert checked.exit_code == 0
    engine = checked.stderr.index("pip install 'muniment[llama-cpp]'")
    assert engine < checked.stderr.index("models get qwen2.5-coder-1.5b")


def test_checking_refuses_wrong_options_and_fallbacks_that_lead_nowhere(folder: Path) -> None:
    for generator, said in (
        ("{provider: openai, base_url: 'http://x/v1', base_ulr: a}", "base_url"),
        ("{provider: openai, base_url: 'http://x/v1', fallback: gone}", "no generator 'gone' is declared"),
        ("{provider: openai, base_url: 'http://x/v1', fallback: a}", "goes in a circle"),
        ("{provider: opnai}", "openai"),
    ):
        (folder / "muniment.yaml").write_text(f"generators: {{a: {generator}}}\n")
        result = run("config", "check")
        assert result.exit_code == 2
        assert said in result.stderr


def test_a_packaged_model_that_is_damaged_or_unknown_is_reported(folder: Path) -> None:
    gguf = folder / "muniment-data" / "models" / "smollm2-135m" / "smollm2-135m.gguf"
    gguf.parent.mkdir(parents=True)
    gguf.write_bytes(b"cut short")
    damaged = run("models", "verify", "smollm2-135m")
    assert damaged.exit_code == 1
    assert "weights_damaged" in damaged.stderr
    assert "muniment models get smollm2-135m" in damaged.stderr
    (listed,) = [
        one
        for one in json.loads(run("models", "list", "--json").stdout)["models"]
        if one["name"] == "smollm2-135m"
    ]
    assert listed["state"] == "damaged"
    for command in ("get", "verify"):
        unknown = run("models", command, "smolm2-135m")
        assert unknown.exit_code == 2
        assert "Did you mean 'smollm2-135m'?" in unknown.stderr
        assert "all-MiniLM-L6-v2" in unknown.stderr


def test_every_command_but_serve_prints_json() -> None:
    for command in ("ask", "search", "ingest", "status", "documents", "runs", "page", "demo", "version"):
        assert "--json" in run(command, "--help").stdout, command
    for group in ("models list", "models get", "models verify", "config check", "config show", "config init"):
        assert "--json" in run(*group.split(), "--help").stdout, group


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        yield bound.getsockname()[1]


async def test_a_file_left_by_a_dead_server_counts_as_none(tmp_path: Path) -> None:
    assert await live_server(tmp_path) is None
    (tmp_path / "server.json").write_text("{")
    assert await live_server(tmp_path) is None
    write_record(tmp_path, ServerRecord("http://127.0.0.1:9", 2**22 + 1, "x"))
    assert await live_server(tmp_path) is None
    remove_record(tmp_path, "y")
    assert read_record(tmp_path) is not None
    remove_record(tmp_path, "x")
    assert read_record(tmp_path) is None


def test_a_port_in_use_is_said_clearly(folder: Path, listener: int) -> None:
    result = run("serve", "--port", str(listener))
    assert result.exit_code == 1
    assert "port_in_use" in result.stderr
    assert str(listener) in result.stderr
    assert "host_unusable" in run("serve", "--host", "192.0.2.1", "--port", "0").stderr
