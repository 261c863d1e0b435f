"""File store: a dictionary, for tests."""

import time
from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict

from muniment.errors import NotFoundError
from muniment.protocols import Provider, ProviderContext, StoredFile


class FakeFileStoreOptions(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FakeFileStore:
    """Keeps files in memory; they are gone with the process."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, float]] = {}

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data`` under ``key``."""
        self._files[key] = (bytes(data), time.time())

    async def get(self, key: str) -> bytes:
        """The bytes under ``key``."""
        try:
            return self._files[key][0]
        except KeyError:
            raise NotFoundError(f"No file is stored under {key!r}.", code="file_not_stored") from None

    async def exists(self, key: str) -> bool:
        """Whether ``key`` is stored."""
        return key in self._files

    async def delete(self, key: str) -> None:
        """Remove ``key``."""
        self._files.pop(key, None)

    async def touch(self, key: str) -> bool:
        """Make the file count as written just now."""
        if key not in self._files:
            return False
        self._files[key] = (self._files[key][0], time.time())
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Every stored file whose key starts with ``prefix``."""
        for key, (data, modified_at) in sorted(self._files.items()):
            if key.startswith(prefix):
                yield StoredFile(key, len(data), modified_at)

    async def aclose(self) -> None:
        """Nothing to let go of."""


async def create(options: FakeFileStoreOptions, context: ProviderContext) -> FakeFileStore:
    """Make the store."""
    return FakeFileStore()


PROVIDER = Provider("fake", FakeFileStoreOptions, create)
