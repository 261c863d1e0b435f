"""Runs, uploads and removals: everything that changes what a collection holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path, PurePosixPath

from muniment.collections.adopted import refuse_change
from muniment.collections.given import as_document, row_of
from muniment.collections.parts import Parts
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError, InputError, NotFoundError, StorageError
from muniment.ingest.kept_files import hash_file
from muniment.ingest.plan import IngestPlan, Work, make_plan
from muniment.ingest.rows import remove_traces
from muniment.ingest.run import IngestRun
from muniment.types import (
    Document,
    DocumentFinished,
    DocumentOrigin,
    MetadataValue,
    Run,
    RunEvent,
    RunProgress,
    RunState,
    SourceFile,
)
from muniment.types.store import evidence_id

MakePlan = Callable[[], Awaitable[IngestPlan]]


class Ingestion:
    """One run at a time for each collection; runs live on when whoever started them stops listening."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks: set[asyncio.Task[Run]] = set()

    async def ingest(
        self,
        collection: str,
        *,
        trigger: str,
        retry_failed: bool = False,
        rebuild: bool = False,
        wait: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Bring the collection up to its sources; see ``Workspace.ingest``.

        With ``wait`` the run starts when the one in progress has ended, instead of being refused.
        """
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        if rebuild:
            await self._forget_index(runtime)
        async for event in self._run(runtime, trigger, lambda: self._plan(runtime, retry_failed), wait=wait):
            yield event

    async def repair(self, runtime: CollectionRuntime, plan: IngestPlan) -> bool:
        """Make lost chunks again from what is kept; whether all went well."""

        async def lost() -> IngestPlan:
            return plan

        runtime.mending = True
        last: Run | None = None
        try:
            async for event in self._run(runtime, "repair", lost):
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
        work = Work(source_file, _OneFile(file), known, DocumentOrigin.UPLOAD)

        async def plan() -> IngestPlan:
            return IngestPlan((work,), (), 0)

        ended: Document | None = None
        last: Run | None = None
        async for event in self._run(runtime, "upload", plan, wait=True):
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

    async def work(self, collection: str, trigger: str, work: Sequence[Work]) -> AsyncIterator[RunEvent]:
        """Ingest these files, when the run in progress has ended."""

        async def plan() -> IngestPlan:
            return IngestPlan(tuple(work), (), 0)

        async for event in self._run(self._parts.runtime(collection), trigger, plan, wait=True):
            yield event

    async def remove(self, collection: str, uri: str) -> None:
        """Remove the document under this URI with its chunks, if there."""
        runtime = self._parts.runtime(collection)
        async with runtime.busy:
            document = await asyncio.to_thread(self._parts.catalog.document_at, collection, uri)
            if document is not None:
                await self._remove(runtime, document)

    async def _remove(self, runtime: CollectionRuntime, document: Document) -> None:
        catalog = self._parts.catalog
        await asyncio.to_thread(catalog.remove_document, runtime.name, document.uri)
        await remove_traces(catalog, self._parts.kept, runtime.open_index(), document, runtime.chunker.spec)
        if not await asyncio.to_thread(catalog.documents_with_content, runtime.name, document.document_id):
            runtime.names.pop(document.document_id, None)

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
        self, runtime: CollectionRuntime, trigger: str, make_plan: MakePlan, *, wait: bool = False
    ) -> AsyncIterator[RunEvent]:
        if runtime.busy.locked() and not wait:
            raise ConflictError(
                f"A run over collection {runtime.name!r} is in progress.",
                code="run_in_progress",
                hint="Follow it with `muniment status`, and start again when it has ended.",
            )
        events: asyncio.Queue[RunEvent | None] = asyncio.Queue()
        task = asyncio.create_task(self._carry_out(runtime, trigger, make_plan, events))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        while (event := await events.get()) is not None:
            yield event
        await task

    async def _carry_out(
        self,
        runtime: CollectionRuntime,
        trigger: str,
        make_plan: MakePlan,
        events: "asyncio.Queue[RunEvent | None]",
    ) -> Run:
        async def emit(event: RunEvent) -> None:
            if isinstance(event, DocumentFinished):
                runtime.show(event.document)
            else:
                runtime.run = event.run
            events.put_nowait(event)

        try:
            async with runtime.busy:
                ingest_run = IngestRun(runtime.name, trigger, self._parts.tools(runtime), emit)
                runtime.run = ingest_run.run
                runtime.filling = not runtime.names and trigger != "upload"
                result = await ingest_run.execute(make_plan)
                runtime.hide_all_but(await self._known(runtime))
                return result
        finally:
            runtime.run, runtime.filling = None, False
            events.put_nowait(None)

    async def _plan(self, runtime: CollectionRuntime, retry_failed: bool) -> IngestPlan:
        known = await self._known(runtime)
        version = self._parts.parser.version
        return await make_plan(runtime.sources, known, parser_version=version, retry_failed=retry_failed)

    async def _known(self, runtime: CollectionRuntime) -> tuple[Document, ...]:
        return await asyncio.to_thread(self._parts.catalog.documents, runtime.name)

    async def _forget_index(self, runtime: CollectionRuntime) -> None:
        async with runtime.busy:
            await self._parts.store.drop(runtime.record.index_name)
            await asyncio.to_thread(self._parts.catalog.forget_contents, runtime.name)
            await asyncio.to_thread(self._parts.catalog.save_collection, runtime.record)
            runtime.index = await self._parts.store.open(runtime.index_spec)
            runtime.problem = None
            runtime.names.clear()


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
