"""Who does what, where several workers go over the same collection."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Connection

from muniment.catalog import Catalog
from muniment.catalog.leases import RUN_KEY
from muniment.errors import MunimentError

Then = Callable[[Connection], None]

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
        self._transaction = catalog.database.transaction
        self._leases = catalog.leases
        self._place = f"{collection}:{generation}"
        self._owner = owner
        self._seconds = seconds
        self._held: set[str] = set()
        self._taking: set[asyncio.Future[set[str]]] = set()

    @property
    def run(self) -> str:
        """The key that says that the run is alive; its owner is the run."""
        return f"{RUN_KEY}{self._owner}"

    def document(self, uri: str) -> str:
        """The key of a document."""
        return f"doc:{self._place}:{uri}"

    def content(self, document_id: str, content_hash: str) -> tuple[str, str]:
        """The keys of a content: its rows in the index, and its kept files, which collections share."""
        return f"content:{self._place}:{document_id}", f"kept:{content_hash}"

    async def take(self, *keys: str, then: Then | None = None) -> bool:
        """Claim all of the keys, or none: one may be another's, or claimed by this run already.

        Args:
            then: called in the same transaction, once they are claimed.
        """
        return bool(await self._claim(keys, then, every=True))

    async def take_free(self, keys: Collection[str], then: Then | None = None) -> set[str]:
        """Claim those of the keys that can be had; ``then`` as in ``take``."""
        return await self._claim(keys, then, every=False)

    async def _claim(self, keys: Collection[str], then: Then | None, *, every: bool) -> set[str]:
        wanted = [key for key in keys if key not in self._held]
        if not wanted or (every and len(wanted) < len(keys)):
            return set()
        self._held.update(wanted)
        taken: set[str] = set()
        taking = asyncio.ensure_future(asyncio.to_thread(self._take, wanted, then, every=every))
        self._taking.add(taking)
        taking.add_done_callback(self._taken)
        try:
            taken = await asyncio.shield(taking)
        finally:
            self._held.difference_update(set(wanted) - taken)
        return taken

    def _taken(self, taking: "asyncio.Future[set[str]]") -> None:
        self._taking.discard(taking)
        if not taking.cancelled():
            # When the run has ended by another failure meanwhile, nobody asks for this one any more.
            taking.exception()

    def _take(self, keys: Sequence[str], then: Then | None, *, every: bool) -> set[str]:
        with self._transaction() as connection:
            taken = self._leases.take_in(connection, keys, self._owner, self._seconds)
            if every and len(taken) < len(keys):
                if taken:
                    self._leases.release_in(connection, self._owner, taken)
                return set()
            if then is not None and taken:
                then(connection)
        return taken

    async def release(self, *keys: str) -> None:
        """Let go of keys; those not held are ignored."""
        mine = sorted(self._held.intersection(keys))
        if mine:
            await asyncio.to_thread(self._leases.release, self._owner, mine)
            self._held.difference_update(mine)

    def release_in(self, connection: Connection, keys: Collection[str]) -> None:
        """Let go of keys in a transaction; ``released`` tells when it is through."""
        self._leases.release_in(connection, self._owner, keys)

    def released(self, *keys: str) -> None:
        """The keys were let go of in a transaction that is through."""
        self._held.difference_update(keys)

    def held_in(self, connection: Connection, keys: Collection[str]) -> set[str]:
        """In a transaction: those of the keys that are still ours, until it ends."""
        return self._leases.held_in(connection, self._owner, keys)

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
