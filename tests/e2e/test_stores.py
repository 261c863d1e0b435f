"""Collections made over the API, attached files and chunks given directly: nothing lost, nothing twice."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from workspaces import Open, found, ingest

from muniment.collections.local import LocalWorkspace
from muniment.collections.recipe import index_name
from muniment.errors import ConflictError, InputError, NotFoundError
from muniment.types import (
    AnswerVerdict,
    FileCounts,
    GivenChunk,
    SearchMode,
    StaticChunking,
    StoreFile,
    StoreFileState,
)

WARRANTY = "The warranty of pump P-7 is 36 months from delivery."
FEES = "The annual fee for the archive is 120 euros."


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; a minute is far beyond what any of this takes."""
    async with asyncio.timeout(120):
        while not await ask():  # noqa: ASYNC110 - the state is in the catalog, as for any client
            await asyncio.sleep(0.02)


async def upload(workspace: LocalWorkspace, folder: Path, name: str, text: str) -> str:
    path = folder / "upload.tmp"
    path.write_text(text)
    return (await workspace.services.files.save(name, "assistants", path)).id


async def attached(workspace: LocalWorkspace, collection: str, file_id: str) -> StoreFile:
    """The attached file once it has been read."""

    async def ended() -> bool:
        file = await workspace.services.attachments.get(collection, file_id)
        return file.state is not StoreFileState.IN_PROGRESS

    await eventually(ended)
    return await workspace.services.attachments.get(collection, file_id)


async def texts(workspace: LocalWorkspace, collection: str, query: str) -> list[str]:
    result = await workspace.search(collection, query, limit=10)
    return [passage.chunk.text for passage in result.passages]


async def test_a_created_store_survives_a_restart_with_all_that_is_in_it(
    open_docs: Open, tmp_path: Path
) -> None:
    async with open_docs() as workspace:
        store = await workspace.services.stores.create(name="manuals", metadata={"team": "service"})
        assert store.id.startswith("vs_")
        file_id = await upload(workspace, tmp_path, "pump.txt", WARRANTY)
        await workspace.services.attachments.attach(store.collection, file_id, {"year": 2026})
        file = await attached(workspace, store.collection, file_id)
        assert (file.state, file.attributes) == (StoreFileState.COMPLETED, {"year": 2026})
        await workspace.services.stores.insert(store.id, [GivenChunk("c1", FEES, "d1", {"a": {"b": 1}})])
    async with open_docs() as workspace:
        again = await workspace.services.stores.get("manuals")
        assert (again.id, again.name, again.metadata) == (store.id, "manuals", {"team": "service"})
        assert again.counts == FileCounts(completed=1)
        assert set(await texts(workspace, store.collection, "warranty fee")) == {WARRANTY, FEES}
        assert await workspace.services.files.content(file_id) == WARRANTY.encode()


