"""Uploaded files: their names, and the way from the request to a file on disk."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from anyio import to_thread
from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from muniment.api.errors import LimitExceeded
from muniment.errors import InputError, StorageError, is_disk_full
from muniment.types import MetadataValue

MAX_FILES = 100
MAX_NAME_BYTES = 255

_METADATA: TypeAdapter[dict[str, MetadataValue]] = TypeAdapter(dict[str, MetadataValue])


def safe_name(name: str) -> str:
    """``name`` if it is a plain relative path.

    Raises:
        InputError: code ``unsafe_name``.
    """
    parts = PurePosixPath(name).parts
    unsafe = (
        not parts
        or name.startswith("/")
        or "\\" in name
        or ":" in parts[0]
        or any(part in (".", "..") or len(part.encode()) > MAX_NAME_BYTES for part in name.split("/"))
        or not name.isprintable()
    )
    if unsafe:
        raise InputError(
            f"{name[:100]!r} cannot be a document's name.",
            code="unsafe_name",
            hint="Use a plain file name or relative path, without '..', backslashes or control characters.",
        )
    return str(PurePosixPath(name))


@asynccontextmanager
async def upload_form(request: Request) -> AsyncIterator[FormData]:
    """The request's form; its files lie in temporary files meanwhile.

    Raises:
        InputError: code ``invalid_upload``: not multipart, or damaged.
        StorageError: code ``disk_full``.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InputError(
            "The body is not multipart/form-data.",
            code="invalid_upload",
            hint="Send one or more parts named `file`: curl -F file=@handbook.pdf …",
        )
    try:
        form = await request.form(max_files=MAX_FILES, max_fields=MAX_FILES)
    except LimitExceeded:
        raise
    except HTTPException as error:
        raise InputError(
            f"The upload cannot be read: {error.detail}", code="invalid_upload", hint="Send it again."
        ) from error
    except OSError as error:
        raise _storage_error(error) from error
    try:
        yield form
    finally:
        await form.close()


def uploaded_files(form: FormData) -> list[tuple[str, UploadFile]]:
    """The form's files with their names checked, all before any is ingested."""
    files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
    if not files:
        raise InputError(
            "The upload holds no file.",
            code="invalid_upload",
            hint="Send parts named `file`, with a file name.",
        )
    return [(safe_name(part.filename or ""), part) for part in files]


def uploaded_metadata(form: FormData) -> dict[str, MetadataValue]:
    """The form's field ``metadata``, a JSON object; empty when it is missing."""
    text = form.get("metadata", "{}")
    try:
        return _METADATA.validate_python(json.loads(text) if isinstance(text, str) else None)
    except (ValidationError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            "The field `metadata` is not a JSON object of strings, numbers and booleans.",
            code="invalid_metadata",
            hint='Send for example {"year": 2026, "department": "hr"}.',
        ) from error


@asynccontextmanager
async def on_disk(part: UploadFile) -> AsyncIterator[Path]:
    """The uploaded bytes as a file that is gone afterwards."""
    folder = Path(await to_thread.run_sync(tempfile.mkdtemp, "", "muniment-upload-"))
    path = folder / "upload"
    try:
        try:
            await to_thread.run_sync(_copy, part.file, path)
        except OSError as error:
            raise _storage_error(error) from error
        yield path
    finally:
        await to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))


def _copy(source: Any, path: Path) -> None:
    source.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)


def _storage_error(error: OSError) -> StorageError:
    full = is_disk_full(error)
    return StorageError(
        f"The upload cannot be kept: {error.strerror}.",
        code="disk_full" if full else "storage_failed",
        hint="Free space on the disk that holds temporary files (TMPDIR)."
        if full
        else "See the server's log.",
    )
