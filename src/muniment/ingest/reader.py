"""Fetches and parses documents, and claims their contents before anything is kept of them."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from muniment.types import ChangeKind, Document, DocumentState, ParsedDocument, document_id

SCRATCH_NAME = "document.scratch"
"""Stands in no message of a parser by chance, so that it can be replaced there by the document's name."""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that has been read and parsed.

    Attributes:
        keys: what is claimed for it: the document and its content.
        present: whether rows of its content may be in the index already.
        doubtful: whether they may be there without a document in the catalog that vouches for them.
        started: when it was taken up, on the monotonic clock.
    """

    work: Work
    content_hash: str
    size: int
    parser: str
    parsed: ParsedDocument
    keys: tuple[str, ...]
    present: bool
    doubtful: bool
    started: float

    @property
    def content(self) -> DoubtfulContent:
        """Its content, as it stands among the doubtful."""
        return DoubtfulContent(document_id(self.content_hash, self.work.salt), self.content_hash, self.parser)

    def document(self, collection: str, generation: int, chunks: int) -> Document:
        """What the catalog will say of it."""
        return Document(
            collection=collection,
            uri=self.work.file.uri,
            name=self.work.file.name,
            document_id=document_id(self.content_hash, self.work.salt),
            content_hash=self.content_hash,
            version=self.work.file.version,
            size=self.size,
            state=DocumentState.DONE,
            origin=self.work.origin,
            parser=self.parser,
            pages=len(self.parsed.pages),
            chunks=chunks,
            title=self.parsed.title,
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
            async with _Claimed(self, work, known.content_hash) as claim:
                if claim.keys is None:
                    return None
                parser = self.parser.version if before else known.parser
                parsed = await self.kept.load_parsed(known.content_hash, parser)
                if parsed is not None:
                    return claim.read(known.content_hash, known.size, parser, parsed, started)
        with scratch_failures(self.scratch_dir), TemporaryDirectory(dir=self.scratch_dir) as scratch:
            path = Path(scratch, SCRATCH_NAME)
            await self._fetch(work, before, path)
            size, content_hash = await asyncio.to_thread(lambda: (path.stat().st_size, hash_file(path)))
            self._check_size(work.file.name, size)
            async with _Claimed(self, work, content_hash) as claim:
                if claim.keys is None:
                    return None
                parsed = await self._parse(work, path, content_hash)
                return claim.read(content_hash, size, self.parser.version, parsed, started)

    async def _parse(self, work: Work, path: Path, content_hash: str) -> ParsedDocument:
        parsed = await self.kept.reuse_parsed(content_hash, self.parser.version)
        if parsed is None:
            result = await self.parser.parse(path, work.file.name, content_hash)
            parsed = result.document
            await self.kept.save_parsed(self.parser.version, result)
        await self.kept.save_raw(content_hash, await asyncio.to_thread(path.read_bytes))
        return parsed

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
        if before.chunks or before.parser != self.parser.version:
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

    def __init__(self, reader: Reader, work: Work, content_hash: str) -> None:
        self._reader = reader
        self._work = work
        self._content = DoubtfulContent(
            document_id(content_hash, work.salt), content_hash, reader.parser.version
        )
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

    def read(
        self, content_hash: str, size: int, parser: str, parsed: ParsedDocument, started: float
    ) -> ReadDocument:
        """The document read; its content stays claimed."""
        keys = (self._reader.claims.document(self._work.file.uri), *(self.keys or ()))
        present = self._found or self._doubtful
        self._result = ReadDocument(
            self._work, content_hash, size, parser, parsed, keys, present, self._doubtful, started
        )
        return self._result

    def _look(self, connection: Connection) -> None:
        """Note the content as doubtful until the document is settled, and see what is there of it."""
        reader, content = self._reader, self._content
        place = reader.collection, reader.generation
        self._doubtful = reader.catalog.doubts.note_in(connection, *place, content)
        self._found = reader.catalog.holds_document_in(connection, *place, content.document_id)


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