async def test_a_declared_collection_is_a_store_with_its_sources_as_files(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        store = await workspace.services.stores.get("docs")
        assert (store.id, store.declared, store.counts.completed) == ("docs", True, 3)
        files = await workspace.services.attachments.list("docs")
        for file in files:
            assert (await workspace.services.files.get(file.file_id)).filename == file.filename
            assert await workspace.services.files.content(file.file_id)
        with pytest.raises(ConflictError, match="declared"):
            await workspace.services.stores.delete("docs")
        with pytest.raises(ConflictError, match="source"):
            await workspace.services.attachments.remove("docs", files[0].file_id)


async def test_given_chunks_are_found_answered_from_and_written_again_when_the_index_is_lost(
    open_docs: Open,
) -> None:
    async with open_docs() as workspace:
        stores = workspace.services.stores
        store = await stores.create(store_id="my docs")
        assert store.id == "my docs"
        chunks = [
            GivenChunk("c1", WARRANTY, "d1", {"kind": "manual"}),
            GivenChunk("c2", FEES, "d2", {"kind": "price"}),
        ]
        await stores.insert("my docs", chunks)
        await stores.insert("my docs", chunks)
        assert len(await texts(workspace, store.collection, "warranty")) == 2
        last = [
            event
            async for event in workspace.answer(store.collection, "How long is the warranty of pump P-7?")
        ][-1]
        assert last.answer.verdict is AnswerVerdict.GROUNDED  # type: ignore[union-attr]
        citation = last.answer.claims[0].citations[0]  # type: ignore[union-attr]
        parsed = await workspace.parsed(store.collection, citation.document_id)
        assert parsed.text[citation.spans[0].start : citation.spans[0].end] == WARRANTY
        runtime = workspace._parts.runtime(store.collection)
        await workspace._parts.store.drop(index_name(runtime.name))
    async with open_docs() as workspace:
        assert set(await texts(workspace, store.collection, "warranty")) == {WARRANTY, FEES}
        assert "inserted chunks" in (await workspace.collection(store.collection)).mended[0].found
        kept = await workspace.services.stores.given(store.collection, [chunks[0].row_id])
        assert kept == {chunks[0].row_id: chunks[0]}


async def test_embeddings_that_are_given_are_checked_and_used(open_docs: Open) -> None:
    async with open_docs() as workspace:
        stores = workspace.services.stores
        store = await stores.create()
        with pytest.raises(InputError) as refused:
            await stores.insert(store.id, [GivenChunk("c", "x", vector=(1.0, 2.0))])
        assert (refused.value.code, "expected" in refused.value.message) == ("wrong_dimension", True)
        with pytest.raises(InputError, match="no direction"):
            await stores.insert(store.id, [GivenChunk("c", "x", vector=(0.0,) * store.dimension)])
        assert await stores.given(store.collection, [GivenChunk("c", "x").row_id]) == {}
        embedder = workspace._parts.runtime(store.collection).embedder
        vector = tuple(float(x) for x in 3 * await embedder.embed_query("warranty"))
        await stores.insert(store.id, [GivenChunk("c", "nothing alike", vector=vector)])
        result = await workspace.search(store.collection, "warranty", mode=SearchMode.VECTOR)
        assert result.passages[0].score > 0.99


async def test_the_same_bytes_attached_twice_keep_their_own_attributes(
    open_docs: Open, tmp_path: Path
) -> None:
    async with open_docs() as workspace:
        services = workspace.services
        store = await services.stores.create()
        for year in (2025, 2026):
            file_id = await upload(workspace, tmp_path, f"{year}.txt", WARRANTY)
            await services.attachments.attach(store.collection, file_id, {"year": year})
            await services.attachments.attach(store.collection, file_id, {"year": year})
            await attached(workspace, store.collection, file_id)
        result = await workspace.search(store.collection, "warranty")
        assert sorted(passage.metadata["year"] for passage in result.passages) == [2025, 2026]
        await services.attachments.update(store.collection, file_id, {"year": 1999})
        result = await workspace.search(store.collection, "warranty")
        assert sorted(passage.metadata["year"] for passage in result.passages) == [1999, 2025]
        await services.attachments.remove(store.collection, file_id)
        assert await texts(workspace, store.collection, "warranty") == [WARRANTY]


async def test_static_chunking_is_honoured(open_docs: Open, tmp_path: Path) -> None:
    long = " ".join(f"Sentence number {n} speaks of pump {n}." for n in range(60))
    async with open_docs() as workspace:
        services = workspace.services
        store = await services.stores.create()
        ids = [await upload(workspace, tmp_path, "long.txt", long) for _ in range(2)]
        await services.attachments.attach(store.collection, ids[0], {}, StaticChunking(100, 50))
        await services.attachments.attach(store.collection, ids[1], {}, StaticChunking(100, 0))
        assert (await attached(workspace, store.collection, ids[0])).state is StoreFileState.COMPLETED
        assert (await attached(workspace, store.collection, ids[1])).state is StoreFileState.COMPLETED
        overlapping = await services.attachments.chunks(store.collection, ids[0])
        plain = await services.attachments.chunks(store.collection, ids[1])
        assert len(overlapping) > len(plain) > 3
        runtime = workspace._parts.runtime(store.collection)
        before = await runtime.open_index().ids()
        await workspace._parts.store.drop(index_name(runtime.name))
    async with open_docs() as workspace:
        assert await workspace._parts.runtime(store.collection).open_index().ids() == before


async def test_every_attached_file_ends_completed_or_failed_with_a_reason(
    open_docs: Open, tmp_path: Path
) -> None:
    async with open_docs() as workspace:
        services = workspace.services
        store = await services.stores.create()
        missing = await services.attachments.attach(store.collection, "file-nope", {})
        assert (missing.state, missing.error_code) == (StoreFileState.FAILED, "unknown_file")
        empty = await upload(workspace, tmp_path, "empty.txt", " ")
        good = await upload(workspace, tmp_path, "good.txt", WARRANTY)
        batch = await services.attachments.attach_batch(
            store.collection, [(empty, {}, None), (good, {}, None), ("file-gone", {}, None)]
        )
        for file_id in (empty, good):
            await attached(workspace, store.collection, file_id)
        ended = await services.attachments.batch(store.collection, batch.id)
        assert (ended.counts, ended.state) == (FileCounts(completed=1, failed=2), StoreFileState.COMPLETED)
        failed = await services.attachments.get(store.collection, empty)
        assert failed.error_code and failed.error


async def test_files_waiting_when_the_server_stops_are_read_by_the_next(
    open_docs: Open, tmp_path: Path
) -> None:
    async with open_docs() as workspace:
        services = workspace.services
        store = await services.stores.create()
        ids = [await upload(workspace, tmp_path, f"{n}.txt", f"{WARRANTY} Number {n}.") for n in range(30)]
        await services.attachments.attach_batch(store.collection, [(one, {}, None) for one in ids])
    async with open_docs(serving=True) as workspace:
        for one in ids:
            assert (await attached(workspace, store.collection, one)).state is StoreFileState.COMPLETED
        assert len(await workspace._parts.runtime(store.collection).open_index().ids()) == 30


async def test_deleting_a_store_removes_all_of_it_and_nothing_else(open_docs: Open, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        services = workspace.services
        await ingest(workspace)
        store = await services.stores.create(name="short-lived")
        file_id = await upload(workspace, tmp_path, "pump.txt", WARRANTY)
        await services.attachments.attach(store.collection, file_id, {})
        await attached(workspace, store.collection, file_id)
        await services.stores.delete(store.id)
        for gone in (store.id, "short-lived"):
            with pytest.raises(NotFoundError) as unknown:
                await services.stores.get(gone)
            assert unknown.value.code == "unknown_store"
        assert [one.id for one in await services.stores.list()] == ["docs"]
        assert await services.files.content(file_id) == WARRANTY.encode()
        assert await found(workspace, "paid leave")
    async with open_docs() as workspace:
        assert [one.id for one in await workspace.services.stores.list()] == ["docs"]


async def test_a_deleted_file_is_found_no_more(open_docs: Open, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        services = workspace.services
        store = await services.stores.create()
        file_id = await upload(workspace, tmp_path, "pump.txt", WARRANTY)
        await services.attachments.attach(store.collection, file_id, {})
        await attached(workspace, store.collection, file_id)
        await services.attachments.remove_everywhere(file_id)
        await services.files.forget(await services.files.get(file_id))
        assert await texts(workspace, store.collection, "warranty") == []
        with pytest.raises(NotFoundError):
            await services.files.content(file_id)


async def test_a_store_that_exists_is_returned_and_never_silently_changed(open_docs: Open) -> None:
    async with open_docs() as workspace:
        stores = workspace.services.stores
        made = await stores.create(store_id="handbook")
        assert await stores.create(store_id="handbook") == made
        with pytest.raises(InputError) as refused:
            await stores.create(store_id="other", dimension=5)
        assert refused.value.code == "wrong_dimension"
        with pytest.raises(NotFoundError) as unknown:
            await stores.create(embedding_model="nope")
        assert unknown.value.code == "unknown_model"
        for bad in ("", "a\nb", "x" * 600):
            if bad:
                with pytest.raises(InputError):
                    await stores.create(store_id=bad)
