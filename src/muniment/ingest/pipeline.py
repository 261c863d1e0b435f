"""The stages of ingestion: read and parse, chunk, embed, write; bounded queues between them.

A slow stage slows its feeder, so memory stays flat however many documents there are. A document is
saved in the catalog when its last chunk is written and not before: what a killed run leaves behind
is written again under the same ids by the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from muniment.catalog import Catalog
from muniment.errors import (
    DocumentError,
    InputError,
    MunimentError,
    NotFoundError,
    StorageError,
    TooLargeError,
    is_disk_full,
)
from muniment.ingest.kept_files import KeptFiles, hash_file
from muniment.ingest.plan import Work
from muniment.ingest.rows import remove_traces, row_id, row_ids
from muniment.protocols import Chunker, Embedder, Parser, VectorIndex
from muniment.types import (
    Chunk,
    ChunkRow,
    Document,
    DocumentOrigin,
    DocumentState,
    ParsedDocument,
    document_id,
)

SCRATCH_NAME = "document.scratch"
"""Stands in no message of a parser by chance, so that it can be replaced there by the document's name."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Sizes and limits; ``readers`` documents are read and parsed at a time."""

    scratch_dir: Path
    max_file_bytes: int
    readers: int
    queue_documents: int
    batch_chunks: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A document that has been read and parsed."""

    work: Work
    content_hash: str
    size: int
    parser: str
    parsed: ParsedDocument


@dataclass(slots=True)
class _Pending:
    """A document whose chunks are on their way into the index."""

    document: Document
    work: Work
    unwritten: int
    refused: DocumentError | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    pending: _Pending
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class _Batch:
    """Chunks whose vectors are being computed."""

    pieces: Sequence[_Piece]
    vectors: asyncio.Task[NDArray[np.float32]]


@dataclass(slots=True)
class Pipeline:
    """Brings documents into one collection's index.

    ``present`` are the ids in the index at the start: chunks that an earlier, killed run wrote are
    not embedded again. ``own_chunker`` makes the chunker of a document with a spec of its own.
    ``finished`` is awaited once for every piece of work, with its document in its final state.
    """

    collection: str
    catalog: Catalog
    kept: KeptFiles
    parser: Parser
    chunker: Chunker
    own_chunker: Callable[[str], Chunker]
    embedder: Embedder
    index: VectorIndex
    settings: PipelineSettings
    present: set[int]
    finished: Callable[[Document], Awaitable[None]]
    started: Callable[[str], Awaitable[None]]
    _claimed: set[str] = field(default_factory=set)
    _shared: list[tuple[Document, Work]] = field(default_factory=list)

    async def run(self, work: Sequence[Work]) -> None:
        """Ingest every piece of work; documents that cannot be read end failed, the rest goes on.

        Raises:
            StorageError, UnavailableError: store, disk or model failed; what was finished is kept.
        """
        waiting: asyncio.Queue[Work] = asyncio.Queue()
        for item in work:
            waiting.put_nowait(item)
        read: asyncio.Queue[_Read | None] = asyncio.Queue(self.settings.queue_documents)
        pieces: asyncio.Queue[_Piece | None] = asyncio.Queue(4 * self.settings.batch_chunks)
        # While one batch is written a second is computed and a third waits, so the engine never idles.
        batches: asyncio.Queue[_Batch | None] = asyncio.Queue(1)
        with _scratch_failures(self.settings.scratch_dir):
            self.settings.scratch_dir.mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_all(waiting, read))
                group.create_task(self._chunk_all(read, pieces))
                group.create_task(self._embed_all(pieces, batches, group))
                group.create_task(self._write_all(batches))
        except BaseExceptionGroup as failures:
            raise _first_failure(failures) from failures
        for document, item in self._shared:
            await self._finish(document, item.known)

    # -- read and parse

    async def _read_all(self, waiting: asyncio.Queue[Work], read: asyncio.Queue[_Read | None]) -> None:
        async with asyncio.TaskGroup() as readers:
            for _ in range(self.settings.readers):
                readers.create_task(self._reader(waiting, read))
        await read.put(None)

    async def _reader(self, waiting: asyncio.Queue[Work], read: asyncio.Queue[_Read | None]) -> None:
        while not waiting.empty():
            work = waiting.get_nowait()
            await self.started(work.file.name)
            try:
                done = await self._read(work)
            except (InputError, DocumentError, NotFoundError) as error:
                await self._fail(work, error)
            else:
                await read.put(done)

    async def _read(self, work: Work) -> _Read:
        if work.source is None and work.known is not None:
            known = work.known
            parsed = await self.kept.load_parsed(known.content_hash, known.parser)
            if parsed is not None:
                return _Read(work, known.content_hash, known.size, known.parser, parsed)
        scratch_dir = self.settings.scratch_dir
        with _scratch_failures(scratch_dir), TemporaryDirectory(dir=scratch_dir) as scratch:
            path = Path(scratch, SCRATCH_NAME)
            await self._fetch(work, path)
            size = (await asyncio.to_thread(path.stat)).st_size
            self._check_size(work.file.name, size)
            content_hash = await asyncio.to_thread(hash_file, path)
            parsed = await self.kept.reuse_parsed(content_hash, self.parser.version)
            if parsed is None:
                result = await self.parser.parse(path, work.file.name, content_hash)
                parsed = result.document
                await self.kept.save_parsed(self.parser.version, result)
            await self.kept.save_raw(content_hash, await asyncio.to_thread(path.read_bytes))
            return _Read(work, content_hash, size, self.parser.version, parsed)

    async def _fetch(self, work: Work, path: Path) -> None:
        if work.source is not None:
            self._check_size(work.file.name, work.file.size)
            await work.source.fetch(work.file, path)
        elif work.known is not None:
            data = await self.kept.load_raw(work.known.content_hash)
            await asyncio.to_thread(path.write_bytes, data)

    def _check_size(self, name: str, size: int) -> None:
        if size > self.settings.max_file_bytes:
            raise TooLargeError(
                f"{name} has {size / 1e6:.1f} MB; the limit is {self.settings.max_file_bytes / 1e6:.0f} MB.",
                code="file_too_large",
                hint="Raise `ingest.max_file_mb`, or split the file.",
            )

    async def _fail(self, work: Work, error: MunimentError) -> None:
        # An upload's version is its content's hash. By its id it can be removed though it failed.
        content_hash = work.file.version if work.origin is DocumentOrigin.UPLOAD else ""
        failed = Document(
            collection=self.collection,
            uri=work.file.uri,
            name=work.file.name,
            document_id=document_id(content_hash, work.salt) if content_hash else "",
            content_hash=content_hash,
            version=work.file.version,
            size=work.file.size,
            state=DocumentState.FAILED,
            origin=work.origin,
            parser=self.parser.version,
            metadata=work.file.metadata,
            chunker=work.chunker,
        )
        if work.known is not None and work.known.chunks:
            # The version read before stays searchable: a file caught half-written must lose nothing.
            failed = replace(work.known, version=work.file.version, state=DocumentState.FAILED)
        if error.code in ("source_file_gone", "source_file_changed", "file_not_stored"):
            failed = replace(failed, version="")
        failed = replace(failed, error_code=error.code, error=error.message, hint=error.hint)
        await self._finish(failed, known=None)

    # -- chunk

    async def _chunk_all(
        self, read: asyncio.Queue[_Read | None], pieces: asyncio.Queue[_Piece | None]
    ) -> None:
        while (item := await read.get()) is not None:
            chunker = self.own_chunker(item.work.chunker) if item.work.chunker else self.chunker
            chunks = await asyncio.to_thread(chunker.chunk, item.parsed)
            document = self._document(item, len(chunks))
            if not chunks:
                await self._finish(_without_text(document), item.work.known)
            elif document.document_id in self._claimed or self._written_before(document, item.work):
                self._shared.append((document, item.work))
            else:
                self._claimed.add(document.document_id)
                pending = _Pending(document, item.work, len(chunks))
                for chunk in chunks:
                    await pieces.put(_Piece(pending, chunk))
        await pieces.put(None)

    def _written_before(self, document: Document, work: Work) -> bool:
        changed = work.known is not None and work.known.metadata != document.metadata
        return not changed and row_ids(document, self.chunker.spec) <= self.present

    def _document(self, item: _Read, chunks: int) -> Document:
        return Document(
            collection=self.collection,
            uri=item.work.file.uri,
            name=item.work.file.name,
            document_id=document_id(item.content_hash, item.work.salt),
            content_hash=item.content_hash,
            version=item.work.file.version,
            size=item.size,
            state=DocumentState.DONE,
            origin=item.work.origin,
            parser=item.parser,
            pages=len(item.parsed.pages),
            chunks=chunks,
            title=item.parsed.title,
            metadata=item.work.file.metadata,
            notes=item.parsed.notes,
            chunker=item.work.chunker,
        )

    # -- embed

    async def _embed_all(
        self,
        pieces: asyncio.Queue[_Piece | None],
        batches: asyncio.Queue[_Batch | None],
        group: asyncio.TaskGroup,
    ) -> None:
        ended = False
        while not ended:
            batch: list[_Piece] = []
            while len(batch) < self.settings.batch_chunks:
                # A started batch takes what is there, but does not wait for more: the engine must not idle.
                if batch and pieces.empty():
                    break
                piece = await pieces.get()
                if piece is None:
                    ended = True
                    break
                batch.append(piece)
            if batch:
                texts = [piece.chunk.embedding_text for piece in batch]
                await batches.put(_Batch(batch, group.create_task(self.embedder.embed_texts(texts))))
        await batches.put(None)

    # -- write

    async def _write_all(self, batches: asyncio.Queue[_Batch | None]) -> None:
        while (batch := await batches.get()) is not None:
            vectors = await batch.vectors
            rows = [self._row(piece, vector) for piece, vector in zip(batch.pieces, vectors, strict=True)]
            try:
                await self.index.upsert(rows)
            except DocumentError:
                await self._write_singly(batch.pieces, rows)
            for piece in batch.pieces:
                piece.pending.unwritten -= 1
                if piece.pending.unwritten == 0:
                    await self._written(piece.pending)

    def _row(self, piece: _Piece, vector: NDArray[np.float32]) -> ChunkRow:
        document = piece.pending.document
        return ChunkRow(
            id=row_id(document, self.chunker.spec, piece.chunk.ordinal),
            document_id=document.document_id,
            chunk=piece.chunk,
            vector=vector,
            metadata=document.metadata,
        )

    async def _write_singly(self, pieces: Sequence[_Piece], rows: Sequence[ChunkRow]) -> None:
        """Find the documents whose rows the store refuses; the others of the batch must not suffer."""
        for piece, row in zip(pieces, rows, strict=True):
            try:
                await self.index.upsert([row])
            except DocumentError as error:
                piece.pending.refused = error

    async def _written(self, pending: _Pending) -> None:
        if pending.refused is None:
            await self._finish(pending.document, pending.work.known)
            return
        await self._fail(pending.work, pending.refused)
        await remove_traces(self.catalog, self.kept, self.index, pending.document, self.chunker.spec)

    async def _finish(self, document: Document, known: Document | None) -> None:
        await asyncio.to_thread(self.catalog.save_document, document)
        if known is not None:
            await remove_traces(self.catalog, self.kept, self.index, known, self.chunker.spec)
        await self.finished(document)


def _without_text(document: Document) -> Document:
    return replace(
        document,
        state=DocumentState.SKIPPED,
        error_code="document_no_text",
        error=f"{document.name} holds no text.",
        hint="If it is a scan, check that OCR is on (`parser.ocr`); else there is nothing to search in it.",
    )


@contextmanager
def _scratch_failures(folder: Path) -> Iterator[None]:
    """Raise a file system's refusal in the scratch folder as an error of ours."""
    try:
        yield
    except OSError as error:
        full = is_disk_full(error)
        raise StorageError(
            f"Nothing can be written under {folder}: {error.strerror or error}.",
            code="disk_full" if full else "storage_failed",
            hint="Free some space and run again; what was done is kept."
            if full
            else "Check that the folder is writable.",
        ) from error


def _first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that says most: a deliberate error before any other."""
    flat: list[BaseException] = []
    stack: list[BaseException] = [group]
    while stack:
        current = stack.pop()
        if isinstance(current, BaseExceptionGroup):
            stack.extend(current.exceptions)
        else:
            flat.append(current)
    return next((failure for failure in flat if isinstance(failure, MunimentError)), flat[0])
