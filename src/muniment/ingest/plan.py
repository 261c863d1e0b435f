"""What a run has to do, piece by piece."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from muniment.errors import MunimentError
from muniment.protocols import Source
from muniment.types import ChangeKind, Document, DocumentOrigin, DocumentState, Shard, SourceFile, parser_of
from muniment.types.store import ATTACHED


@dataclass(frozen=True, slots=True)
class Work:
    """One file to ingest.

    Attributes:
        source: None when its bytes are kept already (a repair).
        known: the catalog's document under its URI.
        chunker: spec of the document's own chunker; empty for the collection's.
        kind: what the change is, for the record.
        moved_from: URI of the document that goes when this one has come.
        seen_at: when ``known`` had been written when this was planned; that of ``known`` when None.
    """

    file: SourceFile
    source: Source | None
    known: Document | None
    origin: DocumentOrigin = DocumentOrigin.SOURCE
    chunker: str = ""
    kind: ChangeKind = ChangeKind.ADD
    moved_from: str = ""
    seen_at: str | None = None

    @property
    def salt(self) -> str:
        """The URI of an attached file, since each has attributes of its own; nothing for others.

        Documents of one content share their chunks only within the same salt.
        """
        return self.file.uri if self.file.uri.startswith(ATTACHED) else ""

    @property
    def planned_against(self) -> str:
        """When the catalog's document had last been written; empty when there was none."""
        if self.seen_at is not None:
            return self.seen_at
        return self.known.updated_at if self.known else ""


@dataclass(frozen=True, slots=True)
class Removal:
    """A document to forget, unless it was written after ``seen_at``; empty for in any case."""

    uri: str
    name: str
    seen_at: str = ""


class Workload(Protocol):
    """What a run does, handed out as a stream: it may be longer than memory holds."""

    @property
    def total(self) -> int:
        """Documents the run is about."""

    @property
    def unchanged(self) -> int:
        """Those of them that stay as they are."""

    @property
    def remark(self) -> MunimentError | None:
        """What is to be told of it although the run goes well."""

    def work(self) -> AsyncIterator[Work]:
        """Files to ingest."""

    def removals(self) -> AsyncIterator[Removal]:
        """Documents to forget when the files are in; those that were moved, too."""


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """A few pieces of work, in memory."""

    files: tuple[Work, ...]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.files)

    @property
    def unchanged(self) -> int:
        """None: nothing was compared."""
        return 0

    @property
    def remark(self) -> MunimentError | None:
        """Nothing."""
        return None

    async def work(self) -> AsyncIterator[Work]:
        """The files, in their order."""
        for work in self.files:
            yield work

    async def removals(self) -> AsyncIterator[Removal]:
        """Nothing to forget."""
        return
        yield


@dataclass(frozen=True, slots=True)
class CarriedWork:
    """What a generation takes over from another one, and what it has that the other has not."""

    files: tuple[Work, ...]
    gone: tuple[Removal, ...]

    def part(self, shard: Shard) -> "CarriedWork":
        """What of it is in the shard."""
        return CarriedWork(
            tuple(work for work in self.files if shard.holds(work.file.uri)),
            tuple(removal for removal in self.gone if shard.holds(removal.uri)),
        )

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.files) + len(self.gone)

    @property
    def unchanged(self) -> int:
        """None: they are not counted."""
        return 0

    @property
    def remark(self) -> MunimentError | None:
        """Nothing."""
        return None

    async def work(self) -> AsyncIterator[Work]:
        """The files, in their order."""
        for work in self.files:
            yield work

    async def removals(self) -> AsyncIterator[Removal]:
        """What goes."""
        for removal in self.gone:
            yield removal


@dataclass(frozen=True, slots=True)
class JoinedWork:
    """Several workloads, one after the other."""

    parts: tuple[Workload, ...]

    @property
    def total(self) -> int:
        """Documents of all of them."""
        return sum(part.total for part in self.parts)

    @property
    def unchanged(self) -> int:
        """The same of those that stay."""
        return sum(part.unchanged for part in self.parts)

    @property
    def remark(self) -> MunimentError | None:
        """The first that one of them has."""
        return next((part.remark for part in self.parts if part.remark is not None), None)

    async def work(self) -> AsyncIterator[Work]:
        """Files to ingest."""
        for part in self.parts:
            async for work in part.work():
                yield work

    async def removals(self) -> AsyncIterator[Removal]:
        """Documents to forget."""
        for part in self.parts:
            async for removal in part.removals():
                yield removal


def repair_of(document: Document) -> Work:
    """The work of making a known document's chunks again from its kept bytes."""
    return Work(_file_of(document), None, document, document.origin, document.chunker, kind=ChangeKind.REPAIR)


def _file_of(document: Document) -> SourceFile:
    return SourceFile(document.uri, document.name, document.size, document.version, document.metadata)


def is_settled(document: Document, file: SourceFile, parser_version: str) -> bool:
    """Whether nothing is to be done about a file as listed, with this document of it in the catalog."""
    if not document.version or document.version != file.version or document.metadata != file.metadata:
        return False
    # A file that could not be read is tried again only when it, or what reads it, has changed.
    return document.state is DocumentState.DONE or parser_of(document.parser) == parser_version
