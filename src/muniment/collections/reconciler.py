"""Runs the reconciler over all collections: at start, on an interval, and when a search finds a hole."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from muniment.collections.generations import Generations
from muniment.collections.given import AT_A_TIME, write_given
from muniment.collections.ingestion import Ingestion
from muniment.collections.parts import Parts
from muniment.collections.reconcile import Finding, reconcile
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import MunimentError, UnavailableError, unforeseen
from muniment.types import RunProgress, RunState

UNAVAILABLE_INTERVAL_S = 5.0
"""Seconds between checks while a collection waits for something that does not answer."""

logger = logging.getLogger(__name__)


class Reconciler:
    """Checks and mends; one collection after the other, never beside a run of the same one."""

    def __init__(self, parts: Parts, ingestion: Ingestion, generations: Generations) -> None:
        self._parts = parts
        self._generations = generations
        self._ingestion = ingestion
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._not_ingested: set[str] = set()
        """Collections that could not be ingested at start, since something did not answer."""
        self._to_check: set[str] = set()
        """Collections that were busy when something was found missing."""

    async def start(self, *, serving: bool, sweep: Callable[[], Awaitable[None]]) -> None:
        """Open every collection. While serving, repairs go on in the background and checks recur.

        Args:
            sweep: called before each recurring check; removes what has expired.
        """
        for runtime in list(self._parts.runtimes.values()):
            check = self._check(runtime, in_background=serving)
            if serving and runtime.settings.adopt is not None:
                # All its rows are read first, about a second for a thousand: the others need not wait.
                self._spawn(check)
            else:
                await check
        if serving:
            self._spawn(self._watch(sweep))

    def wake(self) -> None:
        """Check again soon: something was not where it should be."""
        self._wake.set()

    async def ingest_sources(self) -> None:
        """Ingest new and changed files of every collection that has sources, in the background."""
        self._spawn(self._ingest_all())

    async def aclose(self) -> None:
        """Stop checking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, sweep: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._wake.wait()
            except TimeoutError:
                pass
            woken = self._wake.is_set()
            self._wake.clear()
            try:
                await sweep()
            except MunimentError as error:
                logger.error("What has expired could not be removed: %s %s", error.message, error.hint)
            for runtime in list(self._parts.runtimes.values()):
                if not runtime.busy.locked():
                    await self._check(runtime, in_background=True)
                    self._ingest_late(runtime)
                elif woken:
                    self._check_when_free(runtime)

    def _check_when_free(self, runtime: CollectionRuntime) -> None:
        """Check a collection that is busy once it no longer is: it may be the one where something is missing,
        and the next check of all is minutes away."""
        if runtime.name not in self._to_check:
            self._to_check.add(runtime.name)
            self._spawn(self._checked_late(runtime))

    async def _checked_late(self, runtime: CollectionRuntime) -> None:
        async with runtime.busy:
            self._to_check.discard(runtime.name)
        await self._check(runtime, in_background=True)

    def _ingest_late(self, runtime: CollectionRuntime) -> None:
        """Ingest what the start left out, once what did not answer then does."""
        if runtime.problem is None and runtime.name in self._not_ingested:
            self._not_ingested.discard(runtime.name)
            self._spawn(self._ingest(runtime))

    @property
    def _interval_s(self) -> float:
        """Seconds to the next check: few while something that may come back does not answer."""
        runtimes = self._parts.runtimes.values()
        interval = self._parts.settings.reconcile.interval_s
        waiting = any(isinstance(runtime.problem, UnavailableError) for runtime in runtimes)
        return min(interval, UNAVAILABLE_INTERVAL_S) if waiting else interval

    async def check(self, runtime: CollectionRuntime, *, in_background: bool) -> None:
        """Open the collection's index and compare it with the catalog; mend what is amiss."""
        await self._check(runtime, in_background=in_background)

    async def _check(self, runtime: CollectionRuntime, *, in_background: bool) -> None:
        try:
            async with runtime.busy:
                await self._generations.refresh(runtime)
                parts = self._parts
                finding = await reconcile(runtime, parts.catalog, parts.store, parts.embedding_models)
                if runtime.settings.adopt is None:
                    await self._generations.tidy(runtime)
            runtime.problem = None
        except MunimentError as error:
            if runtime.problem is None or runtime.problem.code != error.code:
                logger.error("Collection %s cannot be used: %s %s", runtime.name, error.message, error.hint)
            runtime.problem = error
            return
        except Exception as error:
            # The other collections, and the next check of this one, must not suffer.
            logger.exception("The check of collection %s failed.", runtime.name)
            runtime.problem = unforeseen(error)
            return
        if finding is None:
            return
        if (finding.lost or finding.lost_given) and in_background:
            runtime.mending = True
            self._spawn(self._mend(runtime, finding))
        else:
            await self._mend(runtime, finding)

    async def _mend(self, runtime: CollectionRuntime, finding: Finding) -> None:
        """Make lost chunks again; what was mended is told when it is, and not before."""
        if finding.lost and not await self._ingestion.repair(runtime, finding.repair):
            logger.error(
                "Collection %s could not be mended in full: see `muniment runs`; tried again later.",
                runtime.name,
            )
            return
        if finding.lost_given:
            await self._rewrite(runtime, finding.lost_given)
        logger.warning("Collection %s is mended: %s.", runtime.name, finding.mending.did)
        await asyncio.to_thread(self._parts.catalog.save_mending, finding.mending)

    async def _rewrite(self, runtime: CollectionRuntime, rows: tuple[int, ...]) -> None:
        """Write given chunks that the index lost."""
        runtime.mending = True
        try:
            for start in range(0, len(rows), AT_A_TIME):
                part = rows[start : start + AT_A_TIME]
                chunks = await asyncio.to_thread(self._parts.catalog.given.get, runtime.name, part)
                await write_given(runtime, tuple(chunks.values()))
        finally:
            runtime.mending = False

    async def _ingest_all(self) -> None:
        for runtime in list(self._parts.runtimes.values()):
            if isinstance(runtime.problem, UnavailableError):
                self._not_ingested.add(runtime.name)
            elif runtime.problem is None:
                await self._ingest(runtime)

    async def _ingest(self, runtime: CollectionRuntime) -> None:
        if not runtime.sources:
            return
        try:
            async for event in self._ingestion.ingest(runtime.name, trigger="start", wait=True):
                run = event.run if isinstance(event, RunProgress) else None
                if run is not None and run.state is RunState.DONE and run.error:
                    logger.warning("%s %s", run.error, run.hint)
        except MunimentError as error:
            logger.error("Collection %s was not ingested: %s %s", runtime.name, error.message, error.hint)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            logger.error("The reconciler failed.", exc_info=failure)
