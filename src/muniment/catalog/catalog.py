"""The catalog: what it says is done is searchable, what it does not say is redone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Row,
    and_,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from muniment.catalog.tables import collections, documents, mendings, metadata, runs
from muniment.errors import MunimentError, StorageError, UnavailableError
from muniment.types import Document, DocumentOrigin, DocumentState, Mending, Run, RunState

_LITTLE_SPACE = 256 * 1024
"""Bytes; what SQLite adds to its files at a time, and some."""


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
    """Collections, documents, runs and mendings behind one SQLAlchemy engine.

    Methods are synchronous and short; async callers run them in a thread. Every method raises
    StorageError (``disk_full``, ``catalog_failed``) or UnavailableError (``catalog_unavailable``).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, uri: str) -> "Catalog":
        """Open the catalog at a SQLAlchemy URI, making its tables when they are missing."""
        if uri.startswith("sqlite:///"):
            Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(uri, connect_args={"timeout": 30})
            event.listen(engine, "connect", _configure_sqlite)
        else:
            engine = create_engine(uri, pool_pre_ping=True)
        with _errors_explained(engine.url):
            metadata.create_all(engine)
        return cls(engine)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with _errors_explained(self._engine.url), self._engine.begin() as connection:
            yield connection

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
            return connection.execute(select(documents.c.uri).where(condition).limit(1)).first() is not None

    def save_document(self, document: Document) -> None:
        """Write the document, replacing what was under its URI."""
        values = asdict(replace(document, updated_at=now()))
        values |= {
            "state": document.state.value,
            "origin": document.origin.value,
            "notes": list(document.notes),
        }
        key = and_(documents.c.collection == document.collection, documents.c.uri == document.uri)
        with self._transaction() as connection:
            connection.execute(delete(documents).where(key))
            connection.execute(insert(documents).values(**values))

    def remove_document(self, collection: str, uri: str) -> None:
        """Forget the document under this URI."""
        with self._transaction() as connection:
            connection.execute(
                delete(documents).where(and_(documents.c.collection == collection, documents.c.uri == uri))
            )

    def forget_contents(self, collection: str) -> None:
        """Mark every document as not done, so that the next run makes its chunks anew."""
        with self._transaction() as connection:
            connection.execute(
                update(documents).where(documents.c.collection == collection).values(version="", chunks=0)
            )

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


def _configure_sqlite(connection: Any, _record: object) -> None:
    # WAL lets the command line read while a run writes; NORMAL survives the death of the process.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    values["state"] = DocumentState(values["state"])
    values["origin"] = DocumentOrigin(values["origin"])
    values["notes"] = tuple(values["notes"])
    return Document(**values)


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values["state"] = RunState(values["state"])
    return Run(**values)


@contextmanager
def _errors_explained(url: URL) -> Iterator[None]:
    uri = url.render_as_string(hide_password=True)
    try:
        yield
    except MunimentError:
        raise
    except OperationalError as error:
        text = str(error.orig)
        if "disk is full" in text or "No space left" in text or ("I/O error" in text and _no_space_at(url)):
            raise StorageError(
                f"The disk is full: the catalog at {uri} cannot be written.",
                code="disk_full",
                hint="Free some space; nothing that was done is lost, run the same command again.",
            ) from error
        raise UnavailableError(
            f"The catalog at {uri} cannot be used: {text}",
            code="catalog_unavailable",
            hint="Check that its folder is writable or that its server runs.",
        ) from error
    except DBAPIError as error:
        text = str(error.orig)
        if "malformed" in text or "not a database" in text:
            raise StorageError(
                f"The catalog at {uri} is damaged: {text}.",
                code="catalog_damaged",
                hint="Restore a backup of the file, or move it and those that begin with its name away, "
                "then run `muniment ingest`: what was parsed and embedded is kept. Send uploads again.",
            ) from error
        raise _failed(uri, text) from error
    except SQLAlchemyError as error:
        raise _failed(uri, str(error)) from error


def _no_space_at(url: URL) -> bool:
    """Whether the file's disk is full, for which SQLite often has no better word than I/O error."""
    return bool(url.database) and shutil.disk_usage(Path(str(url.database)).parent).free < _LITTLE_SPACE


def _failed(uri: str, why: str) -> StorageError:
    return StorageError(
        f"The catalog at {uri} failed: {why}", code="catalog_failed", hint="See the log, and try again."
    )
