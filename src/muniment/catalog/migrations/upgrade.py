"""Runs the migrations that a catalog lacks."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from muniment.catalog.failures import disk_full, is_disk_full
from muniment.catalog.migrations.scripts import Migrations
from muniment.errors import MunimentError, StorageError

_one_at_a_time = threading.Lock()
"""Alembic keeps what it works on in its modules' globals."""


def upgrade(connection: Connection, version: str | None, migrations: Migrations) -> None:
    """Migrate within the connection's transaction; a SQLite file is copied first.

    Args:
        connection: in a transaction, which nobody else's runs beside.
        version: of the catalog; None for those made before versions were written down.
        migrations: the last of them is where it is brought to.

    Raises:
        StorageError: ``catalog_migration_failed``, ``catalog_backup_failed``, ``disk_full``.
    """
    url = connection.engine.url
    shown = url.render_as_string(hide_password=True)
    if connection.dialect.name == "sqlite":
        back_up(Path(str(url.database)), migrations.head)
    try:
        with _one_at_a_time:
            command.upgrade(configuration(connection, migrations), "head")
    except MunimentError:
        raise
    except Exception as error:
        if isinstance(error, OperationalError) and is_disk_full(str(error.orig), url):
            raise disk_full(shown) from error
        raise StorageError(
            f"The catalog at {shown} could not be brought from version {version or 'none'} to "
            f"{migrations.head}: {error}",
            code="catalog_migration_failed",
            hint="It is as it was, and the version of Muniment that made it still opens it. See the log.",
        ) from error


def back_up(file: Path, head: str) -> None:
    """Copy a SQLite catalog, as it is before it is migrated to ``head``, to a file beside it.

    Raises:
        StorageError: ``catalog_backup_failed``.
    """
    copy = file.with_name(f"{file.stem}.before-{head}{file.suffix}")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(copy)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise StorageError(
            f"The catalog {file} could not be copied to {copy.name}, as is done before it is brought "
            f"up to date: {error}",
            code="catalog_backup_failed",
            hint="It is as it was. There must be space for a second one, and its folder must be writable.",
        ) from error


def configuration(connection: Connection, migrations: Migrations) -> Config:
    """What Alembic has to know, said in code: there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", "muniment.catalog:migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(migrations.folder).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
