"""Collections that were created over the API.

Every request names one, so what was found is remembered, where no other server can change it.
"""

import threading
from dataclasses import asdict

from sqlalchemy import delete, insert, or_, select, update

from muniment.catalog.database import Database
from muniment.catalog.tables import created_collections
from muniment.types import CreatedCollection


class Stores:
    """The created collections, by id and by name. Methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction
        self._shared = database.shared
        self._found: dict[str, CreatedCollection] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def save(self, created: CreatedCollection) -> None:
        """Write the collection, replacing an earlier state of it."""
        mine = created_collections.c.collection == created.collection
        with self._transaction() as connection:
            connection.execute(delete(created_collections).where(mine))
            connection.execute(insert(created_collections).values(**asdict(created)))
        self._changed()

    def known(self, id_or_name: str) -> CreatedCollection | None:
        """What ``find`` found before, if it is still so, without a look into the database."""
        return self._found.get(id_or_name)

    def find(self, id_or_name: str) -> CreatedCollection | None:
        """The collection with this id, else the newest with this name, or None."""
        changes = self._changes
        table = created_collections.c
        named = or_(table.id == id_or_name, table.name == id_or_name, table.collection == id_or_name)
        query = select(created_collections).where(named).order_by(table.created_at.desc())
        with self._transaction() as connection:
            found = [CreatedCollection(**row._mapping) for row in connection.execute(query)]
        by_id = [one for one in found if id_or_name in (one.id, one.collection)]
        best = next(iter(by_id or found), None)
        with self._lock:
            if best is not None and not self._shared and changes == self._changes:
                self._found[id_or_name] = best
        return best

    def list(self) -> tuple[CreatedCollection, ...]:
        """All of them, oldest first."""
        table = created_collections.c
        with self._transaction() as connection:
            rows = connection.execute(
                select(created_collections).order_by(table.created_at, table.collection)
            )
            return tuple(CreatedCollection(**row._mapping) for row in rows)

    def touch(self, collection: str, at: int) -> None:
        """Note that it was used at this Unix second."""
        mine = created_collections.c.collection == collection
        with self._transaction() as connection:
            connection.execute(update(created_collections).where(mine).values(last_active_at=at))
        self._changed()

    def remove(self, collection: str) -> None:
        """Forget the collection's making; its documents are not touched."""
        mine = created_collections.c.collection == collection
        with self._transaction() as connection:
            connection.execute(delete(created_collections).where(mine))
        self._changed()

    def _changed(self) -> None:
        """Forget all; a read that began before this is not remembered."""
        with self._lock:
            self._changes += 1
            self._found.clear()
