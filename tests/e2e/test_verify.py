"""``muniment verify``: what is amiss before ingestion and after it, each with what to do."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner
from workspaces import Open, found, ingest, row_ids

from muniment.build import verify_setup
from muniment.cli.main import app
from muniment.errors import ConflictError
from muniment.settings import Settings
from muniment.types import Check, Verification


def finding(verification: Verification, name: str) -> Check:
    [check] = [one for one in verification.checks if one.name == name]
    assert not check.ok
    assert check.hint
    return check


def passed(verification: Verification) -> set[str]:
    return {check.name for check in verification.checks if check.ok}


async def test_a_complete_collection_has_no_finding(open_docs: Open) -> None:
    async with open_docs() as workspace:
        empty = await workspace.verify("docs")
        assert empty.ok
        await ingest(workspace)
        full = await workspace.verify("docs", questions=["when do unused days of leave expire"])
        assert full.ok, full.checks
        details = {check.name: check.detail for check in full.checks}
        assert details["counts"].startswith("3 chunks of 3 documents")
        assert details["samples"].startswith("3 chunks")
        assert "leave.txt" in details["question 'when do unused days of leave expire'"]
        assert await found(workspace, "leave")


async def test_probes_leave_nothing_behind(open_docs: Open, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        indexes, files = (
            await workspace._parts.store.names(),
            sorted((tmp_path / "data" / "files").rglob("*")),
        )
        await workspace.verify("docs")
        assert await workspace._parts.store.names() == indexes
        assert sorted((tmp_path / "data" / "files").rglob("*.*")) == [f for f in files if "." in f.name]
        assert not [file async for file in workspace._parts.kept.store.list("probe/")]


async def test_rows_that_are_missing_or_too_many_are_found(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        index = workspace._parts.runtime("docs").open_index()
        await index.delete([min(await row_ids(workspace))])
        lost = finding(await workspace.verify("docs"), "counts")
        assert "3 chunks and the index 2 rows: 1 are missing and 0" in lost.detail
        assert "counts_differ" in lost.detail


async def test_a_chunk_that_says_something_else_than_the_document_is_found(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        kept = workspace._parts.kept
        [document] = [one for one in await workspace.documents("docs") if one.name == "pumps.txt"]
        await kept.forget_parsed(document.content_hash, document.parser)
        changed = finding(await workspace.verify("docs"), "samples")
        assert "pumps.txt" in changed.detail
        assert "text_differs" in changed.detail


async def test_a_question_without_an_answer_is_a_finding(open_docs: Open) -> None:
    async with open_docs() as workspace:
        verification = await workspace.verify("docs", questions=["leave"])
        assert "question_finds_nothing" in finding(verification, "question 'leave'").detail


async def test_the_staged_generation_is_looked_at_by_itself(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        with pytest.raises(ConflictError) as nothing:
            await workspace.verify("docs", staged=True)
        assert nothing.value.code == "nothing_staged"
    async with open_docs(embedding_model="large") as workspace:
        async for _ in workspace.stage("docs"):
            pass
        staged = await workspace.verify("docs", staged=True)
        assert staged.ok, staged.checks
        assert {"counts of generation 2", "samples of generation 2"} <= passed(staged)


def broken(tmp_path: Path) -> dict[str, object]:
    once = {"retries": 0}
    model = {"provider": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", **once}
    return {
        "data_dir": str(tmp_path / "data"),
        "catalog_uri": "postgresql://nobody@127.0.0.1:9/none",
        "collections": {
            "docs": {"sources": [str(tmp_path / "nowhere")], "embedding_model": "far", "generator": "model"}
        },
        "parser": {"provider": "fake"},
        "file_store": {"provider": "s3", "bucket": "kept", "endpoint": "http://127.0.0.1:9", **once},
        "vector_store": {"provider": "milvus", "uri": "http://127.0.0.1:9", "connect_timeout_s": 0.5},
        "embedding_models": {"far": model},
        "generators": {"model": model},
        "rerankers": {"judge": {"provider": "endpoint", "base_url": "http://127.0.0.1:9/v1", **once}},
        "default_reranker": "judge",
    }


async def test_everything_that_is_amiss_is_found_at_once(tmp_path: Path, s3_keys: None) -> None:
    verification = await verify_setup(Settings.model_validate(broken(tmp_path)), "docs")
    for name in (
        "catalog",
        "file store",
        "source 0",
        "embedding model far",
        "vector store",
        "generator model",
        "reranker judge",
    ):
        finding(verification, name)
    assert passed(verification) == {"disk"}


def test_the_command_says_what_to_do_and_fails(tmp_path: Path, s3_keys: None) -> None:
    settings = tmp_path / "muniment.yaml"
    settings.write_text(yaml.safe_dump(broken(tmp_path)))
    for arguments in (["--setup-only"], []):
        result = CliRunner().invoke(app, ["verify", *arguments, "--config", str(settings), "--json"])
        assert result.exit_code == 1
        [verification] = json.loads(result.stdout)["verifications"]
        assert verification["ok"] is False
        wrong = [check for check in verification["checks"] if not check["ok"]]
        assert len(wrong) == 7
        assert all(check["hint"] for check in wrong)


def test_what_was_amiss_when_the_data_was_opened_is_a_finding(tmp_path: Path, docs: Path) -> None:
    settings = tmp_path / "muniment.yaml"
    settings.write_text(
        yaml.safe_dump(
            {
                "data_dir": str(tmp_path / "data"),
                "collections": {"docs": {"sources": str(docs), "embedding_model": "small"}},
                "parser": {"provider": "fake"},
                "embedding_models": {"small": {"provider": "fake"}},
                "default_embedding_model": "small",
            }
        )
    )

    def call(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*arguments, "--config", str(settings)])
        return result.exit_code, result.stdout

    assert call("ingest")[0] == 0
    assert call("verify") == (0, call("verify")[1])
    for file in sorted((tmp_path / "data" / "milvus.db").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    code, said = call("verify")
    assert code == 1
    assert "FINDING mended: the index was missing" in said
    assert call("verify")[0] == 0
