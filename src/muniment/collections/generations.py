"""Building a new generation beside the live one, and swapping the two."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from muniment.catalog.doubts import DoubtfulContent
from muniment.collections.adopted import refuse_change
from muniment.collections.carrying import carried_uploads, carry_given, late_uploads, show_carried
from muniment.collections.ingestion import Ingestion
from muniment.collections.parts import Parts
from muniment.collections.recipe import index_name, index_spec, recipe_of
from muniment.collections.reconcile import point_alias
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError, MunimentError, UnavailableError
from muniment.ingest.plan import Work
from muniment.ingest.rows import forget_unneeded
from muniment.types import (
    Generation,
    GenerationState,
    GenerationStatus,
    RunEvent,
    RunProgress,
    RunState,
    Shard,
)

logger = logging.getLogger(__name__)

_ROUNDS = 5
"""So often a generation catches up, while other servers take uploads, before promotion is given up."""


class Gate(Protocol):
    """Decides whether a staged generation may become the live one."""

    async def check(self, live: CollectionRuntime, staged: CollectionRuntime, *, despite: str = "") -> None:
        """Return when it may; also when it may not, where ``despite`` says why it shall.

        Raises:
            ConflictError: it may not, and why.
        """


class Generations:
    """The generations of all collections. Questions are answered from the live one through all of it."""

    def __init__(self, parts: Parts, ingestion: Ingestion, gates: tuple[Gate, ...] = ()) -> None:
        self._parts = parts
        self._ingestion = ingestion
        self._gates = gates
        self._beside: dict[tuple[str, int], CollectionRuntime] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what there is

    async def list(self, collection: str) -> tuple[GenerationStatus, ...]:
        """The collection's generations by number, with counts."""
        self._parts.runtime(collection)
        catalog = self._parts.catalog
        listed = await asyncio.to_thread(catalog.generations.list, collection)
        shown = [one for one in listed if one.state is not GenerationState.RETIRED]
        return tuple([await self._status(generation) for generation in shown])

    async def _status(self, generation: Generation) -> GenerationStatus:
        catalog = self._parts.catalog
        count = partial(catalog.totals, generation.collection, generation=generation.number)
        totals = await asyncio.to_thread(count)
        return GenerationStatus(
            collection=generation.collection,
            number=generation.number,
            state=generation.state,
            index_name=generation.index_name,
            embedding_model=generation.embedding_model,
            dimension=generation.dimension,
            chunker=generation.chunker_spec,
            parser=generation.parser_version,
            documents=totals.documents,
            failed=totals.failed,
            chunks=totals.chunks,
            created_at=generation.created_at,
            promoted_at=generation.promoted_at,
        )

    # -- build

    async def stage(
        self, collection: str, *, again: bool = False, shard: Shard | None = None
    ) -> AsyncIterator[RunEvent]:
        """Fill a generation made as the settings ask, or go on with the one that was begun.

        Args:
            again: make one although the live one is as the settings ask.
            shard: only the documents in this part; several workers build one generation so.

        Raises:
            ConflictError: codes ``generation_current``, ``run_in_progress``, ``collection_adopted``.
            MunimentError: what the run ended with; what was done is kept, and staging goes on from there.
        """
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        staged = await self._staged(collection)
        if staged is not None and runtime.wanted.differences(staged):
            await self._discard(staged)
            staged = None
        if staged is None:
            if runtime.generation is not None and not runtime.differences and not again:
                raise ConflictError(
                    f"The live generation of {collection!r} is made as the settings ask.",
                    code="generation_current",
                    hint="Change embedding model or chunking first; `muniment ingest NAME --rebuild` makes "
                    "all chunks anew in any case.",
                )
            staged = await self._begun(runtime)
        async for event in self._filled(runtime, await self._opened(runtime, staged), "stage", shard):
            yield event

    async def promote(self, collection: str, *, despite_gate: str = "") -> AsyncIterator[RunEvent]:
        """Let the staged generation catch up, and make it the live one.

        Args:
            despite_gate: why it is promoted even if it does not meet the gate.

        Raises:
            ConflictError: codes ``nothing_staged``, ``staged_outdated``, ``run_in_progress``,
                ``gate_not_met``.
            MunimentError: what the run that catches up ended with; the live generation stays.
        """
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        staged = await self._required(collection)
        if differences := runtime.wanted.differences(staged):
            what = ", ".join(one.what.replace("_", " ") for one in differences)
            raise ConflictError(
                f"The staged generation of {collection!r} was built before the settings changed: {what}.",
                code="staged_outdated",
                hint=f"Build it anew with `muniment apply {collection} --stage`.",
            )
        gated = partial(self._gated, despite=despite_gate)
        async for event in self._swapped(runtime, staged, "promote", gated):
            yield event

    async def rebuild(self, collection: str) -> AsyncIterator[RunEvent]:
        """Make all chunks anew in a new generation and promote it; errors as ``stage`` and ``promote``."""
        ends = _Ends()
        async for event in ends.held_back(self.stage(collection, again=True)):
            yield event
        async for event in ends.held_back(self.promote(collection)):
            yield event
        for end in ends.first:
            yield end

    async def rollback(self, collection: str) -> AsyncIterator[RunEvent]:
        """Let the previous generation catch up, and make it the live one again.

        Raises:
            ConflictError: codes ``no_previous_generation``, ``run_in_progress``.
            UnavailableError: code ``generation_model_gone``.
            MunimentError: what the run that catches up ended with; the live generation stays.
        """
        runtime = self._parts.runtime(collection)
        refuse_change(runtime)
        find = self._parts.catalog.generations.find
        previous = await asyncio.to_thread(find, collection, GenerationState.PREVIOUS)
        if previous is None:
            raise ConflictError(
                f"Collection {collection!r} has no previous generation to go back to.",
                code="no_previous_generation",
                hint="There is one after `muniment promote`, until the next promotion.",
            )
        async for event in self._swapped(runtime, previous, "rollback"):
            yield event

    async def discard(self, collection: str) -> GenerationStatus:
        """Remove the staged generation; what it was.

        Raises:
            ConflictError: codes ``nothing_staged``, ``run_in_progress``.
        """
        self._parts.runtime(collection)
        staged = await self._staged(collection)
        if staged is None:
            raise ConflictError(
                f"No generation of {collection!r} is staged.",
                code="nothing_staged",
                hint=f"`muniment generations {collection}` lists what there is.",
            )
        status = await self._status(staged)
        await self._discard(staged)
        return status

    # -- keep in order

    async def refresh(self, runtime: CollectionRuntime) -> None:
        """Answer from the generation that another server promoted."""
        live = await asyncio.to_thread(self._parts.catalog.generations.live, runtime.name)
        if live is None or runtime.generation is None or live.number == runtime.number:
            return
        beside = await self._opened(runtime, live)
        await show_carried(self._parts.catalog, beside)
        former = runtime.number
        runtime.serve(beside, live)
        self._beside.pop((runtime.name, live.number), None)
        late = await late_uploads(self._parts.catalog, self._parts.kept, runtime, former)
        if late:
            task = asyncio.create_task(self._take_in(runtime, late))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take_in(self, runtime: CollectionRuntime, late: tuple[Work, ...]) -> None:
        """Ingest what this server took into a generation when another server had just replaced it."""
        async for _ in self._ingestion.work(runtime.name, "promote", late):
            pass

    async def tidy(self, runtime: CollectionRuntime) -> None:
        """Remove retired generations, and indexes of this collection that no generation has."""
        # The indexes first: a generation is in the catalog before its index is there.
        indexes = await self._parts.store.names()
        known = await asyncio.to_thread(self._parts.catalog.generations.list, runtime.name)
        for generation in known:
            if generation.state is GenerationState.RETIRED:
                await self._remove(generation)
        prefix = f"{index_name(runtime.name)}_g"
        for name in indexes - {generation.index_name for generation in known}:
            if name.startswith(prefix) and name.removeprefix(prefix).isdigit():
                await self._parts.store.drop(name)

    async def remove_all(self, collection: str) -> None:
        """Remove every generation, with what is kept for it: the collection is deleted."""
        for generation in await asyncio.to_thread(self._parts.catalog.generations.list, collection):
            await self._remove(generation)

    async def staged_runtime(self, collection: str) -> CollectionRuntime:
        """The collection at its staged generation, to be looked at; ConflictError ``nothing_staged``."""
        staged = await self._required(collection)
        beside = await self._opened(self._parts.runtime(collection), staged)
        await show_carried(self._parts.catalog, beside)
        return beside

    # -- inside

    async def _required(self, collection: str) -> Generation:
        staged = await self._staged(collection)
        if staged is None:
            raise ConflictError(
                f"No generation of {collection!r} is staged.",
                code="nothing_staged",
                hint=f"Build one with `muniment apply {collection} --stage`.",
            )
        return staged

    async def _staged(self, collection: str) -> Generation | None:
        find = self._parts.catalog.generations.find
        return await asyncio.to_thread(find, collection, GenerationState.STAGED)

    async def _begun(self, runtime: CollectionRuntime) -> Generation:
        def made(number: int) -> Generation:
            return runtime.wanted.generation(runtime.name, number, GenerationState.STAGED)

        return await asyncio.to_thread(self._parts.catalog.generations.begin, runtime.name, made)

    async def _opened(self, runtime: CollectionRuntime, generation: Generation) -> CollectionRuntime:
        """The collection at this generation; the same one for everybody who asks."""
        key = (runtime.name, generation.number)
        if key not in self._beside:
            recipe = runtime.wanted
            if recipe.differences(generation):
                recipe = await recipe_of(generation, self._parts.embedding_models)
            index = await self._parts.store.open(index_spec(generation))
            self._beside.setdefault(key, runtime.beside(generation, recipe, index))
        return self._beside[key]

    async def _filled(
        self,
        runtime: CollectionRuntime,
        beside: CollectionRuntime,
        trigger: str,
        shard: Shard | None = None,
    ) -> AsyncIterator[RunEvent]:
        """Bring the other generation up to sources, uploads and given chunks; ends with the run's end.

        With ``shard`` only that part of it; given chunks are in the first.
        """
        parts, ends = self._parts, _Ends()
        carried = partial(carried_uploads, parts.catalog, parts.kept, runtime, beside)
        async for event in ends.held_back(self._ingestion.fill(beside, trigger, carried, shard)):
            yield event
        if not ends.first or ends.first[0].run.state is not RunState.DONE:
            raise _unfinished(ends)
        async with beside.busy:
            if shard is None or shard.number == 0:
                await carry_given(parts.catalog, beside)
            await show_carried(parts.catalog, beside)
        yield ends.first[0]

    async def _gated(self, live: CollectionRuntime, staged: CollectionRuntime, *, despite: str) -> None:
        for gate in self._gates:
            await gate.check(live, staged, despite=despite)

    async def _swapped(
        self,
        runtime: CollectionRuntime,
        generation: Generation,
        trigger: str,
        allowed: Callable[[CollectionRuntime, CollectionRuntime], Awaitable[None]] | None = None,
    ) -> AsyncIterator[RunEvent]:
        beside, ends = await self._opened(runtime, generation), _Ends()
        # The long part first, while documents still come into the live generation.
        async for event in ends.held_back(self._filled(runtime, beside, trigger)):
            yield event
        if allowed is not None:
            await allowed(runtime, beside)
        async with runtime.busy:
            for _ in range(_ROUNDS):
                async for event in ends.held_back(self._filled(runtime, beside, trigger)):
                    yield event
                promote = self._parts.catalog.generations.promote
                if await asyncio.to_thread(promote, runtime.name, generation.number):
                    break
            else:
                raise ConflictError(
                    f"Documents of {runtime.name!r} are uploaded faster than they can be carried over.",
                    code="promotion_overtaken",
                    hint="Promote again when fewer uploads come in.",
                )
            self._swap(runtime, beside)
        logger.info("Collection %s is answered from generation %d.", runtime.name, generation.number)
        await self._after_swap(runtime)
        for end in ends.first:
            yield end

    def _swap(self, runtime: CollectionRuntime, beside: CollectionRuntime) -> None:
        self._beside.pop((runtime.name, beside.number), None)
        if beside.generation is not None:
            runtime.serve(beside, replace(beside.generation, state=GenerationState.LIVE))

    async def _after_swap(self, runtime: CollectionRuntime) -> None:
        """What may fail, or be left to the reconciler, when the swap itself is done."""
        try:
            # Chunks given while the two were swapped went into the other index.
            await carry_given(self._parts.catalog, runtime)
            if runtime.generation is not None:
                await point_alias(self._parts.store, runtime.generation)
            await self.tidy(runtime)
        except MunimentError as error:
            logger.warning("Collection %s is tidied up later: %s", runtime.name, error.message)

    async def _discard(self, staged: Generation) -> None:
        beside = self._beside.get((staged.collection, staged.number))
        if beside is not None and beside.busy.locked():
            raise ConflictError(
                f"The staged generation of {staged.collection!r} is being filled.",
                code="run_in_progress",
                hint="Stop that run, or wait for its end.",
            )
        await asyncio.to_thread(self._parts.catalog.generations.retire, staged.collection, staged.number)
        await self._remove(staged)

    async def _remove(self, generation: Generation) -> None:
        """Remove a retired generation: what is kept for it, its rows in the catalog, its index."""
        catalog, collection = self._parts.catalog, generation.collection
        doubts = catalog.doubts
        self._beside.pop((collection, generation.number), None)
        list_documents = partial(catalog.documents, collection, generation=generation.number)
        documents = await asyncio.to_thread(list_documents)
        await asyncio.to_thread(catalog.generations.remove, collection, generation.number)
        await self._parts.store.drop(generation.index_name)
        contents = {DoubtfulContent(one.document_id, one.content_hash, one.parser) for one in documents}
        contents.update(await asyncio.to_thread(lambda: set(doubts.all(collection, generation.number))))
        for content in contents:
            await forget_unneeded(catalog, self._parts.kept, content)
        await asyncio.to_thread(doubts.remove, collection, generation.number)


class _Ends:
    """Keeps the ends of runs that are parts of a whole from looking like its end; the first tells most."""

    def __init__(self) -> None:
        self.first: tuple[RunProgress, ...] = ()

    async def held_back(self, events: AsyncIterator[RunEvent]) -> AsyncIterator[RunEvent]:
        """The events without those ends."""
        async for event in events:
            if isinstance(event, RunProgress) and event.run.state is not RunState.RUNNING:
                self.first = self.first or (event,)
            else:
                yield event


def _unfinished(ends: _Ends) -> MunimentError:
    run = ends.first[0].run if ends.first else None
    if run is None or not run.error:
        return UnavailableError(
            "The run was interrupted.", code="run_interrupted", hint="Start it again: it goes on from there."
        )
    return UnavailableError(run.error, code=run.error_code, hint=run.hint)
