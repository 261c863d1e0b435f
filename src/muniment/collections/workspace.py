"""What the HTTP server and the command line do their work through.

There are two implementations: one in this process (``collections/local.py``), and one that speaks
to a running server (``cli/remote.py``), because an embedded store belongs to one process at a time.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from muniment.answer.events import AnswerEvent
from muniment.types import (
    Change,
    CollectionStatus,
    Document,
    DocumentState,
    EvaluationReport,
    Fate,
    Filter,
    GenerationStatus,
    MetadataValue,
    ParsedDocument,
    Plan,
    Readiness,
    Run,
    RunDocument,
    RunEvent,
    SearchMode,
    SearchResult,
    Shard,
    ShardPart,
    Verification,
)


class Workspace(Protocol):
    """All collections of one data directory.

    Every method that takes a collection raises NotFoundError (code ``unknown_collection``) when
    there is none of that name, with the known names in the hint.
    """

    async def readiness(self) -> Readiness:
        """Whether questions can be answered, with reasons when not."""

    async def verify(
        self,
        collection: str,
        *,
        questions: Sequence[str] = (),
        staged: bool = False,
        setup_only: bool = False,
    ) -> Verification:
        """Try out what the collection rests on, and what it holds.

        Sources, file store, catalog, vector store and models are used once each. Then chunks in the catalog
        are compared with rows in the index, some of them searched by their own text, and the questions must
        find something.

        Args:
            staged: look at the staged generation and not at the live one.
            setup_only: leave out what it holds.

        Raises:
            ConflictError: code ``nothing_staged``.
        """

    async def collections(self) -> tuple[CollectionStatus, ...]:
        """Every collection, by name."""

    async def collection(self, name: str) -> CollectionStatus:
        """One collection."""

    async def documents(
        self, collection: str, *, state: DocumentState | None = None, limit: int = 100, after: str = ""
    ) -> tuple[Document, ...]:
        """Documents by name, from behind the name ``after``."""

    async def document(self, collection: str, document_id: str) -> Document:
        """One document; the first by name when several hold the same bytes.

        Raises:
            NotFoundError: code ``unknown_document``.
        """

    async def search(
        self,
        collection: str,
        query: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 10,
        filter: Filter | None = None,
    ) -> SearchResult:
        """The passages that fit best.

        Raises:
            InputError: codes ``question_empty``, ``question_too_long``, ``invalid_filter``.
            UnavailableError: store or embedding model cannot be had.
        """

    def answer(
        self,
        collection: str,
        question: str,
        *,
        generator: str | None = None,
        top_k: int | None = None,
        filter: Filter | None = None,
    ) -> AsyncIterator[AnswerEvent]:
        """The answer in the making; errors as in ``search``, and ``generator_unavailable``."""

    def ingest(
        self,
        collection: str,
        *,
        trigger: str,
        retry_failed: bool = False,
        rebuild: bool = False,
        allow_empty: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Bring the collection up to its sources; the last event's run is not running any more.

        Documents that failed before are tried again when they changed, or with ``retry_failed``.
        ``rebuild`` makes all chunks anew, in a new generation that is promoted when it is complete.
        Else the live generation is filled, whatever the settings ask for.

        The documents of a source that lists nothing at all stay, and the run says so under the code
        ``source_empty``, unless with ``allow_empty``. ``rebuild`` is refused then.

        Raises:
            ConflictError: code ``run_in_progress``.
        """

    async def generations(self, collection: str) -> tuple[GenerationStatus, ...]:
        """The collection's generations by number: the live one, and the staged and previous if there."""

    def stage(self, collection: str, *, shard: Shard | None = None) -> AsyncIterator[RunEvent]:
        """Build a generation as the settings ask, beside the live one, or go on building it.

        With ``shard`` only that part of it is built; promotion makes whatever is missing.
        Events as of ``ingest``; but what goes wrong with the run itself is raised.

        Raises:
            ConflictError: codes ``generation_current``, ``run_in_progress``, ``collection_adopted``.
        """

    def promote(self, collection: str, *, despite_gate: str = "") -> AsyncIterator[RunEvent]:
        """Let the staged generation catch up and make it the live one; events as of ``stage``.

        Where the collection has a gate, the generation must meet it, and not be significantly worse than the
        live one. ``despite_gate`` is the reason to promote it all the same, which the report keeps.

        Raises:
            ConflictError: codes ``nothing_staged``, ``staged_outdated``, ``run_in_progress``,
                ``collection_adopted``, ``promotion_overtaken``, ``gate_not_met``.
            NotFoundError: code ``questions_not_found``, of the gate.
            InputError: codes ``invalid_questions``, ``no_questions``, of the gate.
        """

    def rollback(self, collection: str) -> AsyncIterator[RunEvent]:
        """Let the previous generation catch up and make it the live one again; events as of ``stage``.

        Raises:
            ConflictError: codes ``no_previous_generation``, ``run_in_progress``, ``collection_adopted``,
                ``promotion_overtaken``.
            UnavailableError: code ``generation_model_gone``.
        """

    async def discard(self, collection: str) -> GenerationStatus:
        """Remove the staged generation; what it was.

        Raises:
            ConflictError: codes ``nothing_staged``, ``run_in_progress``.
        """

    async def plan(
        self, collection: str, *, retry_failed: bool = False, share: bool = False, allow_empty: bool = False
    ) -> Plan:
        """What bringing the collection up to its sources would do, and why; reads no file.

        With ``share`` workers on other machines with the same file store find the plan by its id. With
        ``allow_empty`` it removes the documents of a source that lists nothing.

        Raises:
            ConflictError: code ``collection_adopted``.
            UnavailableError: a source does not answer.
        """

    async def plan_changes(self, plan_id: str, *, limit: int = 1000, after: str = "") -> tuple[Change, ...]:
        """Every change of a plan by URI, from behind the URI ``after``; NotFoundError ``unknown_plan``."""

    async def plan_shards(self, plan_id: str, shards: int) -> tuple[ShardPart, ...]:
        """How a plan is divided into so many shards; NotFoundError ``unknown_plan``."""

    def apply(
        self,
        collection: str,
        *,
        trigger: str,
        plan: str | Path | None = None,
        shard: Shard | None = None,
        retry_failed: bool = False,
        allow_empty: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Carry out exactly the plan with this id, or in this file; without one, what there is to do.

        Args:
            shard: only this part of it.

        Raises:
            NotFoundError: code ``unknown_plan``; there is no run then.
            InputError: code ``invalid_plan``, for a file that begins with none.
            ConflictError: codes ``run_in_progress``, ``plan_of_another``.

        The run ends failed with ``plan_outdated`` when the world has changed since the plan was made;
        nothing is done then.
        """

    async def run(self, run_id: str) -> Run:
        """One run; NotFoundError ``unknown_run``."""

    async def run_documents(
        self, run_id: str, *, fate: Fate | None = None, limit: int = 100, after: str = ""
    ) -> tuple[RunDocument, ...]:
        """What became of each document of a run, by URI, from behind the URI ``after``; errors as ``run``.

        Those that stayed as they were are only counted.
        """

    async def runs(self, collection: str | None = None, *, limit: int = 20) -> tuple[Run, ...]:
        """Runs, newest first."""

    async def upload(
        self, collection: str, name: str, file: Path, metadata: dict[str, MetadataValue]
    ) -> Document:
        """Keep the file, ingest it and return its document, whatever state it ended in.

        A name already uploaded is replaced. ``name`` must be a plain relative path.
        """

    async def delete_document(self, collection: str, document_id: str) -> Document:
        """Remove an uploaded document with its chunks.

        Raises:
            ConflictError: code ``document_from_source``: it comes from a declared source.
        """

    async def parsed(self, collection: str, document_id: str) -> ParsedDocument:
        """A document as parsed; NotFoundError ``unknown_document``."""

    async def raw_file(self, collection: str, document_id: str) -> Path:
        """The document's original bytes, as a local file to read."""

    async def page_image(
        self,
        collection: str,
        document_id: str,
        page: int,
        *,
        ranges: tuple[tuple[int, int], ...],
        scale: float,
    ) -> bytes:
        """PNG of a page with the boxes of the given character ranges marked.

        Raises:
            NotFoundError: codes ``unknown_document``, ``unknown_page``, ``no_page_image``.
        """

    async def keep_report(self, collection: str, report: EvaluationReport) -> None:
        """Keep the report of an evaluation of the collection; the newest is its ``quality``.

        Raises:
            InputError: code ``invalid_report``: it is one of another collection.
        """

    async def quality(self, collection: str) -> EvaluationReport:
        """The newest report that was kept; NotFoundError ``not_evaluated``."""

    async def aclose(self) -> None:
        """Finish what runs and let go of everything."""
