"""The documents of all collections, generation by generation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, insert, select

from muniment.catalog.clock import now
from muniment.catalog.database import Database
from muniment.catalog.generations import live_number, lock_generations
from muniment.catalog.revisions import Revisions
from muniment.catalog.tables import documents
from muniment.types import Document, DocumentOrigin, DocumentState, file_id_of, reading
from muniment.types.store import ATTACHED

_KEY = ("collection", "uri", "generation")
_DELETE = delete(documents).where(*(documents.c[name] == bindparam(f"at_{name}") for name in _KEY))
_INSERT = insert(documents)
_HOLDS = (
    select(documents.c.uri)
    .where(*(documents.c[name] == bindparam(name) for name in ("collection", "generation", "document_id")))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over a collection's documents; ``chunks`` counts shared content once."""

    documents: int = 0
    failed: int = 0
    pages: int = 0
    chunks: int = 0


class Documents:
    """Documents by collection, generation and URI.

    Where a method takes a generation's number, the live one is meant when it is left out.
    """

    def __init__(self, database: Database, revisions: Revisions) -> None:
        self._transaction = database.transaction
        self._revisions = revisions

    def documents(
        self,
        collection: str,
        *,
        generation: int | None = None,
        state: DocumentState | None = None,
        limit: int | None = None,
        after: str = "",
    ) -> tuple[Document, ...]:
        """Documents by name and URI, from behind the name ``after``."""
        query = select(documents).where(_of(collection, generation))
        if state is not None:
            query = query.where(documents.c.state == state.value)
        if after:
            query = query.where(documents.c.name > after)
        query = query.order_by(documents.c.name, documents.c.uri)
        if limit is not None:
            query = query.limit(limit)
        with self._transaction() as connection:
            return tuple(_document(row) for row in connection.execute(query))

    def documents_by_uri(
        self,
        collection: str,
        *,
        generation: int | None = None,
        origin: DocumentOrigin | None = None,
        limit: int = 1000,
        after: str = "",
    ) -> tuple[Document, ...]:
        """The next documents by URI, from behind the URI ``after``."""
        query = select(documents).where(_of(collection, generation), documents.c.uri > after)
        if origin is not None:
            query = query.where(documents.c.origin == origin.value)
        with self._transaction() as connection:
            rows = connection.execute(query.order_by(documents.c.uri).limit(limit))
            return tuple(_document(row) for row in rows)

    def documents_at(
        self, connection: Connection, collection: str, uris: Collection[str], generation: int
    ) -> dict[str, Document]:
        """The documents under these URIs, as an open transaction sees them."""
        query = select(documents).where(_of(collection, generation), documents.c.uri.in_(uris))
        return {row.uri: _document(row) for row in connection.execute(query)}

    def document_at(self, collection: str, uri: str, *, generation: int | None = None) -> Document | None:
        """The document under this URI, or None."""
        query = select(documents).where(_of(collection, generation), documents.c.uri == uri)
        with self._transaction() as connection:
            row = connection.execute(query).first()
        return _document(row) if row else None

    def document_of_file(self, file_id: str, collection: str | None = None) -> Document | None:
        """The document whose file has this id, of one collection or of any."""
        query = select(documents).where(documents.c.file_id == file_id)
        query = query.where(documents.c.generation == live_number(documents.c.collection))
        if collection is not None:
            query = query.where(documents.c.collection == collection)
        with self._transaction() as connection:
            row = connection.execute(query.limit(1)).first()
        return _document(row) if row else None

    def documents_by_id(
        self, collection: str, document_ids: Sequence[str], *, generation: int | None = None
    ) -> dict[str, Document]:
        """The documents with these ids, by id; of several names for one content, the first."""
        condition = and_(_of(collection, generation), documents.c.document_id.in_(document_ids))
        query = select(documents).where(condition).order_by(documents.c.name.desc())
        with self._transaction() as connection:
            return {row.document_id: _document(row) for row in connection.execute(query)}

    def documents_with_content(
        self, collection: str, document_id: str, *, generation: int | None = None
    ) -> tuple[Document, ...]:
        """All names under which the same bytes are in the collection."""
        with self._transaction() as connection:
            return self.documents_with_content_in(connection, collection, document_id, generation)

    def documents_with_content_in(
        self, connection: Connection, collection: str, document_id: str, generation: int | None
    ) -> tuple[Document, ...]:
        """The same in a transaction that is open."""
        condition = and_(_of(collection, generation), documents.c.document_id == document_id)
        # Put in order here: asked for it, SQLite reads the whole collection by its index of names.
        rows = connection.execute(select(documents).where(condition))
        return tuple(sorted(map(_document, rows), key=lambda document: document.name))

    def holds_document_in(
        self, connection: Connection, collection: str, generation: int, document_id: str
    ) -> bool:
        """Whether a document of the generation has this content, as an open transaction sees it."""
        at = {"collection": collection, "generation": generation, "document_id": document_id}
        return connection.execute(_HOLDS, at).first() is not None

    def reads_content(self, content_hash: str, parser: str) -> bool:
        """Whether a document of any collection and generation has this content, read by this parser."""
        condition = and_(documents.c.content_hash == content_hash, documents.c.parser == parser)
        with self._transaction() as connection:
            return connection.execute(select(documents.c.uri).where(condition).limit(1)).first() is not None

    def has_content(self, content_hash: str) -> bool:
        """Whether a document of any collection and generation has this content."""
        query = select(documents.c.uri).where(documents.c.content_hash == content_hash).limit(1)
        with self._transaction() as connection:
            return connection.execute(query).first() is not None

    def readers_of(self, hashes: Collection[str]) -> dict[str, set[str]]:
        """Versions of the parsers that read these contents, of any collection's documents, by hash."""
        held = documents.c.content_hash
        query = select(held, documents.c.parser).distinct().where(held.in_(hashes))
        parsers: dict[str, set[str]] = {}
        with self._transaction() as connection:
            for content_hash, parser in connection.execute(query):
                parsers.setdefault(content_hash, set()).add(parser)
        return parsers

    def any_content(self) -> bool:
        """Whether any document has bytes that may be kept."""
        query = select(documents.c.uri).where(documents.c.content_hash != "").limit(1)
        with self._transaction() as connection:
            return connection.execute(query).first() is not None

    def save_document(self, document: Document) -> None:
        """Write the document, replacing what was under its URI in its generation."""
        with self._transaction() as connection:
            if document.origin is DocumentOrigin.UPLOAD:
                lock_generations(connection, document.collection)
            self.save_in(connection, [document])

    def save_in(self, connection: Connection, saved: Sequence[Document]) -> None:
        """Write documents of one collection in a transaction that is open, each as ``save_document``.

        For an upload, the transaction has begun with ``lock_generations``.
        """
        if not saved:
            return
        written = now()
        keys = [{f"at_{name}": getattr(one, name) for name in _KEY} for one in saved]
        connection.execute(_DELETE, keys)
        connection.execute(_INSERT, [_values(one, written) for one in saved])
        self._revisions.grow(connection, saved[0].collection)

    def remove_in(self, connection: Connection, collection: str, uri: str, generation: int) -> None:
        """Forget the document under this URI, in a transaction that has begun with ``lock_generations``."""
        connection.execute(_DELETE, {"at_collection": collection, "at_uri": uri, "at_generation": generation})
        self._revisions.grow(connection, collection)

    def tally(self, collection: str) -> dict[DocumentState, tuple[int, int]]:
        """How many documents that are not attached files are in each state, and their bytes."""
        state = documents.c.state
        query = select(state, func.count(), func.sum(documents.c.size)).group_by(state)
        mine = and_(_of(collection, None), ~documents.c.uri.startswith(ATTACHED))
        with self._transaction() as connection:
            rows = connection.execute(query.where(mine))
            return {DocumentState(row[0]): (row[1], int(row[2])) for row in rows}

    def totals(self, collection: str, *, generation: int | None = None) -> Totals:
        """Counts over the collection."""
        mine = _of(collection, generation)
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

    def count_read_by_others(self, collection: str, parser: str) -> tuple[int, int]:
        """How many documents of the live generation have chunks, and how many of another parser's text."""
        mine = and_(_of(collection, None), documents.c.chunks > 0)
        count = select(func.count()).select_from(documents).where(mine)
        with self._transaction() as connection:
            as_forms = documents.c.parser.startswith(reading(parser, ""), autoescape=True)
            others = connection.scalar(count.where(documents.c.parser != parser, ~as_forms))
            return connection.scalar(count) or 0, others or 0


def _of(collection: str, generation: int | None) -> ColumnElement[bool]:
    number = live_number(collection) if generation is None else generation
    return and_(documents.c.collection == collection, documents.c.generation == number)


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    values["state"] = DocumentState(values["state"])
    values["origin"] = DocumentOrigin(values["origin"])
    values["notes"] = tuple(values["notes"])
    del values["file_id"]
    return Document(**values)


_FIELDS = tuple(field.name for field in fields(Document))


def _values(document: Document, written: str) -> dict[str, Any]:
    values = {name: getattr(document, name) for name in _FIELDS}
    return values | {
        "state": document.state.value,
        "origin": document.origin.value,
        "notes": list(document.notes),
        "updated_at": written,
        "file_id": file_id_of(document.collection, document.uri),
    }
