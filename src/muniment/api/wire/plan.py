"""Shapes of plans, their changes, and what became of each document."""

from pydantic import Field

from muniment.api.wire.base import Request, Wire, rebuild
from muniment.types import (
    Change,
    ChangeKind,
    Fate,
    MetadataValue,
    Plan,
    RunDocument,
    Shard,
    ShardPart,
)


class ChangeWire(Wire):
    """One document's part of a plan."""

    kind: ChangeKind
    uri: str
    name: str
    size: int
    """Bytes of the file; of the document known, where it is removed."""
    version: str
    """What changes when the bytes change, as the source says."""
    reason: str
    metadata: dict[str, MetadataValue]
    source: int
    """Number of the source, from 0 in the order of the declaration; -1 for none."""
    moved_from: str
    """URI of the document that a move takes away."""
    chunks: int
    """Chunks in the index that go, at most."""
    seen_at: str
    """When the catalog's document had last been written; empty for none."""

    def domain(self) -> Change:
        """The change it shows."""
        return rebuild(Change, self)


class PlannedKindWire(Wire):
    """All changes of one kind."""

    kind: ChangeKind
    documents: int
    bytes: int
    examples: tuple[ChangeWire, ...]
    """The first of them."""


class EstimateWire(Wire):
    """What carrying out the plan takes, as far as can be told before."""

    chunks_written: int
    """Estimated."""
    chunks_deleted: int
    """At most."""
    seconds: float | None
    """Null where nothing has been measured yet."""
    basis: str
    """What `seconds` rests on."""
    disk_bytes: int
    """Kept files, catalog and index; estimated."""


class DifferenceWire(Wire):
    """One thing that the settings ask for and the live index does not have."""

    what: str
    live: str
    wanted: str


class GenerationChangeWire(Wire):
    """Why another index is wanted, and how many documents are made anew for it."""

    live: int
    differences: tuple[DifferenceWire, ...]
    reparse: int
    rechunk: int
    reembed: int


class PlanWire(Wire):
    """What a run over a collection would do; the same world gives the same id."""

    id: str
    collection: str
    made_at: str
    """ISO 8601, UTC."""
    kinds: tuple[PlannedKindWire, ...]
    """The kinds of changes that there are."""
    unchanged: int
    listed: int
    """Files that the sources list."""
    estimate: EstimateWire
    fingerprint: str
    """Of the declaration it was made for."""
    retry_failed: bool
    generation: GenerationChangeWire | None
    empty_sources: tuple[int, ...]
    """Numbers, from 0, of the sources that list nothing."""
    held_back: int
    """Documents that are not removed although no source lists them, because of those sources."""
    allow_empty: bool
    """Whether they are removed all the same."""

    @classmethod
    def of(cls, plan: Plan) -> "PlanWire":
        """The shape of a plan."""
        return cls.model_validate(plan)

    def domain(self) -> Plan:
        """The plan it shows."""
        return rebuild(Plan, self)


class PlanList(Wire):
    """Plans, one for each collection."""

    plans: tuple[PlanWire, ...]


class ChangeList(Wire):
    """Changes of a plan, by URI."""

    changes: tuple[ChangeWire, ...]

    @classmethod
    def of(cls, changes: tuple[Change, ...]) -> "ChangeList":
        """The shape of changes."""
        return cls(changes=tuple(ChangeWire.model_validate(change) for change in changes))


class ShardWire(Wire):
    """How much of a plan is in one shard."""

    shard: str
    """`K/N`, as `muniment apply --shard` takes it."""
    documents: int
    bytes: int

    @classmethod
    def of(cls, part: ShardPart) -> "ShardWire":
        """The shape of a part."""
        return cls(shard=str(part.shard), documents=part.documents, bytes=part.bytes)

    def domain(self) -> ShardPart:
        """The part it shows."""
        number, _, of = self.shard.partition("/")
        return ShardPart(Shard(int(number), int(of)), self.documents, self.bytes)


class ShardList(Wire):
    """The shards of a plan."""

    shards: tuple[ShardWire, ...]


class RunDocumentWire(Wire):
    """One document's fate in a run."""

    run_id: str
    uri: str
    name: str
    kind: ChangeKind
    fate: Fate
    error_code: str
    error: str
    hint: str
    pages: int
    chunks: int
    bytes: int
    seconds: float
    """From when it was taken up until it could be searched."""

    @classmethod
    def of(cls, document: RunDocument) -> "RunDocumentWire":
        """The shape of a fate."""
        return cls.model_validate(document)

    def domain(self) -> RunDocument:
        """The fate it shows."""
        return rebuild(RunDocument, self)


class RunDocumentList(Wire):
    """Fates, by URI."""

    documents: tuple[RunDocumentWire, ...]


class PlanRequest(Request):
    """How to plan."""

    retry_failed: bool = False
    """Try documents again that failed before and have not changed."""
    allow_empty: bool = False
    """Remove the documents of a source that lists nothing at all; they are kept otherwise."""
    share: bool = False
    """Keep the plan in the file store too, where workers on other machines find it by its id."""


class ApplyRequest(Request):
    """What to carry out."""

    plan: str | None = Field(default=None, examples=["plan_0123456789abcdef01234567"])
    """Exactly the plan with this id; what there is to do when omitted."""
    shard: str | None = Field(default=None, examples=["0/4"])
    """Only the changes in this part, `K/N` with K from 0."""
    retry_failed: bool = False
    """Try documents again that failed before and have not changed."""
    allow_empty: bool = False
    """Remove the documents of a source that lists nothing at all; they are kept otherwise."""
    stream: bool = False
    """Send server-sent events `progress`, `document`, `finished` (or `error`)."""
    trigger: str = Field(default="api", pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """Who asks, for the list of runs."""
