"""Runs, uploads and removals: everything that changes what a collection holds."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from muniment.collections.adopted import refuse_change
from muniment.collections.given import as_document, row_of
from muniment.collections.parts import Parts
from muniment.collections.planning import USUAL, Planning, PlanOptions
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError, InputError, NotFoundError, StorageError
from muniment.ingest.claims import Claims
from muniment.ingest.kept_files import hash_file
from muniment.ingest.plan import CarriedWork, IngestPlan, JoinedWork, Work, Workload
from muniment.ingest.run import IngestRun, settling_of
from muniment.types import (
    ChangeKind,
    Document,
    DocumentFinished,
    DocumentOrigin,
    MetadataValue,
    Run,
    RunEvent,
    RunProgress,
    RunState,
    Shard,
    SourceFile,
)
from muniment.types.store import evidence_id

Prepare = Callable[[], AbstractAsyncContextManager[Workload]]
"""Says what a run does when its turn has come; what that rests on lives as long as the run."""


class Ingestion:
    """One run at a time for each collection; runs live on when whoever started them stops listening."""

    def __init__(self, parts: Parts, planning: Planning) -> None:
        self._parts = parts
        self._planning = planning
        self._tasks: set[asyncio.Task[Run]] = set()

    async def ingest(
        self,
        collection: str,
        *,
        trigger: str,
        options: PlanOptions = USUAL,
        wait: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Bring the collection up to its sources; see ``Workspace.ingest``.

        With ``wait`` the run starts when the one in progress has ended, instead of being refused.
        """
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)

        def prepare() -> AbstractAsyncContextManager[Workload]:
            return self._planning.prepared(runtime, options=options)

        async for event in self._run(runtime, trigger, prepare, wait=wait):
            yield event

    async def apply(
        self,
        collection: str,
        *,
        trigger: str,
        plan: str | Path | None = None,
        shard: Shard | None = None,
        options: PlanOptions = USUAL,
    ) -> AsyncIterator[RunEvent]:
        """Carry out a plan, or what there is to do; see ``Workspace.apply``."""
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)

        if plan:
            # Before there is a run: what was never there cannot fail.
            await self._planning.given(runtime, plan)

        def prepare() -> AbstractAsyncContextManager[Workload]:
            return self._planning.prepared(runtime, given=plan, shard=shard, options=options)

        told = _Told(str(plan or "") if not isinstance(plan, Path) else plan.name, str(shard or ""))
        async for event in self._run(runtime, trigger, prepare, told=told):
            yield event

    async def repair(self, runtime: CollectionRuntime, plan: IngestPlan) -> bool:
        """Make lost chunks again from what is kept; whether all went well."""
        runtime.mending = True
        last: Run | None = None
        try:
            async for event in self._run(runtime, "repair", lambda: _ready(plan), wait=True):
                last = event.run if isinstance(event, RunProgress) else last
        finally:
            runtime.mending = False
        return last is not None and last.state is RunState.DONE and not last.failed

    async def upload(
        self, collection: str, name: str, file: Path, metadata: dict[str, MetadataValue]
    ) -> Document:
        """Keep and ingest an uploaded file; see ``Workspace.upload``."""
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        runtime.open_index()
        uri = f"upload:///{safe_name(name)}"
        known = await asyncio.to_thread(self._parts.catalog.document_at, collection, uri)
        content_hash = await asyncio.to_thread(hash_file, file)
        size = (await asyncio.to_thread(file.stat)).st_size
        source_file = SourceFile(uri, name, size, content_hash, metadata)
        kind = ChangeKind.UPDATE if known else ChangeKind.ADD
        work = Work(source_file, _OneFile(file), known, DocumentOrigin.UPLOAD, kind=kind)
        plan = IngestPlan((work,))
        ended: Document | None = None
        last: Run | None = None
        async for event in self._run(runtime, "upload", lambda: _ready(plan), wait=True):
            if isinstance(event, DocumentFinished):
                ended = event.document
            else:
                last = event.run
        if ended is None:
            raise StorageError(
                last.error if last else "The upload was interrupted.",
                code=last.error_code if last and last.error_code else "storage_failed",
                hint=last.hint if last else "Send it again.",
            )
        return ended

    async def delete(self, collection: str, document_id: str) -> Document:
        """Remove an uploaded document; see ``Workspace.delete_document``."""
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        catalog = self._parts.catalog
        row = row_of(document_id)
        if row is not None:
            return await self._delete_given(runtime, row)
        async with runtime.busy:
            found = await asyncio.to_thread(catalog.documents_with_content, collection, document_id)
            if not found:
                raise unknown_document(collection, document_id)
            uploaded = [document for document in found if document.origin is DocumentOrigin.UPLOAD]
            if not uploaded:
                raise from_source(found[0])
            for document in uploaded:
                await self._remove(runtime, document)
            return uploaded[0]

    async def fill(
        self,
        runtime: CollectionRuntime,
        trigger: str,
        carried: Callable[[], Awaitable[CarriedWork]],
        shard: Shard | None = None,
    ) -> AsyncIterator[RunEvent]:
        """Bring a generation that is not live up to the sources, and to what is carried over into it.

        With ``shard`` only that part of both.
        """

        @asynccontextmanager
        async def prepare() -> AsyncIterator[Workload]:
            async with self._planning.prepared(runtime, shard=shard) as listed:
                over = await carried()
                yield JoinedWork((listed, over.part(shard) if shard else over))

        told = _Told(shard=str(shard or ""))
        async for event in self._run(runtime, trigger, prepare, told=told):
            yield event

    async def work(self, collection: str, trigger: str, work: Sequence[Work]) -> AsyncIterator[RunEvent]:
        """Ingest these files, when the run in progress has ended."""
        plan = IngestPlan(tuple(work))
        runtime = self._parts.runtime(collection)
        async for event in self._run(runtime, trigger, lambda: _ready(plan), wait=True):
            yield event

    async def remove(self, collection: str, uri: str) -> None:
        """Remove the document under this URI with its chunks, if there."""
        runtime = self._parts.runtime(collection)
        async with runtime.busy:
            document = await asyncio.to_thread(self._parts.catalog.document_at, collection, uri)
            if document is not None:
                await self._remove(runtime, document)

    async def _remove(self, runtime: CollectionRuntime, document: Document) -> None:
        owner = f"removal_{secrets.token_hex(8)}"
        tools = self._parts.tools(runtime)
        claims = Claims(tools.catalog, runtime.name, tools.generation, owner, tools.settings.lease_s)
        settling = settling_of(tools, runtime.name, owner, claims, runtime.flip, _ignore)
        async with claims.kept_alive():
            await settling.forget(document.uri, told=False)

    async def _delete_given(self, runtime: CollectionRuntime, row: int) -> Document:
        catalog = self._parts.catalog
        chunk = (await asyncio.to_thread(catalog.given.get, runtime.name, [row])).get(row)
        if chunk is None:
            raise unknown_document(runtime.name, evidence_id(row))
        await asyncio.to_thread(catalog.given.remove, runtime.name, [row])
        await runtime.open_index().delete([row])
        runtime.given.pop(chunk.evidence_id, None)
        runtime.names.pop(chunk.evidence_id, None)
        await asyncio.to_thread(catalog.revise, runtime.name)
        return as_document(runtime.name, chunk)

    async def aclose(self) -> None:
        """Stop what runs; it is marked interrupted and taken up by the next run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- inside

    async def _run(
        self,
        runtime: CollectionRuntime,
        trigger: str,
        prepare: Prepare,
        *,
        wait: bool = False,
        told: "_Told | None" = None,
    ) -> AsyncIterator[RunEvent]:
        if runtime.busy.locked() and not wait:
            raise ConflictError(
                f"A run over collection {runtime.name!r} is in progress.",
                code="run_in_progress",
                hint="Follow it with `muniment status`, and start again when it has ended.",
            )
        if not wait:
            # Taken here and not in the task: of two that start at once, the second must be refused.
            await runtime.busy.acquire()
        events: asyncio.Queue[RunEvent | None] = asyncio.Queue()
        held = not wait
        task = asyncio.create_task(self._carry_out(runtime, trigger, prepare, events, told or _Told(), held))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        while (event := await events.get()) is not None:
            yield event
        await task

    async def _carry_out(
        self,
        runtime: CollectionRuntime,
        trigger: str,
        prepare: Prepare,
        events: "asyncio.Queue[RunEvent | None]",
        told: "_Told",
        held: bool,
    ) -> Run:
        """``held``: the collection is ours already; it is let go of in the end."""

        async def emit(event: RunEvent) -> None:
            if isinstance(event, RunProgress):
                runtime.run = event.run
            events.put_nowait(event)

        try:
            if not held:
                await runtime.busy.acquire()
            try:
                tools = self._parts.tools(runtime)
                ingest_run = IngestRun(
                    runtime.name, trigger, tools, emit, runtime.flip, told.plan, told.shard
                )
                runtime.run = ingest_run.run
                runtime.filling = not runtime.names and trigger != "upload"
                result = await ingest_run.execute(prepare)
                if result.by_others or result.state is not RunState.DONE:
                    runtime.hide_all_but(await self._known(runtime))
                return result
            finally:
                runtime.busy.release()
        finally:
            runtime.run, runtime.filling = None, False
            events.put_nowait(None)

    async def _known(self, runtime: CollectionRuntime) -> tuple[Document, ...]:
        find = partial(self._parts.catalog.documents, generation=runtime.number)
        return await asyncio.to_thread(find, runtime.name)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the list of runs says of one that carries out a plan or a part of it."""

    plan: str = ""
    shard: str = ""


