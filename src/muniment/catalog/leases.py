"""Leases: who works on what. One whose holder dies ends by itself."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, literal_column, select, text, update

from muniment.catalog.database import Database
from muniment.catalog.tables import leases
from muniment.errors import ConflictError


class LeaseLostError(ConflictError):
    """A lease ended before its holder was done, and another may have taken it."""

    default_code = "lease_lost"


AHEAD_S = 300.0
"""Seconds beyond its length by which a lease may end: one that ends later was taken before the database's
clock was set back, and would hold, when its holder is dead, until that time comes again."""


class Leases:
    """Exclusive for a time, by key. Times are the database's own: the workers' clocks may differ."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction
        self._shared = database.shared

    def take(self, keys: Sequence[str], owner: str, seconds: float) -> set[str]:
        """Take those of the keys that are free, have ended, or are the owner's; returns these.

        ``seconds`` is about the same for all workers; leases that last ``AHEAD_S`` longer do not count.
        """
        # In one order for all, so that two who want the same never wait for each other.
        values = {f"key{number}": key for number, key in enumerate(sorted(keys))}
        rows = ", ".join(f"(:{name}, :owner, {self._clock} + :seconds)" for name in values)
        # As text: what SQLAlchemy makes of an upsert is compiled anew every time.
        take = text(
            f"INSERT INTO leases (key, owner, expires_at) VALUES {rows} ON CONFLICT (key) DO UPDATE "
            "SET owner = excluded.owner, expires_at = excluded.expires_at "
            f"WHERE leases.expires_at < {self._clock} OR leases.expires_at > {self._clock} + :longest "
            "OR leases.owner = excluded.owner RETURNING key"
        )
        lengths = {"seconds": seconds, "longest": max(seconds, 0) + AHEAD_S}
        with self._transaction() as connection:
            return set(connection.scalars(take, {**values, "owner": owner, **lengths}))

    def renew(self, owner: str, seconds: float) -> None:
        """Hold on to everything that the owner has."""
        with self._transaction() as connection:
            mine = update(leases).where(leases.c.owner == owner)
            connection.execute(mine.values(expires_at=literal_column(self._clock) + seconds))

    def release(self, owner: str, keys: Sequence[str] | None = None) -> None:
        """Let go of these keys, or of everything, as far as it is the owner's."""
        with self._transaction() as connection:
            self.release_in(connection, owner, keys)

    def release_in(self, connection: Connection, owner: str, keys: Sequence[str] | None = None) -> None:
        """The same in a transaction that is open."""
        mine = delete(leases).where(leases.c.owner == owner)
        connection.execute(mine if keys is None else mine.where(leases.c.key.in_(keys)))

    def require(self, connection: Connection, owner: str, keys: Sequence[str]) -> None:
        """Make sure in an open transaction that the keys are still the owner's until it ends.

        Raises:
            LeaseLostError: code ``lease_lost``.
        """
        held = select(leases.c.key).where(leases.c.owner == owner, leases.c.key.in_(keys)).with_for_update()
        lost = set(keys) - set(connection.scalars(held))
        if lost:
            raise LeaseLostError(
                f"The lease on {', '.join(sorted(lost))} ended before the work was done.",
                hint="Another worker goes on with it. If this happens often, raise `ingest.lease_s`.",
            )

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
