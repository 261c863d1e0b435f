"""Hands out work that nobody else is doing; what another does is looked at again at the end."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

from muniment.catalog import Catalog
from muniment.ingest.claims import Claims
from muniment.ingest.plan import Work, is_settled
from muniment.types import ChangeKind, Document

FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 1.0


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
        self._find = partial(catalog.document_at, generation=generation)
        self._claims = claims
        self._parser_version = parser_version
        self._settled = settled
        self._later: deque[Work] = deque()
        self._reading = asyncio.Lock()
        self._exhausted = False
        self._fruitless = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is left."""
        return self._exhausted and not self._later

    def put_back(self, work: Work) -> None:
        """Hand it out again when everything else has been: another is at it."""
        self._later.append(work)

    def progressed(self) -> None:
        """Say that work handed out goes on: what comes next need not wait."""
        self._fruitless = 0

    async def next(self) -> Work | None:
        """Work that is ours now; None when nothing is left to hand out."""
        while (work := await self._candidate()) is not None:
            key = self._claims.document(work.file.uri)
            found: list[Document | None] = []

            def find(uri: str = work.file.uri, found: list[Document | None] = found) -> None:
                found.append(self._find(self._collection, uri))

            if not await self._claims.take(key, then=find):
                self._later.append(work)
                continue
            [current] = found
            if current is None and work.source is None and work.kind is ChangeKind.REPAIR:
                # Another has removed the document whose chunks were to be made again.
                await self._claims.release(key)
                continue
            if not self._done_since(work, current):
                return _as_known(work, current)
            await self._claims.release(key)
            assert current is not None
            await self._settled(work, current)
        return None

    async def _candidate(self) -> Work | None:
        async with self._reading:
            if not self._exhausted:
                work = await anext(self._work, None)
                if work is not None:
                    return work
                self._exhausted = True
        if not self._later:
            return None
        work = self._later.popleft()
        if self._fruitless > len(self._later):
            # Everything left is another's, or waits for what is on its way in this run.
            rounds = self._fruitless // (len(self._later) + 1)
            await asyncio.sleep(min(FIRST_WAIT_S * 2 ** min(rounds, 10), LONGEST_WAIT_S))
        self._fruitless += 1
        return work

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
