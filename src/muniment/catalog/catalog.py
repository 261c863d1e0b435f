"""The catalog: what it says is done is searchable, what it does not say is redone."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, insert, select

from muniment.catalog.database import Database
from muniment.catalog.documents import Documents
from muniment.catalog.doubts import Doubts
from muniment.catalog.evaluations import Evaluations
from muniment.catalog.files import Files
from muniment.catalog.generations import Generations
from muniment.catalog.given_chunks import GivenChunks
from muniment.catalog.known import KnownDocuments
from muniment.catalog.leases import Leases
from muniment.catalog.resources import Resources
from muniment.catalog.revisions import Revisions
from muniment.catalog.runs import Runs
from muniment.catalog.stores import Stores
from muniment.catalog.tables import documents, generations, given_chunks, mendings
from muniment.types import Mending


@dataclass(frozen=True, slots=True)
class References:
    """Who has certain bytes: documents, by the versions of the parsers that read them; uploaded files and
    runs, which need them in any form, are ``held``.
    """

    parsers: frozenset[str]
    held: bool


class Catalog(Documents):
    """Collections, documents, runs and mendings; and what else clients had kept, each in its own part.

    Methods are synchronous and short; async callers run them in a thread. Every method raises
    StorageError (``disk_full``, ``catalog_failed``) or UnavailableError (``catalog_unavailable``).
    """

    def __init__(self, database: Database) -> None:
        revisions = Revisions(database)
        super().__init__(database, revisions)
        self.database = database
        self.evaluations = Evaluations(database)
        self.generations = Generations(database, revisions)
        self.files = Files(database)
        self.doubts = Doubts(database)
        self.given = GivenChunks(database)
        self.known = KnownDocuments(database)
        self.leases = Leases(database)
        self.resources = Resources(database)
        self.runs = Runs(database, self.leases)
        self.stores = Stores(database)

    @classmethod
    def open(cls, uri: str) -> "Catalog":
        """Open the catalog at a SQLAlchemy URI, making its tables when they are missing."""
        return cls(Database.open(uri))

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()

    # -- collections

    def created_at(self, name: str) -> str:
        """When the first of the collection's generations was made; empty when there is none."""
        query = select(func.min(generations.c.created_at)).where(generations.c.collection == name)
        with self._transaction() as connection:
            return connection.scalar(query) or ""

    def remove_collection(self, name: str) -> None:
        """Forget a collection with everything it holds."""
        with self._transaction() as connection:
            connection.execute(delete(documents).where(documents.c.collection == name))
            connection.execute(delete(generations).where(generations.c.collection == name))
            self._revisions.grow(connection, name)
        self.given.remove(name)
        self.files.remove_attached(name)
        self.stores.remove(name)
        self.doubts.remove(name)
        self.evaluations.remove(name)

    def references_to(self, hashes: Collection[str]) -> dict[str, References]:
        """Who has these bytes, by content hash; hashes that nobody has are left out.

        The documents of all collections and the uploaded files, as in ``holds_bytes`` and ``holds_content``;
        and runs that are at them, or were killed at them: those of the doubtful contents.
        """
        # Doubts first: what a run settles meanwhile is found among the documents.
        in_doubt = self.doubts.with_content(hashes)
        parsers = self.readers_of(hashes)
        kept = in_doubt | self.files.with_content(hashes)
        return {
            one: References(frozenset(parsers.get(one, ())), one in kept) for one in parsers.keys() | kept
        }

    def refers_to_files(self) -> bool:
        """Whether any document or uploaded file has bytes that may be kept."""
        return self.any_content() or self.files.any()

    def holds_content(self, content_hash: str, parser: str) -> bool:
        """Whether a document's text of this content, read by this parser, or an uploaded file is needed."""
        return self.reads_content(content_hash, parser) or self.files.holds_content(content_hash)

    def holds_bytes(self, content_hash: str) -> bool:
        """Whether any document or uploaded file has these bytes."""
        return self.has_content(content_hash) or self.files.holds_content(content_hash)

    def revision(self, collection: str) -> int:
        """A number that grows whenever what the collection holds changes; 0 at first."""
        return self._revisions.get(collection)

    def revise(self, collection: str) -> None:
        """Tell other servers that what the collection holds has changed."""
        with self._transaction() as connection:
            self._revisions.grow(connection, collection)

    def filled(self) -> set[str]:
        """The collections that have something to search: documents with chunks, or given chunks."""
        chunked = select(documents.c.collection).where(documents.c.chunks > 0)
        with self._transaction() as connection:
            return set(connection.scalars(chunked.union(select(given_chunks.c.collection))))

    # -- mendings

    def save_mending(self, mending: Mending) -> None:
        """Remember what the reconciler did."""
        with self._transaction() as connection:
            connection.execute(insert(mendings).values(**asdict(mending)))

    def mendings(self, collection: str, limit: int = 10) -> tuple[Mending, ...]:
        """What was mended in the collection, newest first."""
        query = select(mendings.c.at, mendings.c.collection, mendings.c.found, mendings.c.did).where(
            mendings.c.collection == collection
        )
        with self._transaction() as connection:
            rows = connection.execute(query.order_by(mendings.c.number.desc()).limit(limit))
            return tuple(Mending(**row._mapping) for row in rows)
