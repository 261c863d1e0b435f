"""The stages of ingestion: read and parse, chunk, embed, write; bounded queues between them.

A slow stage slows its feeder, so memory stays flat however many documents there are. A document is
saved in the catalog when its last chunk is written and not before: what a killed run leaves behind
is found by the next, which makes only what is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muniment.errors import DocumentError, InputError, MunimentError, NotFoundError
from muniment.ingest.embedding import embed_chunks
from muniment.ingest.feed import WorkFeed
from muniment.ingest.reader import ReadDocument, Reader, scratch_failures
from muniment.ingest.rows import row_id
from muniment.ingest.settling import End, Settling
from muniment.protocols import Chunker, EmbeddedPassages, Embedder, VectorIndex
from muniment.types import Chunk, ChunkRow, Document, DocumentState


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Sizes and limits.

    ``readers`` documents are read and parsed at a time. ``lease_s`` is how long, in seconds, what a
    worker that died was at is left alone by others, ``store_wait_s`` how long a store that does not
    answer is waited for.
    """

    scratch_dir: Path
    max_file_bytes: int
    readers: int
    queue_documents: int
    batch_chunks: int
    lease_s: float = 30.0
    store_wait_s: float = 120.0


@dataclass(slots=True)
class _Pending:
    """A document whose chunks are on their way into the index."""

    document: Document
    read: ReadDocument
    unwritten: int
    refused: DocumentError | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    pending: _Pending
    chunk: Chunk


class _Nudge(Enum):
    """Stands among the pieces and says that a batch is computed."""

    ENGINE_IDLES = 1


_Queued = _Piece | _Nudge | None
"""None at the end."""

