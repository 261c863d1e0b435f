"""The promises of the README about collections: they stay, nothing is lost, nothing doubles."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.errors import ConflictError, InputError, NotFoundError
from muniment.settings import Settings
from muniment.types import (
    CollectionState,
    Comparison,
    DocumentFinished,
    DocumentState,
    Operator,
    Run,
    RunProgress,
    RunState,
)

TEXTS = {
    "leave.txt": "Employees receive 28 days of paid leave a year. Unused days expire at the end of March.",
    "travel.txt": "The daily allowance for travel at home is 32 euros. Trains are preferred to flights.",
    "pumps.txt": "The controller shows code E-417 when the pump runs dry. Switch it off and open the valve.",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


Open = Callable[..., AbstractAsyncContextManager[LocalWorkspace]]


@pytest.fixture
def open_docs(tmp_path: Path, docs: Path) -> Open:
    """Opens a workspace with one collection, ``docs``, over the folder; only parser and model are fakes."""

    @asynccontextmanager
    async def opened(*, serving: bool = False, **changes: object) -> AsyncIterator[LocalWorkspace]:
        collection = {"sources": str(docs), "embedding_model": "small", **changes}
        settings = Settings.model_validate(
            {
                "data_dir": str(tmp_path / "data"),
                "collections": {"docs": collection},
                "parser": {"provider": "fake"},
                "embedding_models": {
                    "small": {"provider": "fake", "dimension": 64},
                    "large": {"provider": "fake", "dimension": 96},
                },
                "reconcile": {"ingest_on_start": False},
            }
        )
        workspace = await open_workspace(settings, serving=serving)
        try:
            yield workspace
        finally:
            await workspace.aclose()

    return opened


async def ingest(workspace: LocalWorkspace, **options: bool) -> Run:
    """Run to the end; the finished run."""
    last = [event async for event in workspace.ingest("docs", trigger="test", **options)][-1]
    assert isinstance(last, RunProgress)
    assert last.run.state is not RunState.RUNNING
    return last.run


async def found(workspace: LocalWorkspace, query: str) -> list[str]:
    """Names of the documents found, best first."""
    result = await workspace.search("docs", query, limit=5)
    return [passage.document_name for passage in result.passages]


async def row_ids(workspace: LocalWorkspace) -> set[int]:
    return await workspace._parts.runtime("docs").open_index().ids()


async def test_ingests_a_folder_and_finds_what_is_in_it(open_docs: Open) -> None:
    async with open_docs() as workspace:
        run = await ingest(workspace)
        assert (run.state, run.done, run.failed) == (RunState.DONE, 3, 0)
        assert (await found(workspace, "what does code E-417 mean"))[0] == "pumps.txt"
        status = await workspace.collection("docs")
        assert (status.state, status.documents, status.failed) == (CollectionState.READY, 3, 0)


async def test_a_second_run_with_nothing_changed_writes_nothing(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        run = await ingest(workspace)
        assert (run.done, run.unchanged) == (0, 3)
        assert await row_ids(workspace) == before


async def test_a_touched_file_with_the_same_bytes_keeps_its_rows(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        os.utime(docs / "leave.txt", ns=(1, 1))
        run = await ingest(workspace)
        assert (run.done, run.unchanged) == (1, 2)
        assert await row_ids(workspace) == before


async def test_a_changed_file_replaces_its_old_text(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        (docs / "leave.txt").write_text("Employees receive 30 days of paid leave a year, whatever their age.")
        await ingest(workspace)
        result = await workspace.search("docs", "days of paid leave", limit=10)
        texts = [passage.chunk.text for passage in result.passages]
        assert any("30 days" in text for text in texts)
        assert not any("28 days" in text for text in texts)
        assert len(await row_ids(workspace)) == (await workspace.collection("docs")).chunks


async def test_a_removed_file_is_forgotten(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        (docs / "pumps.txt").unlink()
        run = await ingest(workspace)
        assert run.removed == 1
        assert "pumps.txt" not in await found(workspace, "what does code E-417 mean")
        assert len(await row_ids(workspace)) == (await workspace.collection("docs")).chunks


async def test_nothing_is_kept_of_what_is_forgotten(open_docs: Open, docs: Path, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = {path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()}
        (docs / "pumps.txt").unlink()
        (docs / "leave.txt").write_text("Another text altogether.")
        await ingest(workspace)
        after = {path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()}
        assert len(before) == len(TEXTS) * 3
        assert len(after) == 2 * 3
        assert len(after & before) == 3


async def test_metadata_of_a_source_can_be_filtered_on(open_docs: Open, docs: Path) -> None:
    source = {"path": str(docs), "metadata": {"department": "hr"}}
    async with open_docs(sources=[source]) as workspace:
        await ingest(workspace)
        for value, expected in (("hr", 3), ("legal", 0)):
            condition = Comparison("department", Operator.EQ, value)
            result = await workspace.search("docs", "pump leave travel", limit=9, filter=condition)
            assert len({passage.document_id for passage in result.passages}) == expected


async def test_the_same_bytes_under_two_names_are_kept_once(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        shutil.copy(docs / "pumps.txt", docs / "copy.txt")
        await ingest(workspace)
        assert await row_ids(workspace) == before
        assert (await workspace.collection("docs")).documents == 4
        (docs / "pumps.txt").unlink()
        await ingest(workspace)
        assert (await found(workspace, "what does code E-417 mean"))[0] == "copy.txt"
        assert await row_ids(workspace) == before


async def test_a_missing_source_folder_removes_nothing(open_docs: Open, docs: Path, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        docs.rename(tmp_path / "elsewhere")
        run = await ingest(workspace)
        assert (run.state, run.error_code) == (RunState.FAILED, "source_unavailable")
        assert (await workspace.collection("docs")).documents == 3
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"


async def test_one_bad_file_fails_alone_and_is_not_tried_again_until_asked(
    open_docs: Open, docs: Path
) -> None:
    (docs / "bad.txt").write_bytes(b"")
    async with open_docs() as workspace:
        run = await ingest(workspace)
        assert (run.done, run.failed) == (3, 1)
        [failed] = await workspace.documents("docs", state=DocumentState.FAILED)
        assert failed.name == "bad.txt"
        assert failed.error_code and failed.error and failed.hint
        assert (await ingest(workspace)).failed == 0
        assert (await ingest(workspace, retry_failed=True)).failed == 1


async def test_a_file_that_breaks_keeps_its_earlier_version_searchable(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        (docs / "pumps.txt").write_bytes(b"")
        assert (await ingest(workspace)).failed == 1
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
        [failed] = await workspace.documents("docs", state=DocumentState.FAILED)
        assert failed.name == "pumps.txt"


async def test_a_deleted_store_comes_back_after_a_restart_without_the_sources(
    open_docs: Open, docs: Path, tmp_path: Path
) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
    for path in (tmp_path / "data").glob("milvus*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    docs.rename(tmp_path / "elsewhere")
    async with open_docs() as workspace:
        assert await row_ids(workspace) == before
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
        [mended] = (await workspace.collection("docs")).mended
        assert "missing" in mended.found


async def test_rows_removed_behind_our_back_come_back(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        await workspace._parts.runtime("docs").open_index().delete(sorted(before)[:1])
    async with open_docs() as workspace:
        assert await row_ids(workspace) == before


async def test_a_changed_embedding_model_is_refused_until_rebuilt(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        status = await workspace.collection("docs")
        assert status.state is CollectionState.UNAVAILABLE
        with pytest.raises(ConflictError) as caught:
            await workspace.search("docs", "code E-417")
        assert caught.value.code == "collection_changed"
        assert "--rebuild" in caught.value.hint
        run = await ingest(workspace, rebuild=True)
        assert run.done == 3
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
        assert (await workspace.collection("docs")).dimension == 96


async def test_uploads_are_kept_and_can_be_removed(open_docs: Open, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_text("The canteen opens at half past eleven on working days.")
    async with open_docs() as workspace:
        await ingest(workspace)
        document = await workspace.upload("docs", "notes/canteen.txt", upload, {"department": "services"})
        assert document.state is DocumentState.DONE
        assert (await found(workspace, "when does the canteen open"))[0] == "notes/canteen.txt"
        await ingest(workspace)
        assert (await found(workspace, "when does the canteen open"))[0] == "notes/canteen.txt"
        assert (await workspace.raw_file("docs", document.document_id)).read_bytes() == upload.read_bytes()
        await workspace.delete_document("docs", document.document_id)
        assert "notes/canteen.txt" not in await found(workspace, "when does the canteen open")


@pytest.mark.parametrize("name", ["../up.txt", "/etc/passwd", "a/../../b", "a\\b", "a\nb", "", "."])
async def test_unsafe_upload_names_are_refused(open_docs: Open, tmp_path: Path, name: str) -> None:
    (tmp_path / "upload").write_text("text")
    async with open_docs() as workspace:
        with pytest.raises(InputError) as caught:
            await workspace.upload("docs", name, tmp_path / "upload", {})
        assert caught.value.code == "unsafe_name"


async def test_documents_of_a_source_are_not_deleted_over_the_api(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        [first, *_] = await workspace.documents("docs")
        with pytest.raises(ConflictError) as caught:
            await workspace.delete_document("docs", first.document_id)
        assert caught.value.code == "document_from_source"


async def test_an_unknown_collection_lists_the_known(open_docs: Open) -> None:
    async with open_docs() as workspace:
        with pytest.raises(NotFoundError) as caught:
            await workspace.search("dosc", "x")
        assert caught.value.code == "unknown_collection"
        assert "'docs'" in caught.value.hint


async def test_two_processes_cannot_work_on_the_same_data(open_docs: Open) -> None:
    async with open_docs():
        with pytest.raises(Exception, match="Another Muniment process"):
            async with open_docs():
                pass


async def test_every_document_of_a_run_is_reported_once(open_docs: Open) -> None:
    async with open_docs() as workspace:
        events = [event async for event in workspace.ingest("docs", trigger="test")]
        names = [event.document.name for event in events if isinstance(event, DocumentFinished)]
        assert sorted(names) == sorted(TEXTS)
