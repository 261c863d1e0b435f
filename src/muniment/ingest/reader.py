"""Fetches and parses documents, and claims their contents before anything is kept of them."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from muniment.catalog import Catalog
from muniment.catalog.doubts import DoubtfulContent
from muniment.errors import DocumentError, StorageError, TooLargeError, is_disk_full
from muniment.ingest.claims import Claims
from muniment.ingest.kept_files import KeptFiles, hash_file
from muniment.ingest.plan import Work
from muniment.protocols import Parser
from muniment.types import (
    ChangeKind,
    Document,
    DocumentState,
    ParsedDocument,
    document_id,
    form_of,
    parser_of,
    reading,
    title_from,
)

SCRATCH_NAME = "document.scratch"
"""Stands in no message of a parser by chance, so that it can be replaced there by the document's name."""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that has been read and parsed.

    Attributes:
        content: its content, as it stands among the doubtful.
        keys: what is claimed for it: the document and its content.
        present: whether rows of its content may be in the index already.
        doubtful: whether they may be there without a document in the catalog that vouches for them.
        started: when it was taken up, on the monotonic clock.
    """

    work: Work
    content: DoubtfulContent
    size: int
    parsed: ParsedDocument
    keys: tuple[str, ...]
    present: bool
    doubtful: bool
    started: float

    def document(self, collection: str, generation: int, chunks: int) -> Document:
        """What the catalog will say of it."""
        return Document(
            collection=collection,
            uri=self.work.file.uri,
            name=self.work.file.name,
            document_id=self.content.document_id,
            content_hash=self.content.content_hash,
            version=self.work.file.version,
            size=self.size,
            state=DocumentState.DONE,
            origin=self.work.origin,
            parser=self.content.parser,
            pages=len(self.parsed.pages),
            chunks=chunks,
            title=self.parsed.title or title_from(self.work.file.name),
            metadata=self.work.file.metadata,
            notes=self.parsed.notes,
            chunker=self.work.chunker,
            generation=generation,
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the documents of one run.

    Attributes:
        max_file_bytes: the largest file that is fetched.
        building: the generation is not live; what the live one has read of a file is not fetched again,
            and not parsed again either while the parser is the same.
    """

    collection: str
    generation: int
    catalog: Catalog
    kept: KeptFiles
    parser: Parser
    claims: Claims
    scratch_dir: Path
    max_file_bytes: int
    building: bool = False

    async def read(self, work: Work) -> ReadDocument | None:
        """Fetch and parse; None when its content is claimed by another, so that it must wait.

        The document is claimed already. Nothing stays claimed of the content when this raises.

        Raises:
            InputError, DocumentError, NotFoundError: the document cannot be ingested.
            StorageError, UnavailableError: disk or source failed.
        """
        started = time.monotonic()
        before = await self._read_before(work)
        known = before or (work.known if _needs_no_fetch(work) else None)
        if known is not None and known.content_hash:
            content = self._content(work, known.content_hash) if before else _content_of(known)
            async with _Claimed(self, work, content) as claim:
                if claim.keys is None:
                    return None
                parsed = await self._kept(content)
                if parsed is not None:
                    return claim.read(known.size, parsed, started)
        with scratch_failures(self.scratch_dir), TemporaryDirectory(dir=self.scratch_dir) as scratch:
            path = Path(scratch, SCRATCH_NAME)
            await self._fetch(work, before, path)
            size, content_hash = await asyncio.to_thread(lambda: (path.stat().st_size, hash_file(path)))
            self._check_size(work.file.name, size)
            content = await self._content_before(work, content_hash) or self._content(work, content_hash)
            async with _Claimed(self, work, content) as claim:
                if claim.keys is None:
                    return None
                parsed = await self._parse(work, path, content)
                return claim.read(size, parsed, started)

    async def _parse(self, work: Work, path: Path, content: DoubtfulContent) -> ParsedDocument:
        parsed = await self._kept(content)
        if parsed is None:
            result = await self.parser.parse(path, work.file.name, content.content_hash)
            parsed = result.document
            await self.kept.save_parsed(content.parser, result)
        await self.kept.save_raw(content.content_hash, await asyncio.to_thread(path.read_bytes))
        return parsed

    async def _kept(self, content: DoubtfulContent) -> ParsedDocument | None:
        """The content as read before, for a document that is about to refer to it."""
        parsed = await self.kept.reuse_parsed(content.content_hash, content.parser)
        if parsed is None and form_of(content.parser):
            parsed = await self.kept.adopt_parsed(
                content.content_hash, parser_of(content.parser), content.parser
            )
        return parsed

    def _content(self, work: Work, content_hash: str) -> DoubtfulContent:
        """What bytes under the name of this file are, wherever they have been before."""
        form = self.parser.form(work.file.name)
        return DoubtfulContent(
            document_id(content_hash, work.salt, form), content_hash, reading(self.parser.version, form)
        )

    async def _content_before(self, work: Work, content_hash: str) -> DoubtfulContent | None:
        """The content of the document that this one was, where it was read before forms were kept.

        Its chunks are not made again as long as bytes, form and title are what they were; a new generation
        has none of it.
        """
        if self.building:
            return None
        known = [work.known] if work.known is not None else []
        if work.moved_from:
            find = partial(self.catalog.document_at, generation=self.generation)
            old = await asyncio.to_thread(find, self.collection, work.moved_from)
            known += [old] if old is not None else []
        return next((_content_of(one) for one in known if self._stays(work, content_hash, one)), None)

    def _stays(self, work: Work, content_hash: str, known: Document) -> bool:
        now, then = work.file.name, known.name
        return (
            (known.content_hash, known.parser) == (content_hash, self.parser.version)
            and known.state is DocumentState.DONE
            and (self.parser.form(now), title_from(now)) == (self.parser.form(then), title_from(then))
        )

    async def _read_before(self, work: Work) -> Document | None:
        """The live generation's document of this very file, when another generation is built.

        Raises:
            DocumentError: it could not be read, and neither it nor what reads it has changed.
        """
        if not self.building or work.source is None:
            return None
        before = await asyncio.to_thread(self.catalog.document_at, self.collection, work.file.uri)
        if before is None or before.version != work.file.version or not before.version:
            return None
        if before.state is not DocumentState.FAILED:
            return before
        if before.chunks or parser_of(before.parser) != self.parser.version:
            return None
        raise DocumentError(before.error, code=before.error_code, hint=before.hint)

    async def _fetch(self, work: Work, before: Document | None, path: Path) -> None:
        if before is not None and await self.kept.holds_raw(before.content_hash):
            data = await self.kept.load_raw(before.content_hash)
            await asyncio.to_thread(path.write_bytes, data)
        elif work.source is not None:
            self._check_size(work.file.name, work.file.size)
            await work.source.fetch(work.file, path)
        elif work.known is not None:
            data = await self.kept.load_raw(work.known.content_hash)
            await asyncio.to_thread(path.write_bytes, data)

    def _check_size(self, name: str, size: int) -> None:
        if size > self.max_file_bytes:
            raise TooLargeError(
                f"{name} has {size / 1e6:.1f} MB; the limit is {self.max_file_bytes / 1e6:.0f} MB.",
                code="file_too_large",
                hint="Raise `ingest.max_file_mb`, or split the file.",
            )


