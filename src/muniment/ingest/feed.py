"""Hands out work that nobody else is doing; what another does is looked at again at the end."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from muniment.catalog import Catalog
from muniment.ingest.claims import Claims
from muniment.ingest.plan import Work, is_settled
from muniment.types import ChangeKind, Document

FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 1.0

MOST_AHEAD = 32
"""Documents claimed at a time at most."""

QUICK_S = 1.0
"""When the last ones claimed were all taken up within so long, more are claimed at a time."""


class WorkFeed:
    """Work from a stream, claimed, with the catalog's document of the moment.

    Args:
        settled: awaited with the work and document of what another worker has done meanwhile.
    """

    def __init__(
        self,
        work: AsyncIterator[Work],
        collection: str,
        generation: int,
        catalog: Catalog,
        claims: Claims,
        parser_version: str,
        settled: Callable[[Work, Document], Awaitable[None]],
    ) -> None:
        self._work = work
        self._collection = collection
        self._generation = generation
        self._find = catalog.documents_at
        self._claims = claims
        self._parser_version = parser_version
        self._settled = settled
        self._ready: deque[Work] = deque()
        """Claimed, and not yet handed out."""
        self._later: deque[Work] = deque()
        self._ahead = 1
        self._filled_at = 0.0
        self._reading = asyncio.Lock()
        self._exhausted = False
        self._fruitless = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is left."""
        return self._exhausted and not self._ready and not self._later

    def put_back(self, work: Work) -> None:
        """Hand it out again when everything else has been: another is at it."""
        self._later.append(work)

    def progressed(self) -> None:
        """Say that work handed out goes on: what comes next need not wait."""
        self._fruitless = 0

    async def next(self) -> Work | None:
        """Work that is ours now; None when nothing is left to hand out."""
        while True:
            async with self._reading:
                while not self._ready and not self._exhausted:
                    await self._fill()
                if self._ready:
                    return self._ready.popleft()
            if not self._later:
                return None
            await self._claim([await self._put_back()])

    async def _fill(self) -> None:
        """Claim the next work of the stream, more at a time the quicker it is taken up.

        One transaction for many small files; no claims ahead of time on files that take a while, which
        another worker could be at.
        """
        clock = asyncio.get_running_loop().time
        now = clock()
        took, self._filled_at = now - self._filled_at, now
        self._ahead = min(2 * self._ahead, MOST_AHEAD) if took < QUICK_S else max(1, self._ahead // 2)
        part: list[Work] = []
        while len(part) < self._ahead and (work := await anext(self._work, None)) is not None:
            part.append(work)
        self._exhausted = len(part) < self._ahead
        if part:
            await self._claim(part)

    async def _put_back(self) -> Work:
        work = self._later.popleft()
        if self._fruitless > len(self._later):
            # Everything left is another's, or waits for what is on its way in this run.
            rounds = self._fruitless // (len(self._later) + 1)
            await asyncio.sleep(min(FIRST_WAIT_S * 2 ** min(rounds, 10), LONGEST_WAIT_S))
        self._fruitless += 1
        return work

    async def _claim(self, part: Sequence[Work]) -> None:
        """Claim work, see to what others have done of it, and leave for later what is another's."""
        found: dict[str, Document] = {}

        def find(connection: Connection) -> None:
            uris = [work.file.uri for work in part]
            found.update(self._find(connection, self._collection, uris, self._generation))

        by_key: dict[str, Work] = {}
        for work in part:
            key = self._claims.document(work.file.uri)
            if by_key.setdefault(key, work) is not work:
                self._later.append(work)
        taken = await self._claims.take_free(by_key, find)
        for key, work in by_key.items():
            if key not in taken:
                self._later.append(work)
                continue
            current = found.get(work.file.uri)
            if current is None and work.source is None and work.kind is ChangeKind.REPAIR:
                # Another has removed the document whose chunks were to be made again.
                await self._claims.release(key)
            elif not self._done_since(work, current):
                self._ready.append(_as_known(work, current))
            else:
                await self._claims.release(key)
                assert current is not None
                await self._settled(work, current)

    def _done_since(self, work: Work, current: Document | None) -> bool:
        """Whether somebody has settled the file as listed after this was planned."""
        if current is None or current.updated_at == work.planned_against:
            return False
        return is_settled(current, work.file, self._parser_version)


def _as_known(work: Work, current: Document | None) -> Work:
    """The work with the document of the moment; what is made again from kept bytes stays what it was."""
    if work.source is not None or current is None or work.kind is not ChangeKind.REPAIR:
        return replace(work, known=current)
    file = replace(work.file, version=current.version or current.content_hash)
    return replace(work, known=current, file=file, origin=current.origin, chunker=current.chunker)
