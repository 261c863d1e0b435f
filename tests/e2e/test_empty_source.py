"""A source that suddenly lists nothing: an unmounted folder must not cost a collection its documents."""

from pathlib import Path

import pytest
from typer.testing import CliRunner
from workspaces import TEXTS, Open, found, ingest, row_ids

from muniment.cli.main import app
from muniment.collections.local import LocalWorkspace
from muniment.errors import MunimentError
from muniment.types import ChangeKind, RunProgress, RunState


def emptied(folder: Path) -> None:
    """As a mount point looks when nothing is mounted."""
    for path in folder.iterdir():
        path.unlink()


async def names(workspace: LocalWorkspace) -> list[str]:
    return [document.name for document in await workspace.documents("docs")]


async def test_documents_of_an_empty_source_stay_until_somebody_says_otherwise(
    open_docs: Open, docs: Path
) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        emptied(docs)
        plan = await workspace.plan("docs")
        assert plan.kinds == ()
        assert (plan.empty_sources, plan.held_back, plan.unchanged) == ((0,), 3, 3)
        run = await ingest(workspace)
        assert (run.state, run.removed, run.unchanged, run.error_code) == (
            RunState.DONE,
            0,
            3,
            "source_empty",
        )
        assert "3 documents" in run.error
        assert "--allow-empty" in run.hint
        assert (await workspace.runs("docs"))[0].error_code == "source_empty"
        assert await row_ids(workspace) == before
        assert "leave.txt" in await found(workspace, "days of paid leave")
        allowed = await ingest(workspace, allow_empty=True)
        assert (allowed.state, allowed.removed, allowed.error) == (RunState.DONE, 3, "")
        assert await names(workspace) == []
        assert not await row_ids(workspace)


async def test_a_plan_that_was_allowed_to_removes_and_another_does_not(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        emptied(docs)
        kept = await workspace.plan("docs")
        allowed = await workspace.plan("docs", allow_empty=True)
        assert [(one.kind, one.documents) for one in allowed.kinds] == [(ChangeKind.REMOVE, 3)]
        for plan, removed in ((kept, 0), (allowed, 3)):
            events = [event async for event in workspace.apply("docs", trigger="test", plan=plan.id)]
            assert isinstance(events[-1], RunProgress)
            assert events[-1].run.removed == removed


async def test_a_plan_made_before_the_mount_went_is_refused(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        (docs / "pumps.txt").unlink()
        plan = await workspace.plan("docs")
        emptied(docs)
        events = [event async for event in workspace.apply("docs", trigger="test", plan=plan.id)]
        assert isinstance(events[-1], RunProgress)
        assert events[-1].run.error_code == "plan_outdated"
        assert len(await names(workspace)) == 3


async def test_what_comes_back_is_what_was_there(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        away = docs.rename(docs.with_name("away"))
        docs.mkdir()
        await ingest(workspace)
        docs.rmdir()
        away.rename(docs)
        run = await ingest(workspace)
        assert (run.done, run.unchanged, run.removed, run.error) == (0, 3, 0, "")


async def test_only_the_documents_of_the_empty_source_stay(
    open_docs: Open, docs: Path, tmp_path: Path
) -> None:
    """The other source's are removed, and what it has taken over moves."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("one.txt", "two.txt"):
        (other / name).write_text(f"The text of {name} says something of its own.")
    both = [str(docs), str(other)]
    async with open_docs(sources=both) as workspace:
        await ingest(workspace)
        (docs / "leave.txt").rename(other / "leave.txt")
        (other / "one.txt").unlink()
        emptied(docs)
        run = await ingest(workspace)
        assert (run.done, run.removed, run.error_code) == (1, 1, "source_empty")
        assert sorted(await names(workspace)) == ["leave.txt", "pumps.txt", "travel.txt", "two.txt"]


async def test_a_mistyped_folder_removes_nothing(open_docs: Open, docs: Path, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    (tmp_path / "dcos").mkdir()
    async with open_docs(sources=str(tmp_path / "dcos")) as workspace:
        assert (await ingest(workspace)).error_code == "source_empty"
        assert len(await names(workspace)) == 3
    async with open_docs(sources=[{"path": str(docs), "include": ["*.pdf"]}]) as workspace:
        assert (await ingest(workspace)).error_code == "source_empty"
    async with open_docs(sources=[]) as workspace:  # said, not suffered
        assert (await ingest(workspace)).removed == 3


async def test_one_document_left_is_no_empty_source(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        (docs / "leave.txt").unlink()
        (docs / "travel.txt").unlink()
        run = await ingest(workspace)
        assert (run.removed, run.error) == (2, "")


async def test_a_new_index_is_not_built_without_them(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        emptied(docs)
        with pytest.raises(MunimentError) as caught:
            await ingest(workspace, rebuild=True)
        assert caught.value.code == "source_empty"
        assert len(await names(workspace)) == 3


@pytest.mark.parametrize("action", ["promote", "rollback"])
async def test_another_generation_keeps_what_the_live_one_has_and_no_more(
    open_docs: Open, docs: Path, action: str
) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        if action == "rollback":
            await ingest(workspace, rebuild=True)
    async with open_docs(embedding_model="large" if action == "promote" else "small") as workspace:
        if action == "promote":
            _ = [event async for event in workspace.stage("docs")]
        emptied(docs)
        _ = [event async for event in getattr(workspace, action)("docs")]
        assert len(await names(workspace)) == 3
        await ingest(workspace, allow_empty=True)
        _ = [event async for event in workspace.rollback("docs")]
        assert await names(workspace) == []


async def test_a_server_that_starts_without_its_mount_keeps_everything(
    open_docs: Open, docs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    emptied(docs)
    async with open_docs(serving=True) as workspace:
        await workspace._reconciler._ingest_all()
        assert sorted(await names(workspace)) == sorted(TEXTS)
    assert any("source 0 lists no files at all" in record.getMessage() for record in caplog.records)


def test_the_command_line_warns_and_ends_otherwise(docs: Path, tmp_path: Path) -> None:
    settings = tmp_path / "muniment.yaml"
    settings.write_text(
        "collections: {docs: {sources: docs, embedding_model: small}}\n"
        "parser: {provider: fake}\n"
        "embedding_models: {small: {provider: fake, dimension: 16}}\n"
    )

    def called(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*arguments, "--config", str(settings)])
        return result.exit_code, " ".join(result.output.split())

    assert called("ingest")[0] == 0
    emptied(docs)
    code, said = called("plan")
    assert code == 2
    assert "source 0 lists no files at all. 3 documents that were listed before are kept." in said
    code, said = called("ingest")
    assert code == 3
    assert "source_empty" in said
    assert "Last run: " in called("status")[1]
    code, said = called("ingest", "--rebuild", "--allow-empty")
    assert code == 2
    assert called("apply", "--allow-empty")[0] == 0
    assert called("plan")[0] == 0
