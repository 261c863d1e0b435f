"""Leases: who works on what. One whose holder dies ends by itself."""

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    TextClause,
    delete,
    exists,
    literal_column,
    select,
    text,
    update,
)

from muniment.catalog.database import Database
from muniment.catalog.tables import leases

AHEAD_S = 300.0
"""Seconds beyond its length by which a lease may end: one that ends later was taken before the database's
clock was set back, and would hold, when its holder is dead, until that time comes again."""


RUN_KEY = "run:"
"""Before a run's id: the key of the lease that it holds as long as its process lives."""


class Leases:
    """Exclusive for a time, by key. Times are the database's own: the workers' clocks may differ."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction
        self._shared = database.shared

    def take(self, keys: Sequence[str], owner: str, seconds: float) -> set[str]:
        """Take those of the keys that are free, have ended, or are the owner's; returns these.

        ``seconds`` is about the same for all workers; leases that last ``AHEAD_S`` longer do not count.
        """
        with self._transaction() as connection:
            return self.take_in(connection, keys, owner, seconds)

    def take_in(self, connection: Connection, keys: Collection[str], owner: str, seconds: float) -> set[str]:
        """The same in a transaction that is open."""
        # In one order for all, so that two who want the same never wait for each other.
        values = {f"key{number}": key for number, key in enumerate(sorted(keys))}
        lengths = {"seconds": seconds, "longest": max(seconds, 0) + AHEAD_S}
        take = _take(len(values), self._clock)
        return set(connection.scalars(take, {**values, "owner": owner, **lengths}))

    def renew(self, owner: str, seconds: float) -> None:
        """Hold on to everything that the owner has."""
        mine = leases.c.owner == owner
        with self._transaction() as connection:
            self._lock(connection, mine)
            later = update(leases).where(mine).values(expires_at=literal_column(self._clock) + seconds)
            connection.execute(later)

    def release(self, owner: str, keys: Collection[str] | None = None) -> None:
        """Let go of these keys, or of everything, as far as it is the owner's."""
        mine = leases.c.owner == owner
        with self._transaction() as connection:
            self._lock(connection, mine if keys is None else mine & leases.c.key.in_(keys))
            self.release_in(connection, owner, keys)

    def release_in(self, connection: Connection, owner: str, keys: Collection[str] | None = None) -> None:
        """The same in a transaction that is open, of keys that it holds."""
        mine = delete(leases).where(leases.c.owner == owner)
        connection.execute(mine if keys is None else mine.where(leases.c.key.in_(keys)))

    def held_in(self, connection: Connection, owner: str, keys: Collection[str]) -> set[str]:
        """Those of the keys that are the owner's, and stay so until the open transaction ends."""
        return self._lock(connection, (leases.c.owner == owner) & leases.c.key.in_(keys))

    def is_held(self, key: ColumnElement[str]) -> ColumnElement[bool]:
        """As part of a query: whether somebody holds the lease of this key now."""
        return exists().where(leases.c.key == key, leases.c.expires_at >= literal_column(self._clock))

    def _lock(self, connection: Connection, which: ColumnElement[bool]) -> set[str]:
        """Keys of leases that nobody else can change until the transaction ends; locked in their order."""
        # SQLite has one writer at a time and orders by code points anyway.
        key = leases.c.key.collate("C") if self._shared else leases.c.key
        return set(connection.scalars(select(leases.c.key).where(which).order_by(key).with_for_update()))

    def clear(self) -> None:
        """Forget all leases: nobody else works on this catalog."""
        with self._transaction() as connection:
            connection.execute(delete(leases))

    @property
    def _clock(self) -> str:
        """Seconds since 1970, as the database counts them now."""
        if self._shared:
            return "extract(epoch from clock_timestamp())"
        return "((julianday('now') - 2440587.5) * 86400.0)"


@cache
def _take(keys: int, clock: str) -> TextClause:
    """As text: what SQLAlchemy makes of an upsert is compiled anew every time."""
    rows = ", ".join(f"(:key{number}, :owner, {clock} + :seconds)" for number in range(keys))
    return text(
        f"INSERT INTO leases (key, owner, expires_at) VALUES {rows} ON CONFLICT (key) DO UPDATE "
        "SET owner = excluded.owner, expires_at = excluded.expires_at "
        f"WHERE leases.expires_at < {clock} OR leases.expires_at > {clock} + :longest "
        "OR leases.owner = excluded.owner RETURNING key"
    )