class _Claimed:
    """A content claimed for a document; let go again when reading it did not come to an end."""

    def __init__(self, reader: Reader, work: Work, content: DoubtfulContent) -> None:
        self._reader = reader
        self._work = work
        self._content = content
        self._found = False
        self._doubtful = False
        self._result: ReadDocument | None = None
        self.keys: tuple[str, ...] | None = None

    async def __aenter__(self) -> "_Claimed":
        claims = self._reader.claims
        keys = claims.content(self._content.document_id, self._content.content_hash)
        if await claims.take(*keys, then=self._look):
            self.keys = keys
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._result is None and self.keys is not None:
            await self._reader.claims.release(*self.keys)

    def read(self, size: int, parsed: ParsedDocument, started: float) -> ReadDocument:
        """The document read; its content stays claimed."""
        keys = (self._reader.claims.document(self._work.file.uri), *(self.keys or ()))
        present = self._found or self._doubtful
        self._result = ReadDocument(
            self._work, self._content, size, parsed, keys, present, self._doubtful, started
        )
        return self._result

    def _look(self, connection: Connection) -> None:
        """Note the content as doubtful until the document is settled, and see what is there of it."""
        reader, content = self._reader, self._content
        place = reader.collection, reader.generation
        self._doubtful = reader.catalog.doubts.note_in(connection, *place, content)
        self._found = reader.catalog.holds_document_in(connection, *place, content.document_id)


def _content_of(document: Document) -> DoubtfulContent:
    return DoubtfulContent(document.document_id, document.content_hash, document.parser)


def _needs_no_fetch(work: Work) -> bool:
    """Whether only the metadata or the rows are to be written again, of bytes that are kept."""
    return work.source is None or work.kind is ChangeKind.METADATA


@contextmanager
def scratch_failures(folder: Path) -> Iterator[None]:
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
