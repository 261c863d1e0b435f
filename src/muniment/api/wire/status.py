"""Health, readiness, collections and runs as the native dialect shows them."""

from typing import Literal

from muniment.api.wire.base import Wire, rebuild
from muniment.api.wire.documents import DocumentWire
from muniment.types import (
    Check,
    CollectionState,
    CollectionStatus,
    DocumentFinished,
    GenerationState,
    GenerationStatus,
    Readiness,
    Run,
    RunProgress,
    RunState,
    Verification,
)


class Health(Wire):
    """The process is alive."""

    status: Literal["OK"] = "OK"
    version: str
    instance: str
    """Random name of this server process."""


class CheckWire(Wire):
    """One thing that must hold before questions can be answered."""

    name: str
    ok: bool
    detail: str
    hint: str
    needed: bool = True
    """Questions are answered without what is not needed, only not as well."""


class ReadinessWire(Wire):
    """Whether questions can be answered, and why not."""

    ready: bool
    checks: tuple[CheckWire, ...]

    @classmethod
    def of(cls, readiness: Readiness) -> "ReadinessWire":
        """The shape of a readiness."""
        checks = tuple(CheckWire.model_validate(check) for check in readiness.checks)
        return cls(ready=readiness.ready, checks=checks)

    def domain(self) -> Readiness:
        """The readiness it shows."""
        return Readiness(tuple(rebuild(Check, check) for check in self.checks))


class VerificationWire(Wire):
    """What trying out a collection came to; each check that is not `ok` is a finding."""

    collection: str
    ok: bool
    checks: tuple[CheckWire, ...]

    @classmethod
    def of(cls, found: Verification) -> "VerificationWire":
        """The shape of what was found."""
        checks = tuple(CheckWire.model_validate(check) for check in found.checks)
        return cls(collection=found.collection, ok=found.ok, checks=checks)

    def domain(self) -> Verification:
        """What was found."""
        return Verification(self.collection, tuple(rebuild(Check, check) for check in self.checks))


class VerificationList(Wire):
    """What `muniment verify --json` prints: one for each collection."""

    verifications: tuple[VerificationWire, ...]


class RunWire(Wire):
    """One ingestion of one collection. Counts are documents unless they say otherwise."""

    id: str
    collection: str
    trigger: str
    """What started it, such as `start`, `api` or `cli`."""
    state: RunState
    started_at: str
    """ISO 8601, UTC."""
    finished_at: str
    total: int
    done: int
    """Ingested in this run."""
    unchanged: int
    skipped: int
    failed: int
    removed: int
    """Vanished from the sources."""
    pages: int
    """Pages ingested."""
    chunks: int
    """Chunks written."""
    seconds: float
    """Wall time."""
    error_code: str
    error: str
    hint: str
    by_others: int = 0
    """Settled by another worker while this run went on."""
    plan: str = ""
    """The id of the plan it carries out; empty for what was planned for this run only."""
    shard: str = ""
    """Its part of the plan, `K/N`."""

    @classmethod
    def of(cls, run: Run) -> "RunWire":
        """The shape of a run."""
        return cls.model_validate(run)

    def domain(self) -> Run:
        """The run it shows."""
        return rebuild(Run, self)


class RunList(Wire):
    """Runs, newest first."""

    runs: tuple[RunWire, ...]


class RunProgressWire(Wire):
    """Events `progress` and `finished`: a run's counts so far and what it is at."""

    run: RunWire
    current: str

    @classmethod
    def of(cls, progress: RunProgress) -> "RunProgressWire":
        """The shape of a progress event."""
        return cls(run=RunWire.of(progress.run), current=progress.current)

    def domain(self) -> RunProgress:
        """The progress event it shows."""
        return RunProgress(self.run.domain(), self.current)


class DocumentFinishedWire(Wire):
    """Event `document`: one document ended done, skipped or failed."""

    run_id: str
    document: DocumentWire

    @classmethod
    def of(cls, finished: DocumentFinished) -> "DocumentFinishedWire":
        """The shape of a finished document."""
        return cls(run_id=finished.run_id, document=DocumentWire.of(finished.document))

    def domain(self) -> DocumentFinished:
        """The finished document it shows."""
        return DocumentFinished(self.run_id, self.document.domain())


class MendingWire(Wire):
    """What the reconciler found amiss and did about it."""

    at: str
    """ISO 8601, UTC."""
    collection: str
    found: str
    did: str


class DifferenceWire(Wire):
    """One thing that the settings ask for and the live generation does not have."""

    what: str
    """`embedding_model`, `chunker` or `parser`."""
    live: str
    wanted: str


class GenerationWire(Wire):
    """One index of a collection, and how its chunks and vectors are made."""

    collection: str
    number: int
    """Counts from 1 within the collection."""
    state: GenerationState
    """`live`: answers; `staged`: is built; `previous`: was live before."""
    index_name: str
    """In the vector store."""
    embedding_model: str
    dimension: int
    chunker: str
    parser: str
    documents: int
    failed: int
    chunks: int
    created_at: str
    """ISO 8601, UTC."""
    promoted_at: str
    """When it last became the live one; empty when it never did."""

    @classmethod
    def of(cls, status: GenerationStatus) -> "GenerationWire":
        """The shape of a generation."""
        return cls.model_validate(status)

    def domain(self) -> GenerationStatus:
        """The generation it shows."""
        return rebuild(GenerationStatus, self)


class GenerationList(Wire):
    """A collection's generations, by number."""

    generations: tuple[GenerationWire, ...]


class CollectionWire(Wire):
    """A collection as it stands."""

    name: str
    description: str
    declared: bool
    """Whether the settings declare it."""
    state: CollectionState
    embedding_model: str
    dimension: int
    generator: str
    top_k: int
    documents: int
    failed: int
    """Documents that could not be ingested."""
    pages: int
    chunks: int
    sources: tuple[str, ...]
    detail: str
    """Why it cannot be asked; empty when it can."""
    last_run: RunWire | None
    mended: tuple[MendingWire, ...]
    generation: int = 0
    """Number of the live generation; 0 for none."""
    wanted: tuple[DifferenceWire, ...] = ()
    """What the settings ask for and the live generation does not have."""

    @classmethod
    def of(cls, status: CollectionStatus) -> "CollectionWire":
        """The shape of a collection."""
        return cls.model_validate(status)

    def domain(self) -> CollectionStatus:
        """The collection it shows."""
        return rebuild(CollectionStatus, self)


class CollectionList(Wire):
    """Every collection, by name."""

    collections: tuple[CollectionWire, ...]
