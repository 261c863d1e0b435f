"""Whoever asks is told when not everything can be found, and never that the documents do not answer."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from workspaces import Open, ingest, use_chunker

from muniment.collections.local import LocalWorkspace
from muniment.errors import StorageError
from muniment.protocols import Chunker
from muniment.types import Answer, AnswerVerdict, Chunk, DocumentFinished, ParsedDocument


class Held:
    """A chunker that goes on with its second document only when told."""

    def __init__(self, inner: Chunker) -> None:
        self.spec = inner.spec
        self.go_on = threading.Event()
        self._inner = inner
        self.chunked = 0

    def chunk(self, document: ParsedDocument) -> Sequence[Chunk]:
        self.chunked += 1
        if self.chunked > 1:
            assert self.go_on.wait(60)
        return self._inner.chunk(document)


async def ask(workspace: LocalWorkspace, question: str) -> Answer:
    return [event async for event in workspace.answer("docs", question)][-1].answer  # type: ignore[union-attr]


async def first_document(workspace: LocalWorkspace) -> "asyncio.Task[None]":
    """Start a run and return when its first document is in; the task ends with the run."""
    done = asyncio.Event()

    async def follow() -> None:
        async for event in workspace.ingest("docs", trigger="test"):
            if isinstance(event, DocumentFinished):
                done.set()

    task = asyncio.create_task(follow())
    await asyncio.wait_for(done.wait(), 60)
    return task


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about in a minute")


async def test_while_documents_are_first_read_it_is_not_ready_and_answers_say_so(open_docs: Open) -> None:
    async with open_docs(ingest={"batch_chunks": 1}) as workspace:
        runtime = workspace._parts.runtime("docs")
        held = Held(runtime.chunker)
        use_chunker(runtime, held)
        run = await first_document(workspace)
        [told] = (await workspace.search("docs", "What does code E-417 mean?")).notes
        assert told.startswith("Documents are being read: 1 of 3 are done.")
        assert told in (await ask(workspace, "How many euros is the daily allowance?")).notes
        [check] = [one for one in (await workspace.readiness()).checks if one.name == "collection docs"]
        assert not check.ok and check.detail == told
        held.go_on.set()
        await run
        assert (await workspace.search("docs", "What does code E-417 mean?")).notes == ()
        assert (await workspace.readiness()).ready


async def test_while_all_is_made_anew_it_answers_in_full(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        runtime = workspace._parts.runtime("docs")
        held = Held(runtime.chunker)
        use_chunker(runtime, held)
        run = asyncio.create_task(ingest(workspace, rebuild=True))
        await until(lambda: held.chunked > 1)
        assert len((await workspace.search("docs", "What does code E-417 mean?")).passages) == 3
        assert (await workspace.search("docs", "What does code E-417 mean?")).notes == ()
        assert (await workspace.readiness()).ready
        held.go_on.set()
        await run
        assert runtime.number == 2


async def test_new_documents_beside_old_ones_leave_it_ready(open_docs: Open, docs: Path) -> None:
    async with open_docs(ingest={"batch_chunks": 1}) as workspace:
        await ingest(workspace)
        for name in ("new.txt", "newer.txt"):
            (docs / name).write_text(f"The canteen serves soup, says {name}.")
        runtime = workspace._parts.runtime("docs")
        held = Held(runtime.chunker)
        use_chunker(runtime, held)
        run = await first_document(workspace)
        assert (await workspace.readiness()).ready
        assert "1 of 2 are done" in (await workspace.search("docs", "soup")).notes[0]
        held.go_on.set()
        await run


async def test_an_empty_collection_says_that_it_is_empty_and_why(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        answer = await ask(workspace, "How many days of leave are there?")
        assert answer.verdict is AnswerVerdict.ABSTAINED
        assert answer.notes[0].startswith("Collection docs holds no documents.")
        shutil.rmtree(docs)
        await ingest(workspace)
        [told] = (await workspace.search("docs", "leave")).notes
        assert "The last run failed" in told and str(docs) in told


async def test_a_lost_text_is_an_error_and_no_abstention(open_docs: Open, tmp_path: Path) -> None:
    question = "How many days of paid leave do employees receive?"
    async with open_docs() as workspace:
        await ingest(workspace)
        assert (await ask(workspace, question)).verdict is AnswerVerdict.GROUNDED
    shutil.rmtree(tmp_path / "data" / "files")
    async with open_docs() as workspace:
        with pytest.raises(StorageError) as caught:
            await ask(workspace, question)
        assert caught.value.code == "file_lost"
        await ingest(workspace, rebuild=True)
        assert (await ask(workspace, question)).verdict is AnswerVerdict.GROUNDED


async def test_what_was_mended_is_told_when_it_is(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        runtime = workspace._parts.runtime("docs")
        index = runtime.open_index()
        await index.delete(sorted(await index.ids()))
        held = Held(runtime.chunker)
        use_chunker(runtime, held)
        workspace._reconciler._spawn(workspace._reconciler._check(runtime, in_background=True))
        await until(lambda: runtime.run is not None and runtime.run.done == 1)
        assert (await workspace.collection("docs")).mended == ()
        assert "being made again" in (await workspace.search("docs", "leave")).notes[0]
        held.go_on.set()
        await until(lambda: bool(workspace._parts.catalog.mendings("docs")))
        assert (await workspace.search("docs", "leave")).notes == ()


async def test_what_is_found_missing_while_the_collection_is_busy_is_mended_after(open_docs: Open) -> None:
    async with open_docs(serving=True) as workspace:
        await ingest(workspace)
        runtime = workspace._parts.runtime("docs")
        index = runtime.open_index()
        before = await index.ids()
        async with runtime.busy:
            await index.delete(sorted(before))
            workspace._reconciler.wake()
            await until(lambda: not workspace._reconciler._wake.is_set())
        await until(lambda: bool(workspace._parts.catalog.mendings("docs")))
        assert await index.ids() == before
