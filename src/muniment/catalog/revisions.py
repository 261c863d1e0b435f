"""Numbers that tell servers which share a catalog that another of them changed a collection."""

from sqlalchemy import Connection, select

from muniment.catalog.database import Database
from muniment.catalog.tables import revisions
from muniment.catalog.upsert import upsert


class Revisions:
    """One number for each collection; on a catalog of one process there are none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, collection: str) -> int:
        """A number that grows whenever what the collection holds changes; 0 at first."""
        query = select(revisions.c.number).where(revisions.c.collection == collection)
        with self._database.transaction() as connection:
            return connection.scalar(query) or 0

    def grow(self, connection: Connection, collection: str) -> None:
        """Count on, within a transaction that changes what the collection holds."""
        if not self._database.shared:
            return
        first = {"collection": collection, "number": 1}
        upsert(connection, revisions, first, replacing={"number": revisions.c.number + 1})
