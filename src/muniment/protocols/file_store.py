"""Where raw files and parsed documents are kept."""

from collections.abc import AsyncIterator
from typing import Protocol


class FileStore(Protocol):
    """Bytes under keys such as ``parsed/ab/abcd….json``; writes are atomic and durable."""

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data``, replacing what was there.

        Raises:
            StorageError: code ``disk_full`` or ``storage_failed``; nothing half-written remains.
        """

    async def get(self, key: str) -> bytes:
        """The bytes under ``key``.

        Raises:
            NotFoundError: code ``file_not_stored``.
        """

    async def exists(self, key: str) -> bool:
        """Whether ``key`` is stored."""

    async def delete(self, key: str) -> None:
        """Remove ``key``; no error when it is not there."""

    def keys(self, prefix: str = "") -> AsyncIterator[str]:
        """Every stored key that starts with ``prefix``."""
