"""Leases: who works on what. One whose holder dies ends by itself."""

from collections.abc import Sequence

from sqlalchemy import Connection, Float, cast, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from muniment.catalog.database import Database
from muniment.catalog.tables import leases
from muniment.errors import ConflictError


class LeaseLostError(ConflictError):
    """A lease ended before its holder was done, and another may have taken it."""

    default_code = "lease_lost"


class Leases:
    """Exclusive for a time, by key. Times are the database's own: the workers' clocks may differ."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction
        self._shared = database.shared

    def take(self, keys: Sequence[str], owner: str, seconds: float) -> set[str]:
        """Take those of the keys that are free, have ended, or are the owner's; returns these."""
        make = postgresql.insert if self._shared else sqlite.insert
        taken: set[str] = set()
        with self._transaction() as connection:
            now = self._now()
            # In one order for all, so that two who want the same never wait for each other.
            for key in sorted(keys):
                new = make(leases).values(key=key, owner=owner, expires_at=now + seconds)
                free = (leases.c.expires_at < now) | (leases.c.owner == owner)
                kept = new.on_conflict_do_update(
                    index_elements=[leases.c.key],
                    set_={"owner": owner, "expires_at": now + seconds},
                    where=free,
                )
                if connection.execute(kept).rowcount:
                    taken.add(key)
        return taken

    def renew(self, owner: str, seconds: float) -> None:
        """Hold on to everything that the owner has."""
        with self._transaction() as connection:
            mine = update(leases).where(leases.c.owner == owner)
            connection.execute(mine.values(expires_at=self._now() + seconds))

    def release(self, owner: str, keys: Sequence[str] | None = None) -> None:
        """Let go of these keys, or of everything, as far as it is the owner's."""
        with self._transaction() as connection:
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

    def _now(self) -> ColumnElement[float]:
        if self._shared:
            return cast(func.extract("epoch", func.clock_timestamp()), Float(53))
        return (func.julianday("now") - 2440587.5) * 86400.0
