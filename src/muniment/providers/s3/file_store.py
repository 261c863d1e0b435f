"""File store: a bucket of S3 or of a server that speaks its protocol."""

import io
from collections.abc import AsyncIterator

from muniment.errors import NotFoundError
from muniment.protocols import Provider, ProviderContext, StoredFile
from muniment.providers.s3.connection import Bucket
from muniment.providers.s3.options import S3Options


class S3FileStoreOptions(S3Options):
    """A bucket of S3, MinIO, SeaweedFS or the like; `prefix` is a folder of it for this catalog alone."""


class S3FileStore:
    """One object a key; S3 shows an object when all of it has arrived, and not before."""

    def __init__(self, options: S3FileStoreOptions) -> None:
        self._options = options
        self._bucket = Bucket(options)
        self._folder = f"{options.prefix.strip('/')}/" if options.prefix.strip("/") else ""

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data`` under ``key``."""
        await self._bucket.put(self._folder + key, data)

    async def get(self, key: str) -> bytes:
        """The bytes under ``key``."""
        found = io.BytesIO()
        if await self._bucket.read(self._folder + key, "", found) is not None:
            raise NotFoundError(
                f"No file is stored under {key!r} in the bucket {self._options.bucket!r}.",
                code="file_not_stored",
                hint="Ingest the document again: `muniment ingest`.",
            )
        return found.getvalue()

    async def exists(self, key: str) -> bool:
        """Whether ``key`` is stored."""
        return await self._bucket.exists(self._folder + key)

    async def touch(self, key: str) -> bool:
        """Make the file count as written just now, by copying the object onto itself there."""
        return await self._bucket.touch(self._folder + key)

    async def delete(self, key: str) -> None:
        """Remove ``key``."""
        await self._bucket.delete(self._folder + key)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Every stored file whose key starts with ``prefix``."""
        async for found in self._bucket.objects(self._folder + prefix):
            if not found.key.endswith("/"):
                yield StoredFile(found.key.removeprefix(self._folder), found.size, found.modified_at)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._bucket.aclose()


async def create(options: S3FileStoreOptions, context: ProviderContext) -> S3FileStore:
    """Make the store; nothing is asked of the server yet."""
    return S3FileStore(options)


PROVIDER = Provider("s3", S3FileStoreOptions, create)
