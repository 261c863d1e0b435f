"""Where raw files and parsed documents are kept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store: its key, its size in bytes, and when it was written, in seconds since 1970."""

    key: str
    size: int
    modified_at: float


class FileStore(Protocol):
    """Bytes under keys such as ``parsed/ab/abcd….json``; writes are atomic and durable."""

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data``, replacing what was there.

        Raises:
            StorageError: code ``disk_full`` or ``storage_failed``; nothing half-written remains.
            UnavailableError: the place where the files are kept does not answer; any method may.
        """

    async def get(self, key: str) -> bytes:
        """The bytes under ``key``.

        Raises:
            NotFoundError: code ``file_not_stored``.
        """

    async def exists(self, key: str) -> bool:
        """Whether ``key`` is stored."""

    async def touch(self, key: str) -> bool:
        """Make a stored file count as written just now; whether ``key`` is stored.

        Who relies on a file that is there already calls this first: garbage collection spares what is young.
        """

    async def delete(self, key: str) -> None:
        """Remove ``key``; no error when it is not there."""

    def list(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Every stored file whose key starts with ``prefix``."""

    async def aclose(self) -> None:
        """Let go of connections."""
