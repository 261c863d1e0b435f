"""What the catalog knows of a collection's documents, in order and as a stream."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import and_, select

from muniment.catalog.database import Database
from muniment.catalog.tables import documents
from muniment.types import MetadataValue

_AT_A_TIME = 2000


class KnownDocument(NamedTuple):
    """What of a document a plan looks at."""

    uri: str
    name: str
    size: int
    version: str
    state: str
    origin: str
    parser: str
    chunks: int
    metadata: dict[str, MetadataValue]
    error_code: str
    updated_at: str


_COLUMNS = [documents.c[name] for name in KnownDocument._fields]


class KnownDocuments:
    """Reads the documents of a collection, however many there are, without holding them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_uri(self, collection: str, generation: int) -> Iterator[KnownDocument]:
        """Every document of a generation by URI, in the order of code points, as of one moment."""
        uri = documents.c.uri
        # Other databases order text by the rules of a language; SQLite goes by code points anyway.
        order = uri.collate("C") if self._database.shared else uri
        mine = and_(documents.c.collection == collection, documents.c.generation == generation)
        query = select(*_COLUMNS).where(mine).order_by(order)
        with self._database.transaction() as connection:
            rows = connection.execution_options(yield_per=_AT_A_TIME).execute(query)
            for part in rows.partitions():
                for row in part:
                    yield KnownDocument._make(row)
