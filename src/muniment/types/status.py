"""What the program reports about itself: readiness, collections, runs and their progress."""

from dataclasses import dataclass, field
from enum import StrEnum

from muniment.types.chunk import Passage
from muniment.types.document import Document
from muniment.types.generation import Difference
from muniment.types.search import SearchMode


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold before questions can be answered.

    ``hint`` says what to do when it does not, and when it does, what is good to know. Questions are answered
    without what is not ``needed``, only not as well.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the server can answer, and why not."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """All checks of what is needed hold."""
        return all(check.ok or not check.needed for check in self.checks)


@dataclass(frozen=True, slots=True)
class Verification:
    """What trying out a collection and all it rests on came to; a check that is not ``ok`` is a finding."""

    collection: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """There is no finding."""
        return all(check.ok for check in self.checks)


class RunState(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Run:
    """One ingestion of one collection. Counts are documents unless they say otherwise.

    ``unchanged`` were there already; ``done`` were ingested now; ``removed`` vanished from the
    sources; ``by_others`` another worker settled while this run went on. ``seconds`` is wall time.
    Times are ISO 8601 in UTC. ``plan`` is the id of the plan it carries out and ``shard`` its part of
    it, such as ``2/8``; both empty for what is planned for one run only.
    """

    id: str
    collection: str
    trigger: str
    state: RunState
    started_at: str
    finished_at: str = ""
    total: int = 0
    done: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    removed: int = 0
    pages: int = 0
    chunks: int = 0
    seconds: float = 0.0
    error_code: str = ""
    error: str = ""
    hint: str = ""
    by_others: int = 0
    plan: str = ""
    shard: str = ""

    @property
    def work(self) -> int:
        """Documents that there is something to do about."""
        return self.total - self.unchanged

    @property
    def ended(self) -> int:
        """Those of them that are settled."""
        return self.done + self.skipped + self.failed + self.removed + self.by_others


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Sent whenever a run moves: its counts so far and what it is at."""

    run: Run
    current: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFinished:
    """Sent when one document of a run ended done, skipped or failed."""

    run_id: str
    document: Document


RunEvent = RunProgress | DocumentFinished


@dataclass(frozen=True, slots=True)
class Mending:
    """What the reconciler found amiss with a collection and did about it. ``at`` is ISO 8601, UTC."""

    at: str
    collection: str
    found: str
    did: str


class CollectionState(StrEnum):
    """Whether a collection can be asked."""

    READY = "ready"
    EMPTY = "empty"
    INGESTING = "ingesting"
    MENDING = "mending"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """A collection as it stands. ``detail`` says why when it cannot be asked.

    ``generation`` is the number of the live one, 0 for none; ``wanted`` is what the settings ask for and
    it does not have, so that a new one is wanted.
    """

    name: str
    description: str
    declared: bool
    state: CollectionState
    embedding_model: str
    dimension: int
    generator: str
    top_k: int
    documents: int
    failed: int
    pages: int
    chunks: int
    sources: tuple[str, ...] = ()
    detail: str = ""
    last_run: Run | None = None
    mended: tuple[Mending, ...] = ()
    generation: int = 0
    wanted: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages for a query, best first. ``timings`` are milliseconds per stage.

    ``notes`` say what the search may have missed.
    """

    collection: str
    query: str
    mode: SearchMode
    passages: tuple[Passage, ...]
    timings: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
