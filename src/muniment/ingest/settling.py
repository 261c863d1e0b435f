"""Settles documents: the catalog says how one ended, searches see it, and what it replaced goes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from muniment.catalog import Catalog
from muniment.catalog.doubts import DoubtfulContent
from muniment.catalog.leases import LeaseLostError
from muniment.errors import MunimentError
from muniment.ingest.claims import Claims
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.plan import Work
from muniment.ingest.rows import remove_unneeded, row_ids
from muniment.protocols import VectorIndex
from muniment.types import ChangeKind, Document, DocumentOrigin, DocumentState, Fate, RunDocument, document_id

logger = logging.getLogger(__name__)

WAIT_S = 0.05
"""Between two looks whether another has let go of a document."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What searches see from now on.

    Attributes:
        document: has come, in its final state; None when one only went.
        gone: id of a document that was replaced or removed; empty for none.
        still_named: another name of ``gone``'s content; empty when nothing has it any more.
    """

    document: Document | None
    gone: str = ""
    still_named: str = ""


@dataclass(frozen=True, slots=True)
class Settling:
    """Writes the ends of documents in one run.

    A document, its fate in the run and its content's place among the doubtful are written in one
    transaction, and only while its leases hold. ``show`` is called in the same step of the event loop in
    which that is known, so that no search finds a document twice or not at all. Only then rows go.
    """

    collection: str
    generation: int
    run_id: str
    parser_version: str
    chunker_spec: str
    catalog: Catalog
    kept: KeptFiles
    index: VectorIndex
    claims: Claims
    show: Callable[[Shown], None]
    finished: Callable[[Document], Awaitable[None]]

    async def settle(self, work: Work, document: Document, keys: Sequence[str], started: float) -> bool:
        """Write how a document ended; False when its lease was lost, so that nothing was written.

        Args:
            keys: all that is claimed for it; released here.
            started: when it was taken up, on the monotonic clock.
        """
        known = work.known
        gone = known if known is not None and self._replaces(document, known) else None
        fate = RunDocument.of(self.run_id, document, work.kind, time.monotonic() - started)
        saved = await self._write(
            lambda also: self.catalog.save_document(document, also=also), keys, fate, gone, document
        )
        if not saved:
            await self.claims.release(*keys)
            return False
        await self.finished(document)
        if gone is not None:
            await self.clean(_content_of(gone))
        if work.moved_from:
            await self._forget_moved(work.moved_from)
        return True

    async def fail(self, work: Work, error: MunimentError, keys: Sequence[str], started: float) -> bool:
        """Write that a document could not be ingested, and why; as ``settle``."""
        return await self.settle(work, self._failed(work, error), keys, started)

    async def forget(self, uri: str, *, seen_at: str = "", told: bool = True) -> Document | None:
        """Forget a document with its chunks; the document, or None when another has done so.

        One that was written after ``seen_at`` stays. One that is claimed by another is waited for.
        The run's record tells of it when ``told``.
        """
        key = self.claims.document(uri)
        while not await self.claims.take(key):  # noqa: ASYNC110 (the other may be on another machine)
            await asyncio.sleep(WAIT_S)
        return await self._forget(uri, key, seen_at, told=told)

    async def _forget_moved(self, uri: str) -> None:
        """The same for the old name of what was moved; when it cannot be had, the next plan finds it."""
        key = self.claims.document(uri)
        if await self.claims.take(key):
            await self._forget(uri, key, "", told=False)

    async def _forget(self, uri: str, key: str, seen_at: str, *, told: bool) -> Document | None:
        try:
            find = partial(self.catalog.document_at, generation=self.generation)
            document = await asyncio.to_thread(find, self.collection, uri)
            if document is None or (seen_at and document.updated_at != seen_at):
                return None
            fate = RunDocument(
                self.run_id, uri, document.name, ChangeKind.REMOVE, Fate.REMOVED, bytes=document.size
            )
            removed = await self._write(
                lambda also: self.catalog.remove_document(
                    self.collection, uri, generation=self.generation, also=also
                ),
                [key],
                fate if told else None,
                document,
            )
            if not removed:
                return None
        finally:
            await self.claims.release(key)
        await self.clean(_content_of(document))
        return document

    async def clean(self, content: DoubtfulContent) -> None:
        """Make index and kept files of a content agree with the catalog, unless another has claimed it."""
        if not content.document_id:
            return
        keys = self.claims.content(content.document_id, content.content_hash)
        if not await self.claims.take(*keys):
            return
        try:
            held_by: set[str] | None = None
            # Another may forget a document of it meanwhile, whose note the strike would take away.
            while held_by != (now := await self._holders(content)):
                held_by = now
                await remove_unneeded(
                    self.catalog,
                    self.kept,
                    self.index,
                    self.collection,
                    self.generation,
                    content,
                    self.chunker_spec,
                )
                await asyncio.to_thread(
                    self.catalog.doubts.strike, self.collection, self.generation, content.document_id
                )
        finally:
            await self.claims.release(*keys)

    async def _holders(self, content: DoubtfulContent) -> set[str]:
        """URIs of the documents that have a content."""
        find = partial(self.catalog.documents_with_content, generation=self.generation)
        holders = await asyncio.to_thread(find, self.collection, content.document_id)
        return {holder.uri for holder in holders}

    async def clean_all(self) -> None:
        """The same for every content in doubt: what this run could not clean, and killed ones left."""
        contents = self.catalog.doubts.all(self.collection, self.generation)
        while (content := await asyncio.to_thread(next, contents, None)) is not None:
            await self.clean(content)

    async def _write(
        self,
        write: Callable[[list[Callable[[Connection], None]]], None],
        keys: Sequence[str],
        fate: RunDocument | None,
        gone: Document | None,
        come: Document | None = None,
    ) -> bool:
        """Write in one transaction, which lets go of the keys, and show it; False when a lease was lost.

        Shielded: when a run is cancelled, what its thread writes all the same must be seen, too.
        """

        def held(connection: Connection) -> None:
            self.claims.require(connection, keys)

        def told(connection: Connection) -> None:
            if fate is not None:
                self.catalog.runs.add_documents(connection, [fate])
            if come is not None and come.chunks and come.state is DocumentState.DONE:
                self.catalog.doubts.strike_in(connection, self.collection, self.generation, come.document_id)
            if gone is not None and gone.document_id:
                self.catalog.doubts.note_in(connection, self.collection, self.generation, _content_of(gone))
            self.claims.release_in(connection, keys)

        async def written() -> bool:
            try:
                await asyncio.to_thread(write, [held, told])
            except LeaseLostError as error:
                logger.warning("%s", error.message)
                return False
            self.claims.released(*keys)
            still = await self._other_name(gone)
            self.show(Shown(come, gone.document_id if gone else "", still))
            return True

        writing = asyncio.ensure_future(written())
        # When the run has ended by another failure meanwhile, nobody asks for this one any more.
        writing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(writing)

    def _replaces(self, document: Document, known: Document) -> bool:
        """Whether something of the earlier form goes: its rows, or what is kept of it."""
        same = (document.document_id, document.parser) == (known.document_id, known.parser)
        return not same or not row_ids(known, self.chunker_spec) <= row_ids(document, self.chunker_spec)

    async def _other_name(self, gone: Document | None) -> str:
        if gone is None or not gone.document_id:
            return ""
        find = partial(self.catalog.documents_with_content, generation=self.generation)
        holders = await asyncio.to_thread(find, self.collection, gone.document_id)
        return next((holder.name for holder in reversed(holders) if holder.chunks), "")

    def _failed(self, work: Work, error: MunimentError) -> Document:
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
            parser=self.parser_version,
            metadata=work.file.metadata,
            chunker=work.chunker,
            generation=self.generation,
        )
        if work.known is not None and work.known.chunks:
            # The version read before stays searchable: a file caught half-written must lose nothing.
            failed = replace(work.known, version=work.file.version, state=DocumentState.FAILED)
        if error.code in ("source_file_gone", "source_file_changed", "file_not_stored"):
            failed = replace(failed, version="")
        return replace(failed, error_code=error.code, error=error.message, hint=error.hint)


def _content_of(document: Document) -> DoubtfulContent:
    return DoubtfulContent(document.document_id, document.content_hash, document.parser)
