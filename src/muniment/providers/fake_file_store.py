"""File store: a dictionary, for tests."""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict

from muniment.errors import NotFoundError
from muniment.protocols import Provider, ProviderContext


class FakeFileStoreOptions(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FakeFileStore:
    """Keeps files in memory; they are gone with the process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data`` under ``key``."""
        self._files[key] = bytes(data)

    async def get(self, key: str) -> bytes:
        """The bytes under ``key``."""
        try:
            return self._files[key]
        except KeyError:
            raise NotFoundError(f"No file is stored under {key!r}.", code="file_not_stored") from None

    async def exists(self, key: str) -> bool:
        """Whether ``key`` is stored."""
        return key in self._files

    async def delete(self, key: str) -> None:
        """Remove ``key``."""
        self._files.pop(key, None)

    async def keys(self, prefix: str = "") -> AsyncIterator[str]:
        """Every stored key that starts with ``prefix``."""
        for key in sorted(self._files):
            if key.startswith(prefix):
                yield key


async def create(options: FakeFileStoreOptions, context: ProviderContext) -> FakeFileStore:
    """Make the store."""
    return FakeFileStore()


PROVIDER = Provider("fake", FakeFileStoreOptions, create)
