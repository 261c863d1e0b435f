"""The workspace in this process."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from muniment.answer.briefing import PLAIN, Briefing
from muniment.answer.events import AnswerEvent
from muniment.answer.models import Models
from muniment.collections.adopted import adopted_documents, refuse_change
from muniment.collections.asking import Asking
from muniment.collections.attachments import Attachments
from muniment.collections.documents import Documents
from muniment.collections.files import Files
from muniment.collections.generations import Generations
from muniment.collections.ingestion import Ingestion
from muniment.collections.lock import DataLock
from muniment.collections.model_directory import ModelDirectory
from muniment.collections.parts import Parts
from muniment.collections.planning import Planning, PlanOptions
from muniment.collections.quality_gate import QualityGate
from muniment.collections.reconciler import Reconciler
from muniment.collections.registered_models import RegisteredModels
from muniment.collections.reports import Reports
from muniment.collections.services import Searched, Services
from muniment.collections.statuses import Statuses
from muniment.collections.stores import Stores
from muniment.collections.verifying import Verifying
from muniment.errors import NotFoundError
from muniment.protocols import Generator
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


class LocalWorkspace:
    """Everything in one process, over a data directory that is locked for it."""

    def __init__(self, parts: Parts, lock: DataLock) -> None:
        self._parts = parts
        self._lock = lock
        self._documents = Documents(parts)
        self._planning = Planning(parts)
        self._ingestion = Ingestion(parts, self._planning)
        self._reports = Reports(parts)
        gate = QualityGate(parts, self._documents, self._reports)
        self._generations = Generations(parts, self._ingestion, (gate,))
        self._verifying = Verifying(parts, self._generations)
        self._reconciler = Reconciler(parts, self._ingestion, self._generations)
        self._statuses = Statuses(parts)
        files = Files(parts.catalog, parts.kept)
        attachments = Attachments(parts, self._ingestion, files)
        models = Models(parts.generators, RegisteredModels(parts.catalog.resources).target)
        self.services = Services(
            stores=Stores(parts, self._reconciler, attachments, self._generations),
            files=files,
            attachments=attachments,
            embedding_models=parts.embedding_models,
            resources=parts.catalog.resources,
            models=models,
            rerankers=parts.rerankers,
            model_directory=_directory(parts, models),
        )
        self._asking = Asking(parts, self._documents, self.services.stores, self._reconciler.wake)

    async def start(self, *, serving: bool) -> None:
        """Open and mend all collections; while serving, keep them so and ingest what is new."""
        # What a killed process was reading; nobody else works on the data while the lock is ours.
        await asyncio.to_thread(shutil.rmtree, self._parts.scratch_dir, ignore_errors=True)
        if not self._parts.catalog.database.shared:
            await asyncio.to_thread(self._parts.catalog.leases.clear)
        await asyncio.to_thread(self._parts.catalog.runs.interrupt_dead)
        await self.services.stores.open_created()
        await self._reconciler.start(serving=serving, sweep=self._sweep)
        if serving:
            for name in list(self._parts.runtimes):
                await self.services.attachments.resume(name)
        if serving and self._parts.settings.reconcile.ingest_on_start:
            await self._reconciler.ingest_sources()

    async def _sweep(self) -> None:
        """Remove stores and files whose time is over; end runs whose process died, which may be another."""
        await asyncio.to_thread(self._parts.catalog.runs.interrupt_dead)
        await self.services.stores.sweep()
        for file in await self.services.files.expired():
            await self.services.attachments.remove_everywhere(file.id)
            await self.services.files.forget(file)

    # -- status

    async def readiness(self) -> Readiness:
        """Whether questions can be answered, with reasons when not."""
        return await self._statuses.readiness()

    async def verify(
        self,
        collection: str,
        *,
        questions: Sequence[str] = (),
        staged: bool = False,
        setup_only: bool = False,
    ) -> Verification:
        """Try out a collection and what it rests on; see ``Workspace.verify``."""
        return await self._verifying.verify(
            self._parts.runtime(collection), questions=questions, staged=staged, setup_only=setup_only
        )

    async def collections(self) -> tuple[CollectionStatus, ...]:
        """Every collection, by name."""
        return await self._statuses.collections()

    async def collection(self, name: str) -> CollectionStatus:
        """One collection."""
        return await self._statuses.collection(name)

    async def documents(
        self, collection: str, *, state: DocumentState | None = None, limit: int = 100, after: str = ""
    ) -> tuple[Document, ...]:
        """Documents by name, from behind the name ``after``."""
        runtime = self._parts.runtime(collection)
        if runtime.settings.adopt is not None:
            listed = [one for one in await adopted_documents(runtime) if one.name > after]
            return tuple(one for one in listed if state in (None, one.state))[:limit]
        return await asyncio.to_thread(
            lambda: self._parts.catalog.documents(collection, state=state, limit=limit, after=after)
        )

    async def document(self, collection: str, document_id: str) -> Document:
        """One document; see ``Workspace.document``."""
        return await self._documents.find(collection, document_id)

    async def runs(self, collection: str | None = None, *, limit: int = 20) -> tuple[Run, ...]:
        """Runs, newest first."""
        if collection is not None:
            self._parts.runtime(collection)
        return await asyncio.to_thread(self._parts.catalog.runs.list, collection, limit)

    async def run(self, run_id: str) -> Run:
        """One run; see ``Workspace.run``."""
        found = await asyncio.to_thread(self._parts.catalog.runs.get, run_id)
        if found is None:
            raise unknown_run(run_id)
        return found

    async def run_documents(
        self, run_id: str, *, fate: Fate | None = None, limit: int = 100, after: str = ""
    ) -> tuple[RunDocument, ...]:
        """What became of each document; see ``Workspace.run_documents``."""
        await self.run(run_id)
        return await asyncio.to_thread(
            lambda: self._parts.catalog.runs.documents(run_id, fate=fate, limit=limit, after=after)
        )

    # -- plan

    async def plan(
        self, collection: str, *, retry_failed: bool = False, share: bool = False, allow_empty: bool = False
    ) -> Plan:
        """What there is to do; see ``Workspace.plan``."""
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        return await self._planning.plan(runtime, PlanOptions(retry_failed, allow_empty), share=share)

    async def plan_changes(self, plan_id: str, *, limit: int = 1000, after: str = "") -> tuple[Change, ...]:
        """The plan's changes; see ``Workspace.plan_changes``."""
        return await self._planning.changes(plan_id, limit=limit, after=after)

    async def plan_shards(self, plan_id: str, shards: int) -> tuple[ShardPart, ...]:
        """How the plan is divided; see ``Workspace.plan_shards``."""
        return await self._planning.shards(plan_id, shards)

    # -- search and answer

    async def search(
        self,
        collection: str,
        query: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 10,
        filter: Filter | None = None,
    ) -> SearchResult:
        """The passages that fit best; see ``Workspace.search``."""
        return await self._asking.search(collection, query, mode=mode, limit=limit, filter=filter)

    async def answer(
        self,
        collection: str,
        question: str,
        *,
        generator: str | None = None,
        top_k: int | None = None,
        filter: Filter | None = None,
    ) -> AsyncIterator[AnswerEvent]:
        """The answer in the making; see ``Workspace.answer``."""
        searched = Searched((collection,), top_k, filter)
        async for event in self.answer_from(searched, question, generator=generator):
            yield event

    def answer_from(
        self,
        searched: Searched,
        question: str,
        *,
        generator: Generator | str | None = None,
        briefing: Briefing = PLAIN,
    ) -> AsyncIterator[AnswerEvent]:
        """One answer from several collections; see ``ServedWorkspace.answer_from``."""
        return self._asking.answer_from(searched, question, generator=generator, briefing=briefing)

    # -- change

    def ingest(
        self,
        collection: str,
        *,
        trigger: str,
        retry_failed: bool = False,
        rebuild: bool = False,
        allow_empty: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Bring the collection up to its sources; see ``Workspace.ingest``."""
        if rebuild:
            return self._generations.rebuild(collection)
        options = PlanOptions(retry_failed, allow_empty)
        return self._ingestion.ingest(collection, trigger=trigger, options=options)

    async def generations(self, collection: str) -> tuple[GenerationStatus, ...]:
        """The collection's generations by number."""
        return await self._generations.list(collection)

    def stage(self, collection: str, *, shard: Shard | None = None) -> AsyncIterator[RunEvent]:
        """Build a generation as the settings ask; see ``Workspace.stage``."""
        return self._generations.stage(collection, shard=shard)

    def promote(self, collection: str, *, despite_gate: str = "") -> AsyncIterator[RunEvent]:
        """Make the staged generation the live one; see ``Workspace.promote``."""
        return self._generations.promote(collection, despite_gate=despite_gate)

    def rollback(self, collection: str) -> AsyncIterator[RunEvent]:
        """Make the previous generation the live one again; see ``Workspace.rollback``."""
        return self._generations.rollback(collection)

    async def discard(self, collection: str) -> GenerationStatus:
        """Remove the staged generation."""
        return await self._generations.discard(collection)

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
        """Carry out a plan, or what there is to do; see ``Workspace.apply``."""
        options = PlanOptions(retry_failed, allow_empty)
        return self._ingestion.apply(collection, trigger=trigger, plan=plan, shard=shard, options=options)

    async def upload(
        self, collection: str, name: str, file: Path, metadata: dict[str, MetadataValue]
    ) -> Document:
        """Keep the file, ingest it and return its document."""
        await self.services.stores.refresh(self._parts.runtime(collection))
        return await self._ingestion.upload(collection, name, file, metadata)

    async def delete_document(self, collection: str, document_id: str) -> Document:
        """Remove an uploaded document with its chunks."""
        await self.services.stores.refresh(self._parts.runtime(collection))
        return await self._ingestion.delete(collection, document_id)

    # -- read back

    async def parsed(self, collection: str, document_id: str) -> ParsedDocument:
        """A document as parsed."""
        return await self._documents.parsed(collection, document_id)

    async def raw_file(self, collection: str, document_id: str) -> Path:
        """The document's original bytes, as a local file to read."""
        return await self._documents.raw_file(collection, document_id)

    async def page_image(
        self,
        collection: str,
        document_id: str,
        page: int,
        *,
        ranges: tuple[tuple[int, int], ...],
        scale: float,
    ) -> bytes:
        """PNG of a page with the boxes of the given character ranges marked."""
        return await self._documents.page_image(collection, document_id, page, ranges=ranges, scale=scale)

    async def keep_report(self, collection: str, report: EvaluationReport) -> None:
        """Keep the report of an evaluation."""
        await self._reports.keep(collection, report)

    async def quality(self, collection: str) -> EvaluationReport:
        """The newest report of an evaluation."""
        return await self._reports.latest(collection)

    async def aclose(self) -> None:
        """Finish what runs and let go of everything."""
        await self._reconciler.aclose()
        await self.services.attachments.aclose()
        await self._ingestion.aclose()
        await self._parts.parser.aclose()
        await self._parts.embedding_models.aclose()
        await self._parts.rerankers.aclose()
        for generator in self._parts.generators.values():
            await generator.aclose()
        for runtime in self._parts.runtimes.values():
            for source in runtime.sources:
                await source.aclose()
            if runtime.adopted_from is not None:
                await runtime.adopted_from.aclose()
        await self._parts.kept.aclose()
        await self._parts.store.aclose()
        self._parts.catalog.close()
        self._lock.release()


def unknown_run(run_id: str) -> NotFoundError:
    """The error for a run id that the catalog does not hold."""
    return NotFoundError(
        f"There was no run {run_id[:60]!r}.", code="unknown_run", hint="List runs with `muniment runs`."
    )


def _directory(parts: Parts, models: Models) -> ModelDirectory:
    settings = parts.settings
    declared = settings.embedding_models
    return ModelDirectory(
        models,
        parts.embedding_models,
        parts.rerankers,
        parts.catalog.resources,
        generator_providers={name: one.provider for name, one in settings.generators.items()},
        embedding_providers={name: one.provider for name, one in declared.items()},
        embedding_names={name: str(one.options.get("model") or name) for name, one in declared.items()},
        rerank_providers={name: one.provider for name, one in settings.rerankers.items()},
    )
