"""What the database's errors mean, in our words."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from muniment.catalog.refusals import refusal
from muniment.errors import MunimentError, StorageError, UnavailableError

_LITTLE_SPACE = 256 * 1024
"""Bytes; what SQLite adds to its files at a time, and some."""


@contextmanager
def errors_explained(url: URL) -> Iterator[None]:
    """Raise our errors where the database at the URL raises its own."""
    uri = url.render_as_string(hide_password=True)
    try:
        yield
    except MunimentError:
        raise
    except OperationalError as error:
        text = str(error.orig)
        if is_disk_full(text, url):
            raise disk_full(uri) from error
        why, hint = _why_not(text, url)
        raise UnavailableError(
            f"The catalog at {uri} cannot be used: {why}.", code="catalog_unavailable", hint=hint
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


def _why_not(text: str, url: URL) -> tuple[str, str]:
    if not url.drivername.startswith("sqlite"):
        return refusal(text, url)
    if "locked" in text:
        return text, "See which other program has it open for writing, end that, and run again."
    return text, "Check that its folder is writable."


def is_disk_full(text: str, url: URL) -> bool:
    """Whether that is what the text of an operational error means."""
    return "disk is full" in text or "No space left" in text or ("I/O error" in text and _no_space_at(url))


def disk_full(uri: str) -> StorageError:
    """The error for it."""
    return StorageError(
        f"The disk is full: the catalog at {uri} cannot be written.",
        code="disk_full",
        hint="Free some space; nothing that was done is lost, run the same command again.",
    )


def _no_space_at(url: URL) -> bool:
    """Whether the file's disk is full, for which SQLite often has no better word than I/O error."""
    return bool(url.database) and shutil.disk_usage(Path(str(url.database)).parent).free < _LITTLE_SPACE


def _failed(uri: str, why: str) -> StorageError:
    return StorageError(
        f"The catalog at {uri} failed: {why}", code="catalog_failed", hint="See the log, and try again."
    )
