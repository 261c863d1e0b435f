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
from muniment.catalog.generations import lock_generations
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
class End:
    """How a document ended.

    Attributes:
        keys: all that is claimed for it, released when that is written.
        started: when it was taken up, on the monotonic clock.
    """

    work: Work
    document: Document
    keys: Sequence[str]
    started: float


@dataclass(frozen=True, slots=True)
class _Step:
    """What is written of one document: ``gone`` goes and ``come``, when there is one, comes."""

    uri: str
    keys: Sequence[str]
    fate: RunDocument | None
    gone: Document | None
    come: Document | None = None


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
    form: Callable[[str], str]
    chunker_spec: str
    catalog: Catalog
    kept: KeptFiles
    index: VectorIndex
    claims: Claims
    show: Callable[[Shown], None]
    finished: Callable[[Document], Awaitable[None]]

    async def settle(self, *ends: End) -> list[End]:
        """Write how documents ended, in one transaction; those of which nothing was written are returned:
        their leases were lost.
        """
        steps = {end.work.file.uri: self._step(end) for end in ends}
        written = {step.uri for step in await self._write(list(steps.values()))}
        lost = [end for end in ends if end.work.file.uri not in written]
        for end in lost:
            logger.warning(
                "The lease on %s ended before it was done; another worker goes on with it.", end.document.name
            )
            await self.claims.release(*end.keys)
        for end in ends:
            uri, gone = end.work.file.uri, steps[end.work.file.uri].gone
            if uri in written:
                await self.finished(end.document)
                if gone is not None:
                    await self.clean(_content_of(gone))
                if end.work.moved_from:
                    await self._forget_moved(end.work.moved_from)
        return lost

    def failed(self, work: Work, error: MunimentError, keys: Sequence[str], started: float) -> End:
        """The end of a document that could not be ingested, and why."""
        return End(work, self._failed(work, error), keys, started)

    def _step(self, end: End) -> _Step:
        known, document = end.work.known, end.document
        gone = known if known is not None and self._replaces(document, known) else None
        fate = RunDocument.of(self.run_id, document, end.work.kind, time.monotonic() - end.started)
        return _Step(end.work.file.uri, end.keys, fate, gone, document)

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
            if not await self._write([_Step(uri, [key], fate if told else None, document)]):
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

    async def _write(self, steps: Sequence[_Step]) -> list[_Step]:
        """Write in one transaction, which lets go of the keys, and show it; the steps that were written.

        Shielded: when a run is cancelled, what its thread writes all the same must be seen, too.
        """

        async def written() -> list[_Step]:
            done, shown = await asyncio.to_thread(self._commit, steps)
            for step, seen in zip(done, shown, strict=True):
                self.claims.released(*step.keys)
                self.show(seen)
            return done

        writing = asyncio.ensure_future(written())
        # When the run has ended by another failure meanwhile, nobody asks for this one any more.
        writing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(writing)

    def _commit(self, steps: Sequence[_Step]) -> tuple[list[_Step], list[Shown]]:
        """The steps whose leases hold, written, and what searches see then."""
        catalog = self.catalog
        with catalog.database.transaction() as connection:
            # First, as whoever promotes a generation does.
            if any(step.come is None or step.come.origin is DocumentOrigin.UPLOAD for step in steps):
                lock_generations(connection, self.collection)
            held = self.claims.held_in(connection, [key for step in steps for key in step.keys])
            done = [step for step in steps if held.issuperset(step.keys)]
            if done:
                catalog.runs.add_documents(connection, [step.fate for step in done if step.fate is not None])
                self._doubt(connection, done)
                self.claims.release_in(connection, [key for step in done for key in step.keys])
                for step in done:
                    if step.come is None:
                        catalog.remove_in(connection, self.collection, step.uri, self.generation)
                catalog.save_in(connection, [step.come for step in done if step.come is not None])
            return done, [self._shown(connection, step) for step in done]

    def _doubt(self, connection: Connection, steps: Sequence[_Step]) -> None:
        """Strike out the contents that have a document now, and note those that lost one.

        In the order of their ids: others may note and strike the same ones in their transactions.
        """
        doubts, place = self.catalog.doubts, (self.collection, self.generation)
        vouched = {step.come.document_id for step in steps if step.come is not None and _vouches(step.come)}
        left = {step.gone.document_id: step.gone for step in steps if step.gone is not None}
        for one in sorted((vouched | left.keys()) - {""}):
            if one in vouched:
                doubts.strike_in(connection, *place, one)
            if one in left:
                doubts.note_in(connection, *place, _content_of(left[one]))

    def _shown(self, connection: Connection, step: _Step) -> Shown:
        gone = step.gone
        if gone is None or not gone.document_id:
            return Shown(step.come)
        holders = self.catalog.documents_with_content_in(
            connection, self.collection, gone.document_id, self.generation
        )
        still = next((holder.name for holder in reversed(holders) if holder.chunks), "")
        return Shown(step.come, gone.document_id, still)

    def _replaces(self, document: Document, known: Document) -> bool:
        """Whether something of the earlier form goes: its rows, or what is kept of it."""
        same = (document.document_id, document.parser) == (known.document_id, known.parser)
        return not same or not row_ids(known, self.chunker_spec) <= row_ids(document, self.chunker_spec)

    def _failed(self, work: Work, error: MunimentError) -> Document:
        # An upload's version is its content's hash. By its id it can be removed though it failed.
        content_hash = work.file.version if work.origin is DocumentOrigin.UPLOAD else ""
        failed = Document(
            collection=self.collection,
            uri=work.file.uri,
            name=work.file.name,
            document_id=document_id(content_hash, work.salt, self.form(work.file.name))
            if content_hash
            else "",
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


def _vouches(document: Document) -> bool:
    """Whether rows of its content are needed from now on."""
    return bool(document.chunks) and document.state is DocumentState.DONE
