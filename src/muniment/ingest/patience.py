"""Waits for a vector store that does not answer, so that its restart does not end a run."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from muniment.errors import UnavailableError
from muniment.protocols import VectorIndex
from muniment.types import ChunkRow, StoredHit, VectorQuery

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class PatientIndex:
    """An index whose calls are made again while its store does not answer.

    A call may have been carried out although its answer was lost; every one of them may be repeated,
    since rows have ids of their own.

    Args:
        wait_s: seconds after the first failure in a row at which the next one is raised.
    """

    def __init__(self, index: VectorIndex, wait_s: float) -> None:
        self._index = index
        self._wait_s = wait_s

    async def upsert(self, rows: Sequence[ChunkRow]) -> None:
        """Write rows; see the protocol."""
        await self._patiently(lambda: self._index.upsert(rows))

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove rows; see the protocol."""
        await self._patiently(lambda: self._index.delete(ids))

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best rows; see the protocol."""
        return await self._patiently(lambda: self._index.search(query))

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """Rows by id; see the protocol."""
        return await self._patiently(lambda: self._index.get(ids))

    async def ids(self, document_id: str | None = None) -> set[int]:
        """Ids; see the protocol."""
        return await self._patiently(lambda: self._index.ids(document_id))

    async def _patiently(self, call: Callable[[], Awaitable[Result]]) -> Result:
        clock = asyncio.get_running_loop().time
        until, pause = 0.0, FIRST_PAUSE_S
        while True:
            try:
                result = await call()
            except UnavailableError as error:
                if error.code != "store_unavailable":
                    raise
                if not until:
                    until = clock() + self._wait_s
                    logger.warning("%s The run waits for it, up to %g s.", error.message, self._wait_s)
                if clock() >= until:
                    raise
                await asyncio.sleep(min(pause, max(0.0, until - clock())))
                pause = min(2 * pause, LONGEST_PAUSE_S)
            else:
                if until:
                    logger.warning("The vector store answers again; the run goes on.")
                return result
