"""A plan carried out from its spool, whole or one shard of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from muniment.errors import MunimentError
from muniment.ingest.holding import held_back
from muniment.ingest.plan import Removal, Work
from muniment.ingest.spool import Spool
from muniment.protocols import Source
from muniment.types import Change, ChangeKind, DocumentOrigin, Plan, Shard, ShardPart, SourceFile, shard_of


@dataclass(frozen=True, slots=True)
class SpooledPlan:
    """The work of a plan, read as it is done. ``documents`` of the plan are in the shard."""

    spool: Spool
    plan: Plan
    sources: Sequence[Source]
    documents: int
    shard: Shard | None = None

    @property
    def total(self) -> int:
        """Documents the run is about."""
        return self.documents + self.unchanged

    @property
    def unchanged(self) -> int:
        """Those that stay as they are; counted in the first shard only."""
        return self.plan.unchanged if self.shard is None or self.shard.number == 0 else 0

    @property
    def remark(self) -> MunimentError | None:
        """What is held back, and why."""
        return held_back(self.plan)

    async def work(self) -> AsyncIterator[Work]:
        """Files to ingest, by URI."""
        async for change in self._changes(removals=False):
            yield self._work(change)

    async def removals(self) -> AsyncIterator[Removal]:
        """Documents to forget, by URI."""
        async for change in self._changes(removals=True):
            yield Removal(change.uri, change.name, change.seen_at)

    async def _changes(self, *, removals: bool) -> AsyncIterator[Change]:
        after = ""
        while page := await asyncio.to_thread(self.spool.page, after, removals=removals):
            for change in page:
                if self.shard is None or self.shard.holds(change.uri):
                    yield change
            after = page[-1].uri

    def _work(self, change: Change) -> Work:
        listed = change.source >= 0
        return Work(
            file=SourceFile(change.uri, change.name, change.size, change.version, change.metadata),
            source=self.sources[change.source] if listed else None,
            known=None,
            origin=DocumentOrigin.SOURCE if listed else DocumentOrigin.UPLOAD,
            kind=change.kind,
            moved_from=change.moved_from,
            seen_at=change.seen_at,
        )


def shard_parts(spool: Spool, shards: int) -> tuple[ShardPart, ...]:
    """How the changes are divided among so many shards."""
    documents, size = [0] * shards, [0] * shards
    for change in spool.changes():
        number = shard_of(change.uri, shards)
        documents[number] += 1
        if change.kind is not ChangeKind.REMOVE:
            size[number] += change.size
    return tuple(ShardPart(Shard(n, shards), documents[n], size[n]) for n in range(shards))
