"""Collections that were created over the API."""

from dataclasses import asdict

from sqlalchemy import delete, insert, or_, select, update

from muniment.catalog.database import Database
from muniment.catalog.tables import created_collections
from muniment.types import CreatedCollection


class Stores:
    """The created collections, by id and by name."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction

    def save(self, created: CreatedCollection) -> None:
        """Write the collection, replacing an earlier state of it."""
        mine = created_collections.c.collection == created.collection
        with self._transaction() as connection:
            connection.execute(delete(created_collections).where(mine))
            connection.execute(insert(created_collections).values(**asdict(created)))

    def find(self, id_or_name: str) -> CreatedCollection | None:
        """The collection with this id, else the newest with this name, or None."""
        table = created_collections.c
        named = or_(table.id == id_or_name, table.name == id_or_name, table.collection == id_or_name)
        query = select(created_collections).where(named).order_by(table.created_at.desc())
        with self._transaction() as connection:
            found = [CreatedCollection(**row._mapping) for row in connection.execute(query)]
        by_id = [one for one in found if id_or_name in (one.id, one.collection)]
        return next(iter(by_id or found), None)

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

    def remove(self, collection: str) -> None:
        """Forget the collection's making; its documents are not touched."""
        mine = created_collections.c.collection == collection
        with self._transaction() as connection:
            connection.execute(delete(created_collections).where(mine))