_AHEAD = 2
"""Batches with the engine: one that is computed, and one that is there when it ends."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Chunks whose vectors are being computed."""

    pieces: Sequence[_Piece]
    embedded: asyncio.Task[EmbeddedPassages]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Brings documents into one collection's index.

    ``own_chunker`` makes the chunker of a document with a spec of its own. ``started`` is awaited with
    the name of each document that is taken up.
    """

    feed: WorkFeed
    reader: Reader
    settling: Settling
    chunker: Chunker
    own_chunker: Callable[[str], Chunker]
    embedder: Embedder
    index: VectorIndex
    settings: PipelineSettings
    started: Callable[[str], Awaitable[None]]

    async def run(self) -> None:
        """Ingest all that is fed; documents that cannot be read end failed, the rest goes on.

        Raises:
            StorageError, UnavailableError: store, disk or model failed; what was finished is kept.
        """
        with scratch_failures(self.settings.scratch_dir):
            self.settings.scratch_dir.mkdir(parents=True, exist_ok=True)
        # A document may be put back while it is written, when all readers have gone home.
        while not self.feed.finished:
            await self._pass()

    async def _pass(self) -> None:
        read: asyncio.Queue[ReadDocument | None] = asyncio.Queue(self.settings.queue_documents)
        pieces: asyncio.Queue[_Queued] = asyncio.Queue(4 * self.settings.batch_chunks)
        batches: asyncio.Queue[_Batch | None] = asyncio.Queue()
        # While one batch is written a second is computed and a third waits, so the engine never idles.
        # Counted by chunks: the first batches are small, and the first write opens the store.
        room = asyncio.Semaphore(3 * self.settings.batch_chunks)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_all(read))
                group.create_task(self._chunk_all(read, pieces))
                group.create_task(self._embed_all(pieces, batches, room, group))
                group.create_task(self._write_all(batches, room))
        except BaseExceptionGroup as failures:
            raise _first_failure(failures) from failures

    # -- read and parse

    async def _read_all(self, read: asyncio.Queue[ReadDocument | None]) -> None:
        async with asyncio.TaskGroup() as readers:
            for _ in range(self.settings.readers):
                readers.create_task(self._read_some(read))
        await read.put(None)

    async def _read_some(self, read: asyncio.Queue[ReadDocument | None]) -> None:
        claims = self.settling.claims
        while (work := await self.feed.next()) is not None:
            key = claims.document(work.file.uri)
            await self.started(work.file.name)
            began = asyncio.get_running_loop().time()
            try:
                done = await self.reader.read(work)
            except (InputError, DocumentError, NotFoundError) as error:
                self.feed.progressed()
                await self._settle(self.settling.failed(work, error, [key], began))
                continue
            if done is None:
                await claims.release(key)
                self.feed.put_back(work)
                continue
            self.feed.progressed()
            await read.put(done)

    # -- chunk

    async def _chunk_all(
        self, read: asyncio.Queue[ReadDocument | None], pieces: asyncio.Queue[_Queued]
    ) -> None:
        while (item := await read.get()) is not None:
            chunker = self.own_chunker(item.work.chunker) if item.work.chunker else self.chunker
            chunks = await asyncio.to_thread(chunker.chunk, item.parsed)
            document = item.document(self.settling.collection, self.settling.generation, len(chunks))
            if not chunks:
                await self._settle(End(item.work, _without_text(document), item.keys, item.started))
                continue
            present = await self._present(item, document)
            missing = [chunk for chunk in chunks if self._row_id(document, chunk) not in present]
            if not missing:
                await self._settle(End(item.work, document, item.keys, item.started))
                continue
            pending = _Pending(document, item, len(missing))
            for chunk in missing:
                await pieces.put(_Piece(pending, chunk))
        await pieces.put(None)

    async def _present(self, item: ReadDocument, document: Document) -> set[int]:
        """Ids of the document's rows that are in the index as they should be: these are not made again."""
        known = item.work.known
        if not item.present or (known is not None and known.metadata != document.metadata):
            return set()
        ids = await self.index.ids(document.document_id)
        if not item.doubtful:
            return ids
        # A killed run may have written them when the file had other metadata.
        rows = await self.index.get(sorted(ids))
        return {row.id for row in rows if row.metadata == document.metadata}

    def _row_id(self, document: Document, chunk: Chunk) -> int:
        return row_id(document, self.chunker.spec, chunk.ordinal)

    async def _settle(self, *ends: End) -> None:
        for lost in await self.settling.settle(*ends):
            self.feed.put_back(lost.work)

    # -- embed

    async def _embed_all(
        self,
        pieces: asyncio.Queue[_Queued],
        batches: asyncio.Queue[_Batch | None],
        room: asyncio.Semaphore,
        group: asyncio.TaskGroup,
    ) -> None:
        computing: set[asyncio.Task[EmbeddedPassages]] = set()

        def computed(task: asyncio.Task[EmbeddedPassages]) -> None:
            computing.discard(task)
            # When the queue is full, nobody waits for what is in it.
            with suppress(asyncio.QueueFull):
                pieces.put_nowait(_Nudge.ENGINE_IDLES)

        ended = False
        while not ended:
            batch: list[_Piece] = []
            while len(batch) < self.settings.batch_chunks:
                # A batch that is not full goes when the engine is about to idle, and not before: small ones
                # cost more padding and more writes.
                if batch and pieces.empty() and len(computing) < _AHEAD:
                    break
                piece = await pieces.get()
                if piece is None:
                    ended = True
                    break
                if isinstance(piece, _Piece):
                    await room.acquire()
                    batch.append(piece)
            if batch:
                task = group.create_task(embed_chunks(self.embedder, [piece.chunk for piece in batch]))
                computing.add(task)
                task.add_done_callback(computed)
                batches.put_nowait(_Batch(batch, task))
        batches.put_nowait(None)

    # -- write

    async def _write_all(self, batches: asyncio.Queue[_Batch | None], room: asyncio.Semaphore) -> None:
        while (batch := await batches.get()) is not None:
            embedded = await batch.embedded
            made = zip(batch.pieces, embedded.vectors, embedded.sentences, strict=True)
            rows = [self._row(*one) for one in made]
            try:
                await self.index.upsert(rows)
            except DocumentError:
                await self._write_singly(batch.pieces, rows)
            complete: list[_Pending] = []
            for piece in batch.pieces:
                room.release()
                piece.pending.unwritten -= 1
                if piece.pending.unwritten == 0:
                    complete.append(piece.pending)
            if complete:
                await self._settle(*map(self._end, complete))
            for pending in complete:
                if pending.refused is not None:
                    await self.settling.clean(pending.read.content)

    def _row(self, piece: _Piece, vector: NDArray[np.float32], sentences: NDArray[np.float32]) -> ChunkRow:
        document = piece.pending.document
        return ChunkRow(
            id=self._row_id(document, piece.chunk),
            document_id=document.document_id,
            chunk=piece.chunk,
            vector=vector,
            metadata=document.metadata,
            sentences=sentences,
        )

    async def _write_singly(self, pieces: Sequence[_Piece], rows: Sequence[ChunkRow]) -> None:
        """Find the documents whose rows the store refuses; the others of the batch must not suffer."""
        for piece, row in zip(pieces, rows, strict=True):
            try:
                await self.index.upsert([row])
            except DocumentError as error:
                piece.pending.refused = error

    def _end(self, pending: _Pending) -> End:
        read = pending.read
        if pending.refused is not None:
            return self.settling.failed(read.work, pending.refused, read.keys, read.started)
        return End(read.work, pending.document, read.keys, read.started)


def _without_text(document: Document) -> Document:
    return replace(
        document,
        state=DocumentState.SKIPPED,
        error_code="document_no_text",
        error=f"{document.name} holds no text.",
        hint="If it is a scan, check that OCR is on (`parser.ocr`); else there is nothing to search in it.",
    )


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
