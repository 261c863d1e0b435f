"""A workspace in memory, for tests of what is built on one: deterministic, no models, no files kept."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from muniment.answer.events import AnswerEvent, Delta, Finished, Retrieved
from muniment.collections.fake_answer import fake_answer, fake_passages
from muniment.collections.fake_page import PAGE, fake_page_image
from muniment.collections.fake_records import (
    AT,
    fake_changes,
    fake_document,
    fake_generations,
    fake_plan,
    lines_of,
)
from muniment.collections.fake_reports import FakeReports
from muniment.errors import (
    ConflictError,
    NotFoundError,
    StorageError,
    UnavailableError,
    unknown_name,
)
from muniment.retrieve import with_relevance
from muniment.types import (
    Block,
    BlockKind,
    Change,
    ChangeKind,
    Check,
    CollectionState,
    CollectionStatus,
    Difference,
    Document,
    DocumentFinished,
    DocumentOrigin,
    DocumentState,
    Fate,
    Filter,
    GenerationState,
    GenerationStatus,
    Mending,
    MetadataValue,
    ParsedDocument,
    Passage,
    Plan,
    Readiness,
    Run,
    RunDocument,
    RunEvent,
    RunProgress,
    RunState,
    SearchMode,
    SearchResult,
    Shard,
    ShardPart,
    Verification,
)


class FakeWorkspace(FakeReports):
    """Documents are lines of text on one page; a question is answered by the lines that share words.

    A document whose text holds ``UNREADABLE`` fails. A question that holds ``UNREACHABLE`` finds no
    generator, one that holds ``BREAK`` breaks off after the first piece, one that holds ``BUG``
    meets an error nobody foresaw, and one that holds ``WAIT`` is never answered. An upload that holds
    ``TOO MUCH`` meets a full disk, one that holds ``BUG`` an error nobody foresaw.

    Args:
        documents: text by document name, by collection; ingested from the start.
        folder: where original files are put when they are asked for.
    """

    def __init__(self, documents: dict[str, dict[str, str]], folder: Path) -> None:
        super().__init__(list(documents))
        self._folder = folder
        self._texts: dict[str, dict[str, str]] = {name: {} for name in documents}
        self._documents: dict[str, dict[str, Document]] = {name: {} for name in documents}
        self._runs: list[Run] = []
        self._staged: dict[str, tuple[GenerationState, ...]] = {}
        self.cancelled: list[str] = []
        self.closed = False
        for collection, texts in documents.items():
            for name, text in texts.items():
                self._keep(collection, name, text, {}, origin=DocumentOrigin.SOURCE)

    async def readiness(self) -> Readiness:
        """Ready while every collection has documents."""
        checks = (
            Check(f"collection {name}", bool(held), f"{len(held)} documents", "" if held else "Ingest some.")
            for name, held in sorted(self._documents.items())
        )
        return Readiness(tuple(checks))

    async def collections(self) -> tuple[CollectionStatus, ...]:
        """Every collection, by name."""
        return tuple([await self.collection(name) for name in sorted(self._documents)])

    async def collection(self, name: str) -> CollectionStatus:
        """One collection; each was mended once."""
        held = self._held(name).values()
        return CollectionStatus(
            name=name,
            description=f"Fake {name}",
            declared=True,
            state=CollectionState.READY if held else CollectionState.EMPTY,
            embedding_model="fake",
            dimension=8,
            generator="extractive",
            top_k=8,
            documents=len(held),
            failed=sum(document.state is DocumentState.FAILED for document in held),
            pages=sum(document.pages for document in held),
            chunks=sum(document.chunks for document in held),
            sources=(f"file:///fake/{name}",),
            last_run=next((run for run in self._runs if run.collection == name), None),
            mended=(Mending(AT, name, "index missing", "ingested again"),),
            generation=1,
            wanted=(Difference("chunker", "lines", "words"),),
        )

    async def documents(
        self, collection: str, *, state: DocumentState | None = None, limit: int = 100, after: str = ""
    ) -> tuple[Document, ...]:
        """Documents by name."""
        held = self._held(collection)
        names = [name for name in sorted(held) if name > after]
        return tuple([held[name] for name in names if state is None or held[name].state is state][:limit])

    async def document(self, collection: str, document_id: str) -> Document:
        """One document."""
        return self._document(collection, document_id)

    async def search(
        self,
        collection: str,
        query: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 10,
        filter: Filter | None = None,
    ) -> SearchResult:
        """Lines by the number of words they share with the query; filters are not looked at."""
        passages = with_relevance(query, self._passages(collection, query)[:limit])
        return SearchResult(collection, query, mode, passages, {"search": 1.5})

    async def answer(
        self,
        collection: str,
        question: str,
        *,
        generator: str | None = None,
        top_k: int | None = None,
        filter: Filter | None = None,
    ) -> AsyncIterator[AnswerEvent]:
        """The best line, cited, or an abstention."""
        passages = self._passages(collection, question)[: top_k or 8]
        await self._misbehave(question)
        yield Retrieved(passages)
        answer = fake_answer(collection, question, passages, generator or "extractive")
        for piece in re.findall(r"\S+\s*", answer.text):
            yield Delta(piece)
            if "BREAK" in question:
                raise UnavailableError(
                    "The generator broke off.", code="generator_unavailable", hint="Ask again."
                )
        yield Finished(answer)

    async def _misbehave(self, question: str) -> None:
        if "UNREACHABLE" in question:
            raise UnavailableError(
                "Nothing answers at http://127.0.0.1:9.", code="generator_unavailable", hint="Start it."
            )
        if "BUG" in question:
            raise RuntimeError("secret internals of /etc/muniment")
        if "WAIT" in question:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.append(question)
                raise

    async def ingest(self, collection: str, *, trigger: str, **options: bool) -> AsyncIterator[RunEvent]:
        """Says of every document that it is done or failed."""
        held = sorted(self._held(collection).items())
        if any(run.state is RunState.RUNNING for run in self._runs):
            raise ConflictError(f"{collection!r} is being ingested.", code="run_in_progress", hint="Wait.")
        number = len(self._runs) + 1
        run = Run(f"run-{number}", collection, trigger, RunState.RUNNING, AT, total=len(held))
        yield RunProgress(run, held[0][0] if held else "")
        for name, document in held:
            failed = document.state is DocumentState.FAILED
            run = replace(run, done=run.done + (not failed), failed=run.failed + failed, pages=run.pages + 1)
            yield DocumentFinished(run.id, document)
            yield RunProgress(run, name)
        run = replace(run, state=RunState.DONE, finished_at=AT, seconds=0.25, chunks=run.done)
        self._runs.insert(0, run)
        yield RunProgress(run)

    async def verify(
        self,
        collection: str,
        *,
        questions: Sequence[str] = (),
        staged: bool = False,
        setup_only: bool = False,
    ) -> Verification:
        """Documents that failed are a finding; a question finds the collection's name."""
        held = self._held(collection).values()
        checks = [Check("catalog", True, "in memory")]
        if not setup_only:
            failed = sum(document.state is DocumentState.FAILED for document in held)
            checks.append(Check("staged" if staged else "live", not failed, f"{failed} failed", "Look."))
            checks += [Check(f"question {asked!r}", asked in collection, collection) for asked in questions]
        return Verification(collection, tuple(checks))

    async def plan(self, collection: str, **options: bool) -> Plan:
        """Every document is new."""
        return fake_plan(collection, self._planned(collection))

    async def plan_changes(self, plan_id: str, *, limit: int = 1000, after: str = "") -> tuple[Change, ...]:
        """Every document of the collection whose plan it is."""
        changes = self._planned(plan_id.removeprefix("plan_"))
        return tuple([change for change in changes if change.uri > after][:limit])

    async def plan_shards(self, plan_id: str, shards: int) -> tuple[ShardPart, ...]:
        """All in the first shard."""
        changes = await self.plan_changes(plan_id)
        return tuple(
            ShardPart(Shard(number, shards), 0 if number else len(changes), 0) for number in range(shards)
        )

    def _planned(self, collection: str) -> tuple[Change, ...]:
        return fake_changes(self._held(collection).values())

    def apply(
        self,
        collection: str,
        *,
        trigger: str,
        plan: str | Path | None = None,
        shard: Shard | None = None,
        **options: bool,
    ) -> AsyncIterator[RunEvent]:
        """As ``ingest``."""
        return self.ingest(collection, trigger=trigger, **options)

    async def run(self, run_id: str) -> Run:
        """One run."""
        for run in self._runs:
            if run.id == run_id:
                return run
        raise NotFoundError(f"There was no run {run_id!r}.", code="unknown_run", hint="List them.")

    async def run_documents(
        self, run_id: str, *, fate: Fate | None = None, limit: int = 100, after: str = ""
    ) -> tuple[RunDocument, ...]:
        """Every document of the run's collection."""
        run = await self.run(run_id)
        held = sorted(self._held(run.collection).values(), key=lambda document: document.uri)
        found = [RunDocument.of(run_id, one, ChangeKind.ADD, 0.5) for one in held if one.uri > after]
        return tuple([one for one in found if fate in (None, one.fate)][:limit])

    async def generations(self, collection: str) -> tuple[GenerationStatus, ...]:
        """One is live, and after ``stage`` a second is staged."""
        states = (GenerationState.LIVE, *self._staged.get(collection, ()))
        return fake_generations(collection, len(self._held(collection)), states)

    async def stage(self, collection: str, *, shard: Shard | None = None) -> AsyncIterator[RunEvent]:
        """As an ingestion."""
        async for event in self.ingest(collection, trigger="stage"):
            yield event
        self._staged[collection] = (GenerationState.STAGED,)

    async def promote(self, collection: str, *, despite_gate: str = "") -> AsyncIterator[RunEvent]:
        """As an ingestion; what was staged is gone."""
        await self.discard(collection)
        async for event in self.ingest(collection, trigger="promote"):
            yield event

    async def rollback(self, collection: str) -> AsyncIterator[RunEvent]:
        """There is never anything to go back to."""
        self._held(collection)
        raise ConflictError(
            f"{collection!r} has no previous generation.", code="no_previous_generation", hint="Promote one."
        )
        yield

    async def discard(self, collection: str) -> GenerationStatus:
        """Forgets what was staged."""
        *_, last = await self.generations(collection)
        if not self._staged.pop(collection, ()):
            raise ConflictError(
                f"No generation of {collection!r} is staged.", code="nothing_staged", hint="Stage one."
            )
        return last

    async def runs(self, collection: str | None = None, *, limit: int = 20) -> tuple[Run, ...]:
        """Runs, newest first."""
        if collection is not None:
            self._held(collection)
        return tuple([run for run in self._runs if collection in (None, run.collection)][:limit])

    async def upload(
        self, collection: str, name: str, file: Path, metadata: dict[str, MetadataValue]
    ) -> Document:
        """Keep a text file's text."""
        text = await asyncio.to_thread(file.read_text, "utf-8", "replace")
        if "TOO MUCH" in text:
            raise StorageError("The disk is full.", code="disk_full", hint="Free some space.")
        if "BUG" in text:
            raise RuntimeError("secret internals of /etc/muniment")
        return self._keep(collection, name, text, metadata, origin=DocumentOrigin.UPLOAD)

    async def delete_document(self, collection: str, document_id: str) -> Document:
        """Forget an uploaded document."""
        document = self._document(collection, document_id)
        if document.origin is not DocumentOrigin.UPLOAD:
            raise ConflictError(
                f"{document.name!r} comes from a source.",
                code="document_from_source",
                hint="Remove it there.",
            )
        del self._documents[collection][document.name]
        del self._texts[collection][document.name]
        return document

    async def parsed(self, collection: str, document_id: str) -> ParsedDocument:
        """Its lines as blocks, one under the other on page 1."""
        document = self._document(collection, document_id)
        text = self._texts[collection][document.name]
        blocks = tuple(Block(BlockKind.TEXT, span.start, span.end, spans=(span,)) for span in lines_of(text))
        return ParsedDocument(document.content_hash, document.title, text, blocks, (PAGE,), "fake 1")

    async def raw_file(self, collection: str, document_id: str) -> Path:
        """Its text as a file."""
        document = self._document(collection, document_id)
        path = self._folder / f"{document_id}.txt"
        text = self._texts[collection][document.name]
        await asyncio.to_thread(path.write_text, text, "utf-8")
        return path

    async def page_image(
        self,
        collection: str,
        document_id: str,
        page: int,
        *,
        ranges: tuple[tuple[int, int], ...],
        scale: float,
    ) -> bytes:
        """White, with a frame around each line that a range touches."""
        document = self._document(collection, document_id)
        if page != PAGE.number:
            raise NotFoundError(
                f"{document.name!r} has no page {page}.", code="unknown_page", hint="It has 1."
            )
        lines = lines_of(self._texts[collection][document.name])
        return fake_page_image(lines, ranges, scale)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _held(self, collection: str) -> dict[str, Document]:
        if collection not in self._documents:
            raise unknown_name("collection", collection, list(self._documents))
        return self._documents[collection]

    def _document(self, collection: str, document_id: str) -> Document:
        for _, document in sorted(self._held(collection).items()):
            if document.document_id == document_id:
                return document
        raise NotFoundError(f"No document {document_id!r}.", code="unknown_document", hint="List them.")

    def _keep(
        self,
        collection: str,
        name: str,
        text: str,
        metadata: dict[str, MetadataValue],
        *,
        origin: DocumentOrigin,
    ) -> Document:
        document = fake_document(collection, name, text, metadata, origin)
        self._held(collection)[name] = document
        self._texts[collection][name] = text
        return document

    def _passages(self, collection: str, query: str) -> tuple[Passage, ...]:
        done = (one for one in self._held(collection).values() if one.state is DocumentState.DONE)
        return fake_passages(((one, self._texts[collection][one.name]) for one in done), query)
