"""One run over one collection: plan, ingest, forget what is gone, and keep a record of it all."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from muniment.catalog import Catalog
from muniment.catalog.times import now
from muniment.errors import MunimentError, unforeseen
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.pipeline import Pipeline, PipelineSettings
from muniment.ingest.plan import IngestPlan
from muniment.ingest.rows import remove_traces
from muniment.protocols import Chunker, Embedder, Parser, VectorIndex
from muniment.types import Document, DocumentFinished, DocumentState, Run, RunEvent, RunProgress, RunState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestTools:
    """What a run works with.

    Attributes:
        generation: number of the collection's generation that it fills.
        building: that generation is not live; what the live one has read of a file is taken from there.
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
    """A run in the making. ``emit`` is awaited for every event, in order."""

    collection: str
    trigger: str
    tools: IngestTools
    emit: Callable[[RunEvent], Awaitable[None]]
    run: Run = field(init=False)
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        run_id = f"run_{secrets.token_hex(8)}"
        self.run = Run(run_id, self.collection, self.trigger, RunState.RUNNING, started_at=now())

    async def execute(self, make_plan: Callable[[], Awaitable[IngestPlan]]) -> Run:
        """Carry out the plan; the run returned has ended, well or with its error in it.

        Cancelling leaves the run marked interrupted; the next one goes on from there.
        """
        await self._save(RunState.RUNNING)
        try:
            plan = await make_plan()
            self.run = replace(self.run, total=plan.total, unchanged=plan.unchanged)
            await self.emit(RunProgress(self.run))
            await self._ingest(plan)
            await self._forget(plan.removed)
            await self._save(RunState.DONE)
        except asyncio.CancelledError:
            await self._save(RunState.INTERRUPTED)
            raise
        except MunimentError as error:
            await self._failed(error)
        except Exception as error:
            logger.exception("The run over collection %s failed.", self.collection)
            await self._failed(unforeseen(error))
        await self.emit(RunProgress(self.run))
        return self.run

    async def _failed(self, error: MunimentError) -> None:
        self.run = replace(self.run, error_code=error.code, error=error.message, hint=error.hint)
        await self._save(RunState.FAILED)

    async def _ingest(self, plan: IngestPlan) -> None:
        if not plan.work:
            return
        tools = self.tools
        pipeline = Pipeline(
            collection=self.collection,
            catalog=tools.catalog,
            kept=tools.kept,
            parser=tools.parser,
            chunker=tools.chunker,
            own_chunker=tools.own_chunker,
            embedder=tools.embedder,
            index=tools.index,
            settings=tools.settings,
            generation=tools.generation,
            read_before=self._read_before if tools.building else None,
            present=await tools.index.ids(),
            finished=self._finished,
            started=self._reading,
        )
        await pipeline.run(plan.work)

    async def _forget(self, removed: Sequence[Document]) -> None:
        for document in removed:
            tools = self.tools
            await asyncio.to_thread(
                partial(
                    tools.catalog.remove_document,
                    self.collection,
                    document.uri,
                    generation=tools.generation,
                )
            )
            await remove_traces(tools.catalog, tools.kept, tools.index, document, tools.chunker.spec)
            self.run = replace(self.run, removed=self.run.removed + 1)
            await self.emit(RunProgress(self.run, document.name))

    async def _read_before(self, uri: str) -> Document | None:
        return await asyncio.to_thread(self.tools.catalog.document_at, self.collection, uri)

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

    def _timed(self) -> Run:
        self.run = replace(self.run, seconds=round(time.monotonic() - self._started, 3))
        return self.run

    async def _save(self, state: RunState) -> None:
        finished_at = "" if state is RunState.RUNNING else now()
        self.run = replace(self._timed(), state=state, finished_at=finished_at)
        # Shielded: a cancelled run must still leave its mark in the catalog.
        await asyncio.shield(asyncio.to_thread(self.tools.catalog.save_run, self.run))
