"""Engines for SQLite and PostgreSQL, set up the way the catalog needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event


def make_engine(uri: str) -> Engine:
    """An engine for a SQLAlchemy URI; the folder of a SQLite file is made."""
    if not uri.startswith("sqlite:///"):
        return create_engine(_with_driver(uri), pool_pre_ping=True)
    Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(uri, connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure_sqlite)
    return engine


@contextmanager
def exclusive_sqlite(url: URL) -> Iterator[Connection]:
    """One transaction that holds SQLite's write lock from its beginning and in which tables can be changed.

    Python's driver by itself begins one at the first changed row, so that a changed table would stay changed.
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin_immediately)
    with engine.begin() as connection:
        yield connection


def _with_driver(uri: str) -> str:
    """The URI with the driver that is installed, when it names none."""
    scheme, separator, rest = uri.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgresql", "postgres") else uri


def _configure_sqlite(connection: Any, _record: object) -> None:
    # WAL lets the command line read while a run writes; NORMAL survives the death of the process.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
