"""File store: a folder on this machine."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import InputError, NotFoundError, StorageError, is_disk_full
from muniment.protocols import Provider, ProviderContext, StoredFile

_PARTS = ".parts"
"""Folder of the files that are being written; on the same file system, so that renaming them is one step."""
_LISTED_AT_ONCE = 2000
"""Files looked at before the event loop is given back."""
_ABANDONED_S = 3600.0
"""A file that is still being written after this long is what a killed process left."""


class FolderFileStoreOptions(BaseModel):
    """Where the files are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path | None = Field(
        default=None, description="The folder; `files` in the data directory when omitted."
    )


class FolderFileStore:
    """One file a key; written in full, synced, and only then renamed into its place."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data`` under ``key``."""
        await asyncio.to_thread(self._write, self._path(key), data)

    async def get(self, key: str) -> bytes:
        """The bytes under ``key``."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"No file is stored under {key!r}.",
                code="file_not_stored",
                hint="Ingest the document again: `muniment ingest`.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The file stored under {key!r} cannot be read: {error.strerror}.",
                hint=f"Check {self._root} and its permissions.",
            ) from error

    async def exists(self, key: str) -> bool:
        """Whether ``key`` is stored."""
        return self._path(key).is_file()

    async def delete(self, key: str) -> None:
        """Remove ``key``."""
        self._path(key).unlink(missing_ok=True)

    async def touch(self, key: str) -> bool:
        """Make the file count as written just now."""
        try:
            os.utime(self._path(key))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(
                f"The time of the file stored under {key!r} cannot be set: {error.strerror}.",
                hint=f"Check {self._root} and its permissions.",
            ) from error
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Every stored file whose key starts with ``prefix``."""
        found = self._walk(prefix)
        while files := await asyncio.to_thread(lambda: list(islice(found, _LISTED_AT_ONCE))):
            for file in files:
                yield file

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def _walk(self, prefix: str) -> Iterator[StoredFile]:
        above = self._root / prefix.rpartition("/")[0]
        for folder, subfolders, names in os.walk(above):
            subfolders[:] = sorted(set(subfolders) - {_PARTS})
            for name in sorted(names):
                path = Path(folder, name)
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix):
                    with contextlib.suppress(FileNotFoundError):  # removed since the folder was read
                        status = path.stat()
                        yield StoredFile(key, status.st_size, status.st_mtime)

    def sweep(self) -> None:
        """Remove what killed processes left half written."""
        with contextlib.suppress(OSError):
            for part in (self._root / _PARTS).iterdir():
                if time.time() - part.stat().st_mtime > _ABANDONED_S:
                    part.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts or parts.parts[0] == _PARTS:
            raise InputError(
                f"{key!r} is no key of a file store.", code="unsafe_name", hint="Use a plain relative path."
            )
        return self._root / parts

    def _write(self, path: Path, data: bytes) -> None:
        part: Path | None = None
        try:
            for folder in (path.parent, self._root / _PARTS):
                # Looked for first: it is nearly always there, and to be told so by an exception takes longer.
                if not folder.is_dir():
                    folder.mkdir(parents=True, exist_ok=True)
            part = self._root / _PARTS / uuid4().hex
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            if part is not None:
                part.unlink(missing_ok=True)
            full = is_disk_full(error)
            raise StorageError(
                f"{path.name} ({len(data)} bytes) cannot be written under {self._root}: {error.strerror}.",
                code="disk_full" if full else "storage_failed",
                hint="Free some space and run again; what was done is kept."
                if full
                else "Check that the folder is writable.",
            ) from error


async def create(options: FolderFileStoreOptions, context: ProviderContext) -> FolderFileStore:
    """Make the store; its folder is made with the first file."""
    store = FolderFileStore(options.path or context.data_dir / "files")
    await asyncio.to_thread(store.sweep)
    return store


PROVIDER = Provider("folder", FolderFileStoreOptions, create)
