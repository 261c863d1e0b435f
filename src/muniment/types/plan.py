"""What would be done to a collection, and what became of each document when it was."""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from muniment.types.document import Document, DocumentState, MetadataValue
from muniment.types.generation import GenerationChange


class ChangeKind(StrEnum):
    """What a change does to a document."""

    ADD = "add"
    UPDATE = "update"
    MOVE = "move"
    METADATA = "metadata"
    REMOVE = "remove"
    RETRY = "retry"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Change:
    """One document's part of a plan.

    Attributes:
        size: bytes of the file as listed; of the document known for a removal.
        version: what the source says changes when the bytes change.
        reason: why, in words.
        source: number of the source that lists it, in the order of the declaration; -1 for none.
        moved_from: URI of the document that a move takes away.
        chunks: chunks in the index that go, at most.
        seen_at: when the catalog's document was last written when the plan was made; empty for none.
    """

    kind: ChangeKind
    uri: str
    name: str
    size: int
    version: str = ""
    reason: str = ""
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    source: int = -1
    moved_from: str = ""
    chunks: int = 0
    seen_at: str = ""


@dataclass(frozen=True, slots=True)
class PlannedKind:
    """All changes of one kind: how many documents, their bytes, and the first of them."""

    kind: ChangeKind
    documents: int
    bytes: int
    examples: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What carrying out a plan takes, as far as can be told before.

    Attributes:
        chunks_written: estimated from the bytes for each chunk of the collection's own documents; of
            another index that is wanted, all of its chunks.
        chunks_deleted: known from the catalog; fewer when another name has the same content.
        seconds: None where nothing has been measured yet.
        basis: what ``seconds`` rests on, in words.
        disk_bytes: for kept files, catalog and index.
    """

    chunks_written: int = 0
    chunks_deleted: int = 0
    seconds: float | None = None
    basis: str = ""
    disk_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run over a collection would do. The same world gives the same ``id``.

    Attributes:
        made_at: ISO 8601, UTC.
        fingerprint: of the declaration it was made for.
        kinds: the kinds of changes that there are, in the order of ``ChangeKind``.
        unchanged: documents that stay as they are.
        listed: files that the sources list.
        retry_failed: whether it tries documents again that failed and have not changed.
        generation: what of the declaration asks for another index, if anything does.
        empty_sources: numbers of the sources that list nothing, in the order of the declaration.
        held_back: documents that are not removed although no source lists them, because of those sources.
        allow_empty: whether they are removed all the same.
    """

    id: str
    collection: str
    made_at: str
    kinds: tuple[PlannedKind, ...]
    unchanged: int
    listed: int
    estimate: Estimate
    fingerprint: str = ""
    retry_failed: bool = False
    generation: GenerationChange | None = None
    empty_sources: tuple[int, ...] = ()
    held_back: int = 0
    allow_empty: bool = False

    @property
    def changes(self) -> int:
        """Documents that change."""
        return sum(planned.documents for planned in self.kinds)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.kinds and self.generation is None

    def count(self, kind: ChangeKind) -> int:
        """Documents with a change of this kind."""
        return sum(planned.documents for planned in self.kinds if planned.kind is kind)


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (from 0) of ``of`` into which changes are divided by their URI."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, uri: str) -> bool:
        """Whether the change of the document at ``uri`` is in this part."""
        return shard_of(uri, self.of) == self.number


def shard_of(uri: str, shards: int) -> int:
    """The number of the part, from 0, in which a document's change is."""
    return int.from_bytes(sha256(uri.encode()).digest(), "big") % shards


@dataclass(frozen=True, slots=True)
class ShardPart:
    """How much of a plan is in one shard."""

    shard: Shard
    documents: int
    bytes: int


class Fate(StrEnum):
    """What became of a document in a run."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class RunDocument:
    """One document's fate in a run; those that stayed as they were are only counted.

    ``seconds`` is from when it was taken up until it could be searched. ``bytes`` is the file's size.
    """

    run_id: str
    uri: str
    name: str
    kind: ChangeKind
    fate: Fate
    error_code: str = ""
    error: str = ""
    hint: str = ""
    pages: int = 0
    chunks: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, run_id: str, document: Document, kind: ChangeKind, seconds: float) -> "RunDocument":
        """The fate of a document that was ingested."""
        fate = _FATES[document.state]
        done = fate is Fate.DONE
        return cls(
            run_id=run_id,
            uri=document.uri,
            name=document.name,
            kind=kind,
            fate=fate,
            error_code=document.error_code,
            error=document.error,
            hint=document.hint,
            pages=document.pages if done else 0,
            chunks=document.chunks if done else 0,
            bytes=document.size,
            seconds=round(seconds, 3),
        )


_FATES = {
    DocumentState.DONE: Fate.DONE,
    DocumentState.SKIPPED: Fate.SKIPPED,
    DocumentState.FAILED: Fate.FAILED,
}
