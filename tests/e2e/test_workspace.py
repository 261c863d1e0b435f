"""The promises of the README about collections: they stay, nothing is lost, nothing doubles."""

import os
import shutil
from pathlib import Path

import pytest
from workspaces import TEXTS, Open, found, ingest, row_ids, use_chunker

from muniment.errors import ConflictError, InputError, NotFoundError
from muniment.types import (
    Chunk,
    CollectionState,
    Comparison,
    DocumentFinished,
    DocumentState,
    Operator,
    ParsedDocument,
    RunProgress,
    RunState,
)


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


async def test_a_file_that_disappears_while_it_is_read_fails_alone_and_comes_back(
    open_docs: Open, docs: Path
) -> None:
    async with open_docs(ingest={"readers": 1}) as workspace:
        async for event in workspace.ingest("docs", trigger="test"):
            if isinstance(event, RunProgress) and event.run.state is RunState.RUNNING:
                (docs / "travel.txt").unlink(missing_ok=True)
        [failed] = await workspace.documents("docs", state=DocumentState.FAILED)
        assert (failed.name, failed.error_code) == ("travel.txt", "source_file_gone")
        assert failed.hint
        (docs / "travel.txt").write_text(TEXTS["travel.txt"])
        assert (await ingest(workspace)).done == 1
        assert (await found(workspace, "daily allowance for travel"))[0] == "travel.txt"


async def test_a_file_that_changes_after_it_was_listed_is_read_again_by_the_next_run(
    open_docs: Open, docs: Path
) -> None:
    async with open_docs(ingest={"readers": 1}) as workspace:
        async for event in workspace.ingest("docs", trigger="test"):
            if isinstance(event, RunProgress) and event.run.state is RunState.RUNNING:
                (docs / "travel.txt").write_text("Trains are late, and there is no allowance any more.")
        assert (await ingest(workspace)).done == 1
        result = await workspace.search("docs", "travel allowance", limit=10)
        assert not any("32 euros" in passage.chunk.text for passage in result.passages)
        assert len(await row_ids(workspace)) == (await workspace.collection("docs")).chunks


async def test_a_chunker_that_breaks_nobody_knows_how_ends_the_run_in_words(
    open_docs: Open, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_docs() as workspace:
        runtime = workspace._parts.runtime("docs")
        chunker = runtime.chunker
        use_chunker(runtime, Broken(chunker.spec))
        run = await ingest(workspace)
        assert (run.state, run.error_code) == (RunState.FAILED, "internal_error")
        assert "ZeroDivisionError" in run.error
        assert (await workspace.runs("docs"))[0].state is RunState.FAILED
        use_chunker(runtime, chunker)
        assert (await ingest(workspace)).done == 3


class Broken:
    """A chunker with a bug."""

    def __init__(self, spec: str) -> None:
        self.spec = spec

    def chunk(self, document: ParsedDocument) -> tuple[Chunk, ...]:
        raise ZeroDivisionError("bug")
