"""The database behind the catalog: SQLite or PostgreSQL by SQLAlchemy; its errors say what to do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Float,
    Integer,
    create_engine,
    event,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from muniment.catalog.tables import documents, metadata
from muniment.errors import MunimentError, StorageError, UnavailableError
from muniment.types import file_id_of

_LITTLE_SPACE = 256 * 1024
"""Bytes; what SQLite adds to its files at a time, and some."""


_MAKING_TABLES = 0x6D756E69
"""Number of the lock that guards the making of tables; any that nobody else uses."""


class Database:
    """One engine, shared by everything that is kept in the catalog."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, uri: str) -> "Database":
        """Open the database at a SQLAlchemy URI, making its tables when they are missing."""
        if uri.startswith("sqlite:///"):
            Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(uri, connect_args={"timeout": 30})
            event.listen(engine, "connect", _configure_sqlite)
        else:
            engine = create_engine(_with_driver(uri), pool_pre_ping=True)
        with _errors_explained(engine.url), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # Two servers that start at once must not both make the tables.
                connection.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
            metadata.create_all(connection)
            _bring_up_to_date(connection)
        return cls(engine)

    @property
    def shared(self) -> bool:
        """Whether other servers may work on it too."""
        return self._engine.dialect.name != "sqlite"

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, with the database's errors turned into ours."""
        with _errors_explained(self._engine.url), self._engine.begin() as connection:
            yield connection


def _bring_up_to_date(connection: Connection) -> None:
    """Add what a catalog of an earlier version does not have: columns, empty or 0, and indexes."""
    known = inspect(connection)
    for table in metadata.sorted_tables:
        present = {column["name"] for column in known.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                kind = column.type.compile(connection.dialect)
                empty = "0" if isinstance(column.type, Integer | Float) else "''"
                connection.exec_driver_sql(
                    f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind} NOT NULL DEFAULT {empty}"
                )
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    unnamed = select(documents.c.collection, documents.c.uri).where(documents.c.file_id == "")
    for collection, uri in connection.execute(unnamed).all():
        mine = (documents.c.collection == collection) & (documents.c.uri == uri)
        connection.execute(update(documents).where(mine).values(file_id=file_id_of(collection, uri)))


def _with_driver(uri: str) -> str:
    """The URI with the driver that is installed, when it names none."""
    scheme, separator, rest = uri.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgresql", "postgres") else uri


def _configure_sqlite(connection: Any, _record: object) -> None:
    # WAL lets the command line read while a run writes; NORMAL survives the death of the process.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


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
