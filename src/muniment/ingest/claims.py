"""Who does what, where several workers go over the same collection."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Connection

from muniment.catalog import Catalog
from muniment.errors import MunimentError

logger = logging.getLogger(__name__)


class Claims:
    """The leases of one run.

    A document is claimed before it is fetched, its content before anything is kept or written of it;
    both until the catalog has it. Content is claimed for deleting, too, so that nobody deletes what
    another has just relied on.

    Args:
        owner: different for every run of every worker.
        seconds: how long a lease lasts when its holder dies.
    """

    def __init__(
        self, catalog: Catalog, collection: str, generation: int, owner: str, seconds: float
    ) -> None:
        self._leases = catalog.leases
        self._place = f"{collection}:{generation}"
        self._owner = owner
        self._seconds = seconds
        self._held: set[str] = set()
        self._taking: set[asyncio.Future[bool]] = set()

    def document(self, uri: str) -> str:
        """The key of a document."""
        return f"doc:{self._place}:{uri}"

    def content(self, document_id: str, content_hash: str) -> tuple[str, str]:
        """The keys of a content: its rows in the index, and its kept files, which collections share."""
        return f"content:{self._place}:{document_id}", f"kept:{content_hash}"

    async def take(self, *keys: str, then: Callable[[], None] | None = None) -> bool:
        """Claim all of the keys, or none: one may be another's, or claimed by this run already.

        Args:
            then: called in the same thread, once they are claimed.
        """
        if self._held.intersection(keys):
            return False
        self._held.update(keys)
        taken = False
        taking = asyncio.ensure_future(asyncio.to_thread(self._take, keys, then))
        self._taking.add(taking)
        taking.add_done_callback(self._taken)
        try:
            taken = await asyncio.shield(taking)
        finally:
            if not taken:
                self._held.difference_update(keys)
        return taken

    def _taken(self, taking: "asyncio.Future[bool]") -> None:
        self._taking.discard(taking)
        if not taking.cancelled():
            # When the run has ended by another failure meanwhile, nobody asks for this one any more.
            taking.exception()

    def _take(self, keys: Sequence[str], then: Callable[[], None] | None) -> bool:
        taken = self._leases.take(keys, self._owner, self._seconds)
        if len(taken) < len(keys):
            if taken:
                self._leases.release(self._owner, sorted(taken))
            return False
        if then is not None:
            then()
        return True

    async def release(self, *keys: str) -> None:
        """Let go of keys; those not held are ignored."""
        mine = sorted(self._held.intersection(keys))
        if mine:
            await asyncio.to_thread(self._leases.release, self._owner, mine)
            self._held.difference_update(mine)

    def release_in(self, connection: Connection, keys: Sequence[str]) -> None:
        """Let go of keys in a transaction; ``released`` tells when it is through."""
        self._leases.release_in(connection, self._owner, keys)

    def released(self, *keys: str) -> None:
        """The keys were let go of in a transaction that is through."""
        self._held.difference_update(keys)

    def require(self, connection: Connection, keys: Sequence[str]) -> None:
        """In a transaction: the keys are still ours until it ends; LeaseLostError otherwise."""
        self._leases.require(connection, self._owner, keys)

    @asynccontextmanager
    async def kept_alive(self) -> AsyncIterator[None]:
        """Renew what is held while the block runs, and let go of all of it at the end."""
        heart = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
            self._held.clear()
            # Shielded: a cancelled run must not make others wait for its leases to end.
            await asyncio.shield(self._let_go())

    async def _let_go(self) -> None:
        # What is being taken while the run is cancelled is taken nevertheless.
        await asyncio.gather(*self._taking, return_exceptions=True)
        try:
            await asyncio.to_thread(self._leases.release, self._owner)
        except MunimentError as error:
            logger.warning("Leases could not be given back and will end by themselves: %s", error.message)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            if not self._held:
                continue
            try:
                await asyncio.to_thread(self._leases.renew, self._owner, self._seconds)
            except MunimentError as error:
                logger.warning("Leases could not be renewed: %s", error.message)
