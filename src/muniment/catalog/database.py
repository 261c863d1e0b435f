"""The database behind the catalog: SQLite or PostgreSQL by SQLAlchemy; its errors say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from muniment.catalog.connections import make_engine
from muniment.catalog.failures import errors_explained
from muniment.catalog.schema import bring_to_head


class Database:
    """One engine, shared by everything that is kept in the catalog."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, uri: str) -> "Database":
        """Open the database at a SQLAlchemy URI, making its tables or bringing them up to date.

        Raises:
            ConflictError: ``catalog_newer`` or ``catalog_foreign``: not a catalog that this version can use.
            StorageError: ``catalog_migration_failed``, ``catalog_damaged``, ``disk_full``.
            UnavailableError: ``catalog_unavailable``.
        """
        engine = make_engine(uri)
        try:
            with errors_explained(engine.url):
                bring_to_head(engine)
        except BaseException:
            engine.dispose()
            raise
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
        with errors_explained(self._engine.url), self._engine.begin() as connection:
            yield connection
