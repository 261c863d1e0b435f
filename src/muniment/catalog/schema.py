"""Which version the catalog's tables have, and how they come to the newest."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, func, inspect, select

from muniment.catalog.connections import exclusive_sqlite
from muniment.catalog.migrations.scripts import OURS, Migrations
from muniment.catalog.tables import metadata
from muniment.errors import ConflictError

_LATER_KEYS = {("documents", "generation")}
"""Columns of primary keys that the first catalogs, which have no version, had not."""

_MIGRATING = 0x6D756E69
"""Number of the lock that guards the tables; any that nobody else uses."""

_versions = Table(
    # As Alembic makes it, primary key's name included.
    "alembic_version",
    MetaData(naming_convention={"pk": "%(table_name)s_pkc"}),
    Column("version_num", String(32), primary_key=True),
)


def bring_to_head(engine: Engine, migrations: Migrations = OURS) -> None:
    """Give the database the tables of this version of Muniment, all of them or, when it fails, none.

    Raises:
        ConflictError: ``catalog_newer``, of a later version; ``catalog_foreign``, not a catalog at all.
        StorageError: ``catalog_migration_failed``, ``catalog_backup_failed``, ``disk_full``.
    """
    with engine.connect() as connection:
        if _is_at_head(connection, migrations):
            return
    with _exclusive(engine) as connection:
        # Asked again: another server may have brought it up to date while this one waited for the lock.
        if _is_at_head(connection, migrations):
            return
        if _version(connection) is None and not _is_catalog(connection):
            metadata.create_all(connection)
            _versions.create(connection, checkfirst=True)
            connection.execute(_versions.insert().values(version_num=migrations.head))
            return
        # Only here: Alembic takes long to import, and is seldom needed.
        from muniment.catalog.migrations.upgrade import upgrade

        upgrade(connection, _version(connection), migrations)


def _is_at_head(connection: Connection, migrations: Migrations) -> bool:
    version = _version(connection)
    if version == migrations.head:
        return True
    if version is None or version in migrations.known():
        return False
    raise ConflictError(
        f"The catalog at {_shown(connection.engine)} was made by a later version of Muniment: its tables "
        f"have version {version}, this one knows them up to {migrations.head}. Nothing was changed.",
        code="catalog_newer",
        hint="Use that version of Muniment, or restore the copy of the catalog made before it was brought "
        "up to date.",
    )


def _version(connection: Connection) -> str | None:
    """The version that is written down, None in an empty database and in catalogs older than the writing."""
    if not inspect(connection).has_table(_versions.name):
        return None
    return ",".join(connection.scalars(select(_versions.c.version_num))) or None


def _is_catalog(connection: Connection) -> bool:
    """Whether the database, which has no version, holds a catalog already; one of the first kinds, then."""
    known = inspect(connection)
    present = set(known.get_table_names()) & set(metadata.tables)
    for name in sorted(present):
        columns = {column["name"] for column in known.get_columns(name)}
        keys = {key.name for key in metadata.tables[name].primary_key if (name, key.name) not in _LATER_KEYS}
        if missing := keys - columns:
            raise ConflictError(
                f"The database at {_shown(connection.engine)} has a table {name!r} that is not Muniment's: "
                f"it has no column {', '.join(sorted(missing))}. Nothing was changed.",
                code="catalog_foreign",
                hint="Give Muniment a database, or a schema, of its own in `catalog_uri`.",
            )
    return bool(present)


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


@contextmanager
def _exclusive(engine: Engine) -> Iterator[Connection]:
    """One transaction, tables included, that nobody else's runs beside."""
    if engine.dialect.name == "sqlite":
        with exclusive_sqlite(engine.url) as connection:
            yield connection
    else:
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
            yield connection