@asynccontextmanager
async def _ready(plan: IngestPlan) -> AsyncIterator[Workload]:
    yield plan


async def _ignore(document: Document) -> None:
    """Nobody is told of documents when they are removed one by one."""


class _OneFile:
    """A source of one file that lies in a folder of ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def check(self) -> None:
        """Nothing to try."""

    async def list(self) -> AsyncIterator[SourceFile]:
        """Uploads are planned one by one, never listed."""
        return
        yield

    async def fetch(self, file: SourceFile, target: Path) -> None:
        """Copy the uploaded bytes."""
        await asyncio.to_thread(lambda: target.write_bytes(self._path.read_bytes()))

    async def aclose(self) -> None:
        """Nothing to let go of."""


def safe_name(name: str) -> str:
    """The name when it is a plain relative path of printable characters.

    Raises:
        InputError: code ``unsafe_name``.
    """
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or not path.parts or {"..", "."} & set(name.split("/")) or "\\" in name
    if unsafe or not name.isprintable() or len(name.encode(errors="replace")) > 800:
        raise InputError(
            f"{name[:80]!r} cannot be used as a document's name.",
            code="unsafe_name",
            hint="Use a plain relative name such as `policies/travel.pdf`, without `..`, backslashes or "
            "control characters, of at most 800 bytes.",
        )
    return path.as_posix()


def from_source(document: Document) -> ConflictError:
    """The error for removing a document that a declared source would bring back."""
    return ConflictError(
        f"{document.name} comes from a declared source of {document.collection!r}.",
        code="document_from_source",
        hint="Remove the file from its source and ingest; it is forgotten then.",
    )


def unknown_document(collection: str, document_id: str) -> NotFoundError:
    """The error for a document id that the collection does not hold."""
    return NotFoundError(
        f"Collection {collection!r} holds no document {document_id[:60]!r}.",
        code="unknown_document",
        hint=f"List its documents with `muniment documents {collection}`.",
    )
