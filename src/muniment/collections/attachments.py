"""Files in stores: attached now, read in the background, and always ending completed or failed."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from muniment.catalog import Catalog
from muniment.collections.adopted import adopted_documents, refuse_change
from muniment.collections.files import Files, seconds_of
from muniment.collections.ingestion import Ingestion, from_source
from muniment.collections.kept_source import KeptSource
from muniment.collections.parts import Parts
from muniment.errors import MunimentError, NotFoundError, unforeseen
from muniment.ingest.plan import Work
from muniment.ingest.rows import row_id
from muniment.types import (
    ChangeKind,
    Document,
    DocumentFinished,
    DocumentOrigin,
    DocumentState,
    FileBatch,
    FileCounts,
    MetadataValue,
    SourceFile,
    StaticChunking,
    StoredHit,
    StoreFile,
    StoreFileState,
    attached_uri,
    file_id_of,
)
from muniment.types.store import ATTACHED

logger = logging.getLogger(__name__)


class Attachments:
    """The files of all collections. For each collection one task reads what waits, oldest first."""

    def __init__(self, parts: Parts, ingestion: Ingestion, files: Files) -> None:
        self._parts = parts
        self._ingestion = ingestion
        self._files = files
        self._waiting: dict[str, list[StoreFile]] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}

    @property
    def _catalog(self) -> Catalog:
        return self._parts.catalog

    async def resume(self, collection: str) -> None:
        """Take up what a stopped server had not read."""
        waiting = await asyncio.to_thread(
            lambda: self._catalog.files.all_attached(collection, state=StoreFileState.IN_PROGRESS)
        )
        self._read_soon(collection, waiting)

    async def attach(
        self,
        collection: str,
        file_id: str,
        attributes: dict[str, MetadataValue],
        chunking: StaticChunking | None = None,
    ) -> StoreFile:
        """Attach a file; it is read in the background. One attached before is read anew.

        A file that cannot be had is attached as failed, as the peers of this API do.
        """
        refuse_change(self._parts.runtime(collection))
        attached = await self._made(collection, file_id, attributes, chunking, "")
        await asyncio.to_thread(self._catalog.files.save_attached, [attached])
        self._read_soon(collection, [attached])
        return attached

    async def attach_batch(
        self,
        collection: str,
        files: Sequence[tuple[str, dict[str, MetadataValue], StaticChunking | None]],
    ) -> FileBatch:
        """Attach several files, by id, attributes and chunking, as one batch."""
        refuse_change(self._parts.runtime(collection))
        batch = FileBatch(f"vsfb_{secrets.token_hex(16)}", collection, int(time.time()), FileCounts())
        attached = [await self._made(collection, *file, batch.id) for file in files]
        await asyncio.to_thread(self._catalog.files.save_batch, batch)
        await asyncio.to_thread(self._catalog.files.save_attached, attached)
        self._read_soon(collection, attached)
        return await self.batch(collection, batch.id)

    async def list(self, collection: str) -> tuple[StoreFile, ...]:
        """Every file of the collection, attached or from its sources, oldest first."""
        attached = await asyncio.to_thread(self._catalog.files.all_attached, collection)
        documents = await adopted_documents(self._parts.runtime(collection))
        documents = documents or await asyncio.to_thread(self._catalog.documents, collection)
        others = [_store_file(document) for document in documents if not document.uri.startswith(ATTACHED)]
        return tuple(sorted((*attached, *others), key=lambda file: (file.created_at, file.file_id)))

    async def get(self, collection: str, file_id: str) -> StoreFile:
        """One file of the collection; NotFoundError ``unknown_store_file``."""
        attached = await asyncio.to_thread(self._catalog.files.attached, collection, file_id)
        if attached is not None:
            return attached
        document = await asyncio.to_thread(self._catalog.document_of_file, file_id, collection)
        if document is None:
            raise NotFoundError(
                f"File {file_id[:80]!r} is not in {collection!r}.",
                code="unknown_store_file",
                hint="List the files of the store, or attach it first.",
            )
        return _store_file(document)

    async def update(self, collection: str, file_id: str, attributes: dict[str, MetadataValue]) -> StoreFile:
        """Give the file other attributes; searches filter on them when this returns.

        Raises:
            ConflictError: code ``document_from_source``: its metadata come from there.
        """
        attached = await self.get(collection, file_id)
        document = await asyncio.to_thread(self._catalog.document_of_file, file_id, collection)
        if document is not None and not document.uri.startswith(ATTACHED):
            raise from_source(document)
        attached = replace(attached, attributes=attributes)
        await asyncio.to_thread(self._catalog.files.save_attached, [attached])
        if attached.state is StoreFileState.COMPLETED and document is not None:
            file = SourceFile(document.uri, document.name, document.size, document.version, attributes)
            work = Work(file, None, document, document.origin, document.chunker, kind=ChangeKind.METADATA)
            async for _ in self._ingestion.work(collection, "attributes", [work]):
                pass
        return attached

    async def remove(self, collection: str, file_id: str) -> None:
        """Take the file out of the collection; the file itself stays. Errors as ``get`` and ``update``."""
        await self.get(collection, file_id)
        document = await asyncio.to_thread(self._catalog.document_of_file, file_id, collection)
        if document is not None and document.origin is DocumentOrigin.SOURCE:
            raise from_source(document)
        await asyncio.to_thread(self._catalog.files.remove_attached, collection, file_id)
        await self._ingestion.remove(collection, document.uri if document else attached_uri(file_id))

    async def remove_everywhere(self, file_id: str) -> None:
        """Take the file out of every collection it is attached to."""
        for attached in await asyncio.to_thread(lambda: self._catalog.files.all_attached(file_id=file_id)):
            if attached.collection in self._parts.runtimes:
                await self.remove(attached.collection, file_id)

    async def chunks(self, collection: str, file_id: str) -> tuple[StoredHit, ...]:
        """The file's chunks as they are searched, in reading order; errors as ``get``."""
        await self.get(collection, file_id)
        document = await asyncio.to_thread(self._catalog.document_of_file, file_id, collection)
        if document is None:
            return ()
        runtime = self._parts.runtime(collection)
        ids = [row_id(document, runtime.recipe.chunker_spec, ordinal) for ordinal in range(document.chunks)]
        return tuple(await runtime.open_index().get(ids))

    # -- batches

    async def batch(self, collection: str, batch_id: str) -> FileBatch:
        """The batch; NotFoundError ``unknown_batch``."""
        found = await asyncio.to_thread(self._catalog.files.batch, batch_id)
        if found is None or found.collection != collection:
            raise NotFoundError(
                f"File batch {batch_id[:80]!r} is not in {collection!r}.",
                code="unknown_batch",
                hint="Use the id that making the batch gave.",
            )
        return found

    async def batch_files(self, collection: str, batch_id: str) -> tuple[StoreFile, ...]:
        """The files of the batch, oldest first; errors as ``batch``."""
        await self.batch(collection, batch_id)
        return await asyncio.to_thread(
            lambda: self._catalog.files.all_attached(collection, batch_id=batch_id)
        )

    async def cancel_batch(self, collection: str, batch_id: str) -> FileBatch:
        """Read no more of the batch's files; those read stay. Errors as ``batch``."""
        files = await self.batch_files(collection, batch_id)
        waiting = [file for file in files if file.state is StoreFileState.IN_PROGRESS]
        if waiting:
            batch = replace(await self.batch(collection, batch_id), cancelled=True)
            await asyncio.to_thread(self._catalog.files.save_batch, batch)
            stopped = [replace(file, state=StoreFileState.CANCELLED) for file in waiting]
            await asyncio.to_thread(self._catalog.files.save_attached, stopped)
        return await self.batch(collection, batch_id)

    async def counts(self, collection: str) -> tuple[FileCounts, int]:
        """The collection's files by state, and their bytes."""
        attached = await asyncio.to_thread(self._catalog.files.tally, collection)
        others = await asyncio.to_thread(self._catalog.tally, collection)
        counts = {state.value: count for state, (count, _) in attached.items()}
        for document_state, (count, _) in others.items():
            state = _state_of(document_state).value
            counts[state] = counts.get(state, 0) + count
        return FileCounts(**counts), sum(size for _, size in (*attached.values(), *others.values()))

    async def aclose(self) -> None:
        """Stop reading; what waits is taken up by the next start."""
        for task in self._readers.values():
            task.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)

    # -- inside

    async def _made(
        self,
        collection: str,
        file_id: str,
        attributes: dict[str, MetadataValue],
        chunking: StaticChunking | None,
        batch_id: str,
    ) -> StoreFile:
        made = StoreFile(
            collection=collection,
            file_id=file_id,
            filename="",
            state=StoreFileState.IN_PROGRESS,
            created_at=int(time.time()),
            attributes=attributes,
            chunking=chunking,
            batch_id=batch_id,
        )
        try:
            file = await self._files.get(file_id)
        except NotFoundError as error:
            reason = f"{error.message} {error.hint}"
            return replace(made, state=StoreFileState.FAILED, error_code=error.code, error=reason)
        return replace(made, filename=file.filename, size=file.size)

    def _read_soon(self, collection: str, attached: Sequence[StoreFile]) -> None:
        waiting = [file for file in attached if file.state is StoreFileState.IN_PROGRESS]
        if not waiting:
            return
        self._waiting.setdefault(collection, []).extend(waiting)
        reader = self._readers.get(collection)
        if reader is None or reader.done():
            self._readers[collection] = asyncio.create_task(self._read(collection))

    async def _read(self, collection: str) -> None:
        while waiting := self._waiting.pop(collection, []):
            latest = {file.file_id: file for file in waiting}
            try:
                await self._read_all(collection, latest)
            except MunimentError as error:
                await self._give_up(latest, error)
            except Exception as error:
                logger.exception("Attached files of collection %s could not be read.", collection)
                await self._give_up(latest, unforeseen(error))

    async def _read_all(self, collection: str, waiting: dict[str, StoreFile]) -> None:
        """Read files in one run; what is read is taken from ``waiting``."""
        work: list[Work] = []
        for file in list(waiting.values()):
            now = await asyncio.to_thread(self._catalog.files.attached, collection, file.file_id)
            if now is None or now.state is not StoreFileState.IN_PROGRESS:
                waiting.pop(file.file_id)
                continue
            try:
                work.append(await self._work(now))
            except MunimentError as error:
                await self._give_up({now.file_id: now}, error)
                waiting.pop(file.file_id)
        last: MunimentError | None = None
        unwanted: list[Document] = []
        if work:
            async for event in self._ingestion.work(collection, "attach", work):
                if isinstance(event, DocumentFinished):
                    if not await self._ended(event.document, waiting):
                        unwanted.append(event.document)
                elif event.run.error_code:
                    last = MunimentError(event.run.error, code=event.run.error_code, hint=event.run.hint)
        for document in unwanted:
            await self._ingestion.remove(collection, document.uri)
        if waiting:
            raise last or MunimentError("The run ended before the file was read.", hint="Attach it again.")

    async def _work(self, attached: StoreFile) -> Work:
        file = await self._files.get(attached.file_id)
        uri = attached_uri(attached.file_id)
        known = await asyncio.to_thread(self._catalog.document_at, attached.collection, uri)
        source_file = SourceFile(uri, file.filename, file.size, file.content_hash, attached.attributes)
        runtime = self._parts.runtime(attached.collection)
        spec = runtime.own_chunker_spec(attached.chunking) if attached.chunking else ""
        return Work(
            source_file,
            KeptSource(self._parts.kept, file.content_hash),
            known,
            DocumentOrigin.UPLOAD,
            spec,
            kind=ChangeKind.UPDATE if known else ChangeKind.ADD,
        )

    async def _ended(self, document: Document, waiting: dict[str, StoreFile]) -> bool:
        """Write how the file ended; False when it was cancelled or removed while it was read."""
        attached = waiting.pop(file_id_of(document.collection, document.uri), None)
        if attached is None:
            return True
        done = document.state is DocumentState.DONE
        ended = replace(
            attached,
            state=_state_of(document.state),
            error_code="" if done else document.error_code,
            error="" if done else f"{document.error} {document.hint}".strip(),
            document_id=document.document_id if document.chunks else "",
        )
        return await asyncio.to_thread(self._catalog.files.end_attached, ended)

    async def _give_up(self, waiting: dict[str, StoreFile], error: MunimentError) -> None:
        for attached in waiting.values():
            reason = f"{error.message} {error.hint}".strip()
            failed = replace(attached, state=StoreFileState.FAILED, error_code=error.code, error=reason)
            await asyncio.to_thread(self._catalog.files.end_attached, failed)


def _state_of(state: DocumentState) -> StoreFileState:
    return StoreFileState.COMPLETED if state is DocumentState.DONE else StoreFileState.FAILED


def _store_file(document: Document) -> StoreFile:
    return StoreFile(
        collection=document.collection,
        file_id=file_id_of(document.collection, document.uri),
        filename=document.name,
        state=_state_of(document.state),
        created_at=seconds_of(document.updated_at),
        size=document.size,
        attributes=document.metadata,
        error_code=document.error_code,
        error=f"{document.error} {document.hint}".strip(),
        document_id=document.document_id,
    )
