"""One run over one collection: plan, ingest, forget what is gone, and keep a record of it all."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from muniment.catalog import Catalog
from muniment.catalog.clock import now
from muniment.errors import MunimentError, unforeseen
from muniment.ingest.claims import Claims
from muniment.ingest.feed import WorkFeed
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.patience import PatientIndex
from muniment.ingest.pipeline import Pipeline, PipelineSettings
from muniment.ingest.plan import Work, Workload
from muniment.ingest.reader import Reader
from muniment.ingest.settling import Settling, Shown
from muniment.protocols import Chunker, Embedder, Parser, VectorIndex
from muniment.types import Document, DocumentFinished, DocumentState, Run, RunEvent, RunProgress, RunState

logger = logging.getLogger(__name__)

SAVE_EVERY_S = 5.0
"""How often a run's counts are written while it goes on, for whoever looks from elsewhere."""


@dataclass(frozen=True, slots=True)
class IngestTools:
    """What a run works with.

    Attributes:
        generation: number of the one that ``index`` belongs to.
        building: that generation is not live.
    """

    catalog: Catalog
    kept: KeptFiles
    parser: Parser
    chunker: Chunker
    own_chunker: Callable[[str], Chunker]
    embedder: Embedder
    index: VectorIndex
    settings: PipelineSettings
    generation: int
    building: bool = False


@dataclass(slots=True)
class IngestRun:
    """A run in the making.

    ``emit`` is awaited for every event, in order. ``show`` is told what searches see from then on, in
    the same step in which the catalog has it.
    """

    collection: str
    trigger: str
    tools: IngestTools
    emit: Callable[[RunEvent], Awaitable[None]]
    show: Callable[[Shown], None]
    plan: str = ""
    shard: str = ""
    run: Run = field(init=False)
    _started: float = field(default_factory=time.monotonic)
    _saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        patient = PatientIndex(self.tools.index, self.tools.settings.store_wait_s)
        self.tools = replace(self.tools, index=patient)
        self.run = Run(
            f"run_{secrets.token_hex(8)}",
            self.collection,
            self.trigger,
            RunState.RUNNING,
            started_at=now(),
            plan=self.plan,
            shard=self.shard,
        )

    async def execute(self, prepare: Callable[[], AbstractAsyncContextManager[Workload]]) -> Run:
        """Carry out what is prepared; the run returned has ended, well or with its error in it.

        Cancelling leaves the run marked interrupted; the next one goes on from there.
        """
        tools = self.tools
        claims = Claims(tools.catalog, self.collection, tools.generation, self.run.id, tools.settings.lease_s)
        async with claims.kept_alive():
            await claims.take(claims.run)
            await self._save(RunState.RUNNING)
            await self._executed(prepare, claims)
        await self.emit(RunProgress(self.run))
        return self.run

    async def _executed(
        self, prepare: Callable[[], AbstractAsyncContextManager[Workload]], claims: Claims
    ) -> None:
        """Carry it out, and write down how it ended."""
        try:
            async with prepare() as plan:
                self.run = replace(self.run, total=plan.total, unchanged=plan.unchanged)
                if (remark := plan.remark) is not None:
                    self._tell(remark)
                await self.emit(RunProgress(self.run))
                await self._carry_out(plan, claims)
            await asyncio.to_thread(self.tools.catalog.runs.forget_old, self.collection)
            await self._save(RunState.DONE)
        except asyncio.CancelledError:
            await self._save(RunState.INTERRUPTED)
            raise
        except MunimentError as error:
            await self._failed(error)
        except Exception as error:
            logger.exception("The run over collection %s failed.", self.collection)
            await self._failed(unforeseen(error))

    def _tell(self, error: MunimentError) -> None:
        self.run = replace(self.run, error_code=error.code, error=error.message, hint=error.hint)

    async def _failed(self, error: MunimentError) -> None:
        self._tell(error)
        await self._save(RunState.FAILED)

    async def _carry_out(self, plan: Workload, claims: Claims) -> None:
        settling = settling_of(self.tools, self.collection, self.run.id, claims, self.show, self._finished)
        await self._ingest(plan, claims, settling)
        async for gone in plan.removals():
            document = await settling.forget(gone.uri, seen_at=gone.seen_at)
            self._count_removed(document)
            await self.emit(RunProgress(self._timed(), gone.name))
        await settling.clean_all()

    async def _ingest(self, plan: Workload, claims: Claims, settling: Settling) -> None:
        tools = self.tools
        reader = Reader(
            collection=self.collection,
            generation=tools.generation,
            catalog=tools.catalog,
            kept=tools.kept,
            parser=tools.parser,
            claims=claims,
            scratch_dir=tools.settings.scratch_dir,
            max_file_bytes=tools.settings.max_file_bytes,
            building=tools.building,
        )
        feed = WorkFeed(
            plan.work(),
            self.collection,
            tools.generation,
            tools.catalog,
            claims,
            tools.parser.version,
            self._by_another,
        )
        pipeline = Pipeline(
            feed=feed,
            reader=reader,
            settling=settling,
            chunker=tools.chunker,
            own_chunker=tools.own_chunker,
            embedder=tools.embedder,
            index=tools.index,
            settings=tools.settings,
            started=self._reading,
        )
        await pipeline.run()

    def _count_removed(self, document: Document | None) -> None:
        if document is None:
            self.run = replace(self.run, by_others=self.run.by_others + 1)
        else:
            self.run = replace(self.run, removed=self.run.removed + 1)

    async def _by_another(self, work: Work, document: Document) -> None:
        """Another worker has settled what was ours to do."""
        self.run = replace(self.run, by_others=self.run.by_others + 1)
        self.show(Shown(document))
        await self.emit(DocumentFinished(self.run.id, document))
        await self.emit(RunProgress(self._timed(), work.file.name))

    async def _reading(self, name: str) -> None:
        await self.emit(RunProgress(self._timed(), name))

    async def _finished(self, document: Document) -> None:
        run = self.run
        if document.state is DocumentState.DONE:
            run = replace(
                run, done=run.done + 1, pages=run.pages + document.pages, chunks=run.chunks + document.chunks
            )
        elif document.state is DocumentState.SKIPPED:
            run = replace(run, skipped=run.skipped + 1)
        else:
            run = replace(run, failed=run.failed + 1)
        self.run = run
        await self.emit(DocumentFinished(run.id, document))
        await self.emit(RunProgress(self._timed(), document.name))
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            await self._save(RunState.RUNNING)

    def _timed(self) -> Run:
        self.run = replace(self.run, seconds=round(time.monotonic() - self._started, 3))
        return self.run

    async def _save(self, state: RunState) -> None:
        self._saved = time.monotonic()
        finished_at = "" if state is RunState.RUNNING else now()
        self.run = replace(self._timed(), state=state, finished_at=finished_at)
        # Shielded: a cancelled run must still leave its mark in the catalog.
        await asyncio.shield(asyncio.to_thread(self.tools.catalog.runs.save, self.run))


def settling_of(
    tools: IngestTools,
    collection: str,
    run_id: str,
    claims: Claims,
    show: Callable[[Shown], None],
    finished: Callable[[Document], Awaitable[None]],
) -> Settling:
    """What settles documents with these tools."""
    return Settling(
        collection=collection,
        generation=tools.generation,
        run_id=run_id,
        parser_version=tools.parser.version,
        form=tools.parser.form,
        chunker_spec=tools.chunker.spec,
        catalog=tools.catalog,
        kept=tools.kept,
        index=tools.index,
        claims=claims,
        show=show,
        finished=finished,
    )
