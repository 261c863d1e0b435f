"""The catalog: what it says is done is searchable, what it does not say is redone."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from muniment.catalog.database import Database
from muniment.catalog.files import Files
from muniment.catalog.given_chunks import GivenChunks
from muniment.catalog.resources import Resources
from muniment.catalog.stores import Stores
from muniment.catalog.tables import collections, documents, given_chunks, mendings, revisions, runs
from muniment.types import Document, DocumentOrigin, DocumentState, Mending, Run, RunState, file_id_of
from muniment.types.store import ATTACHED


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """How a collection's index was made. ``index_name`` names it in the vector store."""

    name: str
    index_name: str
    dimension: int
    embedding_model: str
    embedding_fingerprint: str
    chunker_spec: str


@dataclass(frozen=True, slots=True)
class References:
    """Who has certain bytes: documents, by the versions of the parsers that read them; and uploaded files."""

    parsers: frozenset[str]
    uploaded: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over a collection's documents; ``chunks`` counts shared content once."""

    documents: int = 0
    failed: int = 0
    pages: int = 0
    chunks: int = 0


def now() -> str:
    """The time as the catalog writes it: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Catalog:
    """Collections, documents, runs and mendings; and what else clients had kept, each in its own part.

    Methods are synchronous and short; async callers run them in a thread. Every method raises
    StorageError (``disk_full``, ``catalog_failed``) or UnavailableError (``catalog_unavailable``).
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.files = Files(database)
        self.given = GivenChunks(database)
        self.resources = Resources(database)
        self.stores = Stores(database)
        self._transaction = database.transaction

    @classmethod
    def open(cls, uri: str) -> "Catalog":
        """Open the catalog at a SQLAlchemy URI, making its tables when they are missing."""
        return cls(Database.open(uri))

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()

    # -- collections

    def collection(self, name: str) -> CollectionRecord | None:
        """The collection's record, or None when nothing was ever made for it."""
        with self._transaction() as connection:
            row = connection.execute(select(collections).where(collections.c.name == name)).first()
        if row is None:
            return None
        values = dict(row._mapping)
        values.pop("created_at")
        return CollectionRecord(**values)

    def created_at(self, name: str) -> str:
        """When the collection was first made, or its index made anew; empty when it never was."""
        with self._transaction() as connection:
            query = select(collections.c.created_at).where(collections.c.name == name)
            return connection.scalar(query) or ""

    def save_collection(self, record: CollectionRecord) -> None:
        """Write the record, replacing an earlier one."""
        with self._transaction() as connection:
            connection.execute(delete(collections).where(collections.c.name == record.name))
            connection.execute(insert(collections).values(**asdict(record), created_at=now()))

    # -- documents

    def documents(
        self,
        collection: str,
        *,
        state: DocumentState | None = None,
        limit: int | None = None,
        after: str = "",
    ) -> tuple[Document, ...]:
        """Documents by name and URI, from behind the name ``after``."""
        query = select(documents).where(documents.c.collection == collection)
        if state is not None:
            query = query.where(documents.c.state == state.value)
        if after:
            query = query.where(documents.c.name > after)
        query = query.order_by(documents.c.name, documents.c.uri)
        if limit is not None:
            query = query.limit(limit)
        with self._transaction() as connection:
            return tuple(_document(row) for row in connection.execute(query))

    def document_at(self, collection: str, uri: str) -> Document | None:
        """The document under this URI, or None."""
        key = and_(documents.c.collection == collection, documents.c.uri == uri)
        with self._transaction() as connection:
            row = connection.execute(select(documents).where(key)).first()
        return _document(row) if row else None

    def document_of_file(self, file_id: str, collection: str | None = None) -> Document | None:
        """The document whose file has this id, of one collection or of any."""
        query = select(documents).where(documents.c.file_id == file_id)
        if collection is not None:
            query = query.where(documents.c.collection == collection)
        with self._transaction() as connection:
            row = connection.execute(query.limit(1)).first()
        return _document(row) if row else None

    def documents_by_id(self, collection: str, document_ids: Sequence[str]) -> dict[str, Document]:
        """The documents with these ids, by id; of several names for one content, the first."""
        condition = and_(documents.c.collection == collection, documents.c.document_id.in_(document_ids))
        query = select(documents).where(condition).order_by(documents.c.name.desc())
        with self._transaction() as connection:
            return {row.document_id: _document(row) for row in connection.execute(query)}

    def documents_with_content(self, collection: str, document_id: str) -> tuple[Document, ...]:
        """All names under which the same bytes are in the collection."""
        condition = and_(documents.c.collection == collection, documents.c.document_id == document_id)
        with self._transaction() as connection:
            rows = connection.execute(select(documents).where(condition).order_by(documents.c.name))
            return tuple(_document(row) for row in rows)

    def holds_content(self, content_hash: str, parser: str) -> bool:
        """Whether a document of any collection has this content, read by this parser."""
        condition = and_(documents.c.content_hash == content_hash, documents.c.parser == parser)
        with self._transaction() as connection:
            held = connection.execute(select(documents.c.uri).where(condition).limit(1)).first() is not None
        return held or self.files.holds_content(content_hash)

    def holds_bytes(self, content_hash: str) -> bool:
        """Whether any document or uploaded file has these bytes."""
        query = select(documents.c.uri).where(documents.c.content_hash == content_hash).limit(1)
        with self._transaction() as connection:
            held = connection.execute(query).first() is not None
        return held or self.files.holds_content(content_hash)

    def references_to(self, hashes: Collection[str]) -> dict[str, References]:
        """Who has these bytes, by content hash; hashes that nobody has are left out.

        The documents of all collections and the uploaded files, as in ``holds_bytes`` and ``holds_content``.
        """
        held = documents.c.content_hash
        query = select(held, documents.c.parser).distinct().where(held.in_(hashes))
        parsers: dict[str, set[str]] = {}
        with self._transaction() as connection:
            for content_hash, parser in connection.execute(query):
                parsers.setdefault(content_hash, set()).add(parser)
        uploaded = self.files.with_content(hashes)
        return {
            one: References(frozenset(parsers.get(one, ())), one in uploaded)
            for one in parsers.keys() | uploaded
        }

    def refers_to_files(self) -> bool:
        """Whether any document or uploaded file has bytes that may be kept."""
        query = select(documents.c.uri).where(documents.c.content_hash != "").limit(1)
        with self._transaction() as connection:
            held = connection.execute(query).first() is not None
        return held or self.files.any()

    def save_document(self, document: Document) -> None:
        """Write the document, replacing what was under its URI."""
        values = asdict(replace(document, updated_at=now()))
        values |= {
            "state": document.state.value,
            "origin": document.origin.value,
            "notes": list(document.notes),
            "file_id": file_id_of(document.collection, document.uri),
        }
        key = and_(documents.c.collection == document.collection, documents.c.uri == document.uri)
        with self._transaction() as connection:
            connection.execute(delete(documents).where(key))
            connection.execute(insert(documents).values(**values))
            self._revise(connection, document.collection)

    def remove_document(self, collection: str, uri: str) -> None:
        """Forget the document under this URI."""
        with self._transaction() as connection:
            connection.execute(
                delete(documents).where(and_(documents.c.collection == collection, documents.c.uri == uri))
            )
            self._revise(connection, collection)

    def forget_contents(self, collection: str) -> None:
        """Mark every document as not done, so that the next run makes its chunks anew."""
        with self._transaction() as connection:
            connection.execute(
                update(documents).where(documents.c.collection == collection).values(version="", chunks=0)
            )

    def remove_collection(self, name: str) -> None:
        """Forget a collection with everything it holds."""
        with self._transaction() as connection:
            connection.execute(delete(documents).where(documents.c.collection == name))
            connection.execute(delete(collections).where(collections.c.name == name))
            self._revise(connection, name)
        self.given.remove(name)
        self.files.remove_attached(name)
        self.stores.remove(name)

    def revision(self, collection: str) -> int:
        """A number that grows whenever what the collection holds changes; 0 at first."""
        query = select(revisions.c.number).where(revisions.c.collection == collection)
        with self._transaction() as connection:
            return connection.scalar(query) or 0

    def revise(self, collection: str) -> None:
        """Tell other servers that what the collection holds has changed."""
        with self._transaction() as connection:
            self._revise(connection, collection)

    def _revise(self, connection: Connection, collection: str) -> None:
        if not self.database.shared:
            return
        mine = revisions.c.collection == collection
        grown = connection.execute(update(revisions).where(mine).values(number=revisions.c.number + 1))
        if not grown.rowcount:
            connection.execute(insert(revisions).values(collection=collection, number=1))

    def tally(self, collection: str) -> dict[DocumentState, tuple[int, int]]:
        """How many documents that are not attached files are in each state, and their bytes."""
        state = documents.c.state
        query = select(state, func.count(), func.sum(documents.c.size)).group_by(state)
        mine = and_(documents.c.collection == collection, ~documents.c.uri.startswith(ATTACHED))
        with self._transaction() as connection:
            rows = connection.execute(query.where(mine))
            return {DocumentState(row[0]): (row[1], int(row[2])) for row in rows}

    def filled(self) -> set[str]:
        """The collections that have something to search: documents with chunks, or given chunks."""
        chunked = select(documents.c.collection).where(documents.c.chunks > 0)
        with self._transaction() as connection:
            return set(connection.scalars(chunked.union(select(given_chunks.c.collection))))

    def totals(self, collection: str) -> Totals:
        """Counts over the collection."""
        mine = documents.c.collection == collection
        searchable = and_(mine, documents.c.chunks > 0)
        distinct = (
            select(documents.c.document_id, func.max(documents.c.chunks).label("chunks"))
            .where(searchable)
            .group_by(documents.c.document_id)
            .subquery()
        )
        with self._transaction() as connection:
            count = connection.scalar(select(func.count()).select_from(documents).where(mine))
            failed = connection.scalar(
                select(func.count())
                .select_from(documents)
                .where(mine, documents.c.state == DocumentState.FAILED.value)
            )
            pages = connection.scalar(select(func.sum(documents.c.pages)).where(searchable))
            chunks = connection.scalar(select(func.sum(distinct.c.chunks)))
        return Totals(count or 0, failed or 0, pages or 0, chunks or 0)

    # -- runs

    def save_run(self, run: Run) -> None:
        """Write the run, replacing its earlier state."""
        values = asdict(run) | {"state": run.state.value}
        with self._transaction() as connection:
            connection.execute(delete(runs).where(runs.c.id == run.id))
            connection.execute(insert(runs).values(**values))

    def runs(self, collection: str | None = None, limit: int = 20) -> tuple[Run, ...]:
        """Runs, newest first."""
        query = select(runs).order_by(runs.c.started_at.desc()).limit(limit)
        if collection is not None:
            query = query.where(runs.c.collection == collection)
        with self._transaction() as connection:
            return tuple(_run(row) for row in connection.execute(query))

    def interrupt_running(self) -> int:
        """Mark runs that no process is working on any more; returns how many there were."""
        with self._transaction() as connection:
            result = connection.execute(
                update(runs)
                .where(runs.c.state == RunState.RUNNING.value)
                .values(state=RunState.INTERRUPTED.value, finished_at=now())
            )
            return int(result.rowcount)

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


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    values["state"] = DocumentState(values["state"])
    values["origin"] = DocumentOrigin(values["origin"])
    values["notes"] = tuple(values["notes"])
    del values["file_id"]
    return Document(**values)


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values["state"] = RunState(values["state"])
    return Run(**values)
