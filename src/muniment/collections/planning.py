"""Plans of collections: made, kept for a while, found again, and checked before they are carried out."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from muniment.catalog.clock import now
from muniment.collections.parts import Parts
from muniment.collections.runtime import CollectionRuntime
from muniment.collections.wanted import generation_change
from muniment.errors import ConflictError, InputError, NotFoundError
from muniment.ingest.estimate import MeasuredRate
from muniment.ingest.holding import Holding, incomplete
from muniment.ingest.learned_rate import TimedRun, learned_rate
from muniment.ingest.outdated import check_plan
from muniment.ingest.plan_text import PlanFile
from muniment.ingest.planner import Declared, make_plan
from muniment.ingest.shared_plan import fetch_plan, share_plan
from muniment.ingest.spool import AT_A_TIME, Spool
from muniment.ingest.spooled_plan import SpooledPlan, shard_parts
from muniment.types import Change, DocumentOrigin, Plan, Shard, ShardPart

KEPT_PLANS = 20
"""Plans in the data directory at most; the oldest go."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What is done besides what is always done.

    Attributes:
        retry_failed: documents are tried again that failed and have not changed.
        allow_empty: the documents of a source that lists nothing are removed.
    """

    retry_failed: bool = False
    allow_empty: bool = False

    def joined(self, plan: Plan) -> "PlanOptions":
        """These, and those that a plan was made with."""
        return PlanOptions(self.retry_failed or plan.retry_failed, self.allow_empty or plan.allow_empty)


USUAL = PlanOptions()


class Planning:
    """Makes plans and finds them again. A plan is a file of its own in the data directory."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def _folder(self) -> Path:
        return self._parts.settings.data_dir / "plans"

    async def plan(self, runtime: CollectionRuntime, options: PlanOptions, *, share: bool = False) -> Plan:
        """Compare the sources with the catalog, and keep the plan under its id.

        With ``share`` it is kept in the file store, too, for workers on other machines.
        """
        draft = self._parts.scratch_dir / f"plan-{secrets.token_hex(8)}.db"
        try:
            spool = await asyncio.to_thread(Spool, draft)
            try:
                plan = await self._make(runtime, spool, options)
                if share:
                    await share_plan(self._parts.kept, spool, plan)
            finally:
                await asyncio.to_thread(spool.close)
            await asyncio.to_thread(self._keep, draft, plan.id)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
        return plan

    @asynccontextmanager
    async def prepared(
        self,
        runtime: CollectionRuntime,
        *,
        given: str | Path | None = None,
        shard: Shard | None = None,
        options: PlanOptions = USUAL,
    ) -> AsyncIterator[SpooledPlan]:
        """What is to be done now; with ``given``, a plan's id or file, that and nothing else.

        Raises:
            NotFoundError: code ``unknown_plan``.
            InputError: code ``invalid_plan``, for a file that holds none.
            ConflictError: codes ``plan_outdated``, ``plan_of_another``; ``source_empty`` for a generation
                being built that would lack documents of the live one.
        """
        draft = self._parts.scratch_dir / f"plan-{secrets.token_hex(8)}.db"
        spool = await asyncio.to_thread(Spool, draft)
        try:
            planned = await self.given(runtime, given) if given else None
            plan = await self._make(runtime, spool, options.joined(planned) if planned else options)
            if runtime.building:
                await asyncio.to_thread(self._check_complete, runtime, plan)
            if given and planned:
                await asyncio.to_thread(self._check, runtime, planned, given, spool, shard)
            documents = plan.changes
            if shard is not None:
                documents = (await asyncio.to_thread(shard_parts, spool, shard.of))[shard.number].documents
            yield SpooledPlan(spool, plan, runtime.sources, documents, shard)
        finally:
            await asyncio.to_thread(spool.close)
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def changes(self, plan_id: str, *, limit: int = AT_A_TIME, after: str = "") -> tuple[Change, ...]:
        """Changes of a kept plan by URI, from behind ``after``; NotFoundError ``unknown_plan``."""
        await self._fetched(plan_id)
        return await asyncio.to_thread(self._changes, plan_id, limit, after)

    async def shards(self, plan_id: str, shards: int) -> tuple[ShardPart, ...]:
        """How a kept plan is divided; NotFoundError ``unknown_plan``."""
        await self._fetched(plan_id)
        return await asyncio.to_thread(self._shards, plan_id, shards)

    # -- inside

    async def _make(self, runtime: CollectionRuntime, spool: Spool, options: PlanOptions) -> Plan:
        catalog = self._parts.catalog
        declared = Declared(
            collection=runtime.name,
            fingerprint=self._fingerprint(runtime),
            parser_version=self._parts.parser.version,
            dimension=runtime.embedder.dimension,
            rate=await asyncio.to_thread(self._rate, runtime.name),
            retry_failed=options.retry_failed,
            allow_empty=options.allow_empty,
            generation=await generation_change(runtime, catalog),
            # What the live one has given up is not kept in another because a source lists nothing.
            in_doubt=self._in_doubt(runtime),
        )
        known = catalog.known.by_uri(runtime.name, runtime.number)
        return await make_plan(spool, runtime.sources, known, declared, now())

    def _in_doubt(self, runtime: CollectionRuntime) -> Callable[[str], bool]:
        """Which documents of an empty source stay: all, or in another generation those of the live one."""
        find = partial(self._parts.catalog.document_at, runtime.name)
        return lambda uri: not runtime.building or find(uri) is not None

    def _check_complete(self, runtime: CollectionRuntime, plan: Plan) -> None:
        """Refuse to build a generation that would lack what the live one has of an empty source."""
        catalog, holding = self._parts.catalog, Holding(runtime.sources, plan.empty_sources)
        live = catalog.generations.live(runtime.name)
        if not plan.empty_sources or live is None:
            return
        for known in catalog.known.by_uri(runtime.name, live.number):
            if known.origin != DocumentOrigin.SOURCE or not known.chunks or not holding.holds(known.uri):
                continue
            if catalog.document_at(runtime.name, known.uri, generation=runtime.number) is None:
                raise incomplete(plan)

    def _fingerprint(self, runtime: CollectionRuntime) -> str:
        declared = (
            runtime.name,
            [source.model_dump(mode="json") for source in runtime.settings.sources],
            runtime.number,
            [(one.embedder.fingerprint, one.chunker_spec) for one in (runtime.recipe, runtime.wanted)],
            self._parts.parser.version,
        )
        return sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:24]

    def _rate(self, collection: str) -> MeasuredRate:
        measured = self._parts.catalog.runs.measured(collection)
        return learned_rate([TimedRun(chunks, seconds) for chunks, seconds in measured])

    async def given(self, runtime: CollectionRuntime, given: str | Path) -> Plan:
        """The plan with that id or in that file.

        Raises:
            NotFoundError: code ``unknown_plan``.
            InputError: code ``invalid_plan``, for a file that begins with none.
            ConflictError: code ``plan_of_another``.
        """
        if not isinstance(given, Path):
            await self._fetched(given)
        plan = await asyncio.to_thread(
            PlanFile(given).plan if isinstance(given, Path) else lambda: self._kept(given)
        )
        if plan.collection != runtime.name:
            raise ConflictError(
                f"The plan {plan.id} is of collection {plan.collection!r}, not of {runtime.name!r}.",
                code="plan_of_another",
                hint=f"Apply it with `muniment apply {plan.collection} --plan …`.",
            )
        return plan

    def _check(
        self,
        runtime: CollectionRuntime,
        planned: Plan,
        given: str | Path,
        fresh: Spool,
        shard: Shard | None,
    ) -> None:
        find = partial(self._parts.catalog.document_at, generation=runtime.number)
        if isinstance(given, Path):
            check_plan(planned, PlanFile(given).changes(), fresh, find, shard)
            return
        kept = self._open(given)
        try:
            check_plan(planned, kept.changes(), fresh, find, shard)
        finally:
            kept.close()

    async def _fetched(self, plan_id: str) -> None:
        """Bring a plan here that was made on another machine; nothing happens when it is not to be had."""
        if not _is_id(plan_id) or self._path(plan_id).is_file():
            return
        draft = self._parts.scratch_dir / f"plan-{secrets.token_hex(8)}.db"
        try:
            if await fetch_plan(self._parts.kept, plan_id, draft):
                await asyncio.to_thread(self._keep, draft, plan_id)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    def _path(self, plan_id: str) -> Path:
        return self._folder / f"{plan_id}.db"

    def _kept(self, plan_id: str) -> Plan:
        spool = self._open(plan_id)
        try:
            plan = spool.plan
        finally:
            spool.close()
        if plan is None:
            raise _unknown(plan_id)
        return plan

    def _changes(self, plan_id: str, limit: int, after: str) -> tuple[Change, ...]:
        spool = self._open(plan_id)
        try:
            return spool.page(after, limit)
        finally:
            spool.close()

    def _shards(self, plan_id: str, shards: int) -> tuple[ShardPart, ...]:
        spool = self._open(plan_id)
        try:
            return shard_parts(spool, shards)
        finally:
            spool.close()

    def _open(self, plan_id: str) -> Spool:
        if not _is_id(plan_id) or not self._path(plan_id).is_file():
            raise _unknown(plan_id)
        return Spool(self._path(plan_id))

    def _keep(self, draft: Path, plan_id: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft.replace(self._path(plan_id))
        kept = sorted(self._folder.glob("plan_*.db"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[KEPT_PLANS:]:
            old.unlink(missing_ok=True)


def shard_from(written: str) -> Shard:
    """The shard that ``K/N`` names; K counts from 0.

    Raises:
        InputError: code ``invalid_shard``.
    """
    number, _, of = written.partition("/")
    if number.isascii() and of.isascii() and number.isdecimal() and of.isdecimal() and int(number) < int(of):
        return Shard(int(number), int(of))
    raise InputError(
        f"{written[:40]!r} is no shard.",
        code="invalid_shard",
        hint="Write K/N with K from 0 to N-1, such as 0/4.",
    )


def _is_id(plan_id: str) -> bool:
    rest = plan_id.removeprefix("plan_")
    return plan_id != rest and rest.isascii() and rest.isalnum()


def _unknown(plan_id: str) -> NotFoundError:
    return NotFoundError(
        f"No plan {plan_id[:80]!r} is kept.",
        code="unknown_plan",
        hint=f"Make one with `muniment plan`; the last {KEPT_PLANS} are kept. "
        "Other machines find it when it was made with --share.",
    )
