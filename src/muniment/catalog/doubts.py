"""Contents in doubt: their rows may be in the index, and files kept of them, though no document has them.

A content is noted here before its first row is written, and when the last document that had it goes.
It is struck out when index and catalog agree again; what a killed run leaves behind is found here.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, select, text

from muniment.catalog.database import Database
from muniment.catalog.tables import doubtful_contents

_AT_A_TIME = 500

_NOTE = text(
    "INSERT INTO doubtful_contents (collection, generation, document_id, content_hash, parser) "
    "VALUES (:collection, :generation, :document_id, :content_hash, :parser) "
    "ON CONFLICT DO NOTHING RETURNING document_id"
)
_STRIKE = text(
    "DELETE FROM doubtful_contents "
    "WHERE collection = :collection AND generation = :generation AND document_id = :document_id"
)


class DoubtfulContent(NamedTuple):
    """A content by its document id, and what was kept of it under which parser version."""

    document_id: str
    content_hash: str
    parser: str


class Doubts:
    """The contents in doubt, by collection and generation."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction

    def note(self, collection: str, generation: int, content: DoubtfulContent) -> bool:
        """Note a content; whether it was noted already."""
        with self._transaction() as connection:
            return self.note_in(connection, collection, generation, content)

    def note_in(
        self, connection: Connection, collection: str, generation: int, content: DoubtfulContent
    ) -> bool:
        """The same in a transaction that is open."""
        values = {"collection": collection, "generation": generation, **content._asdict()}
        return connection.execute(_NOTE, values).first() is None

    def strike(self, collection: str, generation: int, document_id: str) -> None:
        """Index and catalog agree about the content."""
        with self._transaction() as connection:
            self.strike_in(connection, collection, generation, document_id)

    def strike_in(self, connection: Connection, collection: str, generation: int, document_id: str) -> None:
        """The same in a transaction that is open."""
        at = {"collection": collection, "generation": generation, "document_id": document_id}
        connection.execute(_STRIKE, at)

    def all(self, collection: str, generation: int) -> Iterator[DoubtfulContent]:
        """Every content in doubt, by id, read in parts; those noted meanwhile may be among them."""
        table = doubtful_contents.c
        after = ""
        while True:
            query = (
                select(table.document_id, table.content_hash, table.parser)
                .where(table.collection == collection, table.generation == generation)
                .where(table.document_id > after)
                .order_by(table.document_id)
                .limit(_AT_A_TIME)
            )
            with self._transaction() as connection:
                part = [DoubtfulContent._make(row) for row in connection.execute(query)]
            yield from part
            if len(part) < _AT_A_TIME:
                return
            after = part[-1].document_id

    def with_content(self, hashes: Collection[str]) -> set[str]:
        """Those of the content hashes that are in doubt in any collection."""
        query = select(doubtful_contents.c.content_hash).where(doubtful_contents.c.content_hash.in_(hashes))
        with self._transaction() as connection:
            return set(connection.scalars(query))

    def remove(self, collection: str, generation: int | None = None) -> None:
        """Forget those of a collection, or of one of its generations, that goes with all it held."""
        gone = doubtful_contents.c.collection == collection
        if generation is not None:
            gone = and_(gone, doubtful_contents.c.generation == generation)
        with self._transaction() as connection:
            connection.execute(delete(doubtful_contents).where(gone))
