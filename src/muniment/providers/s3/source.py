"""Source: a bucket of S3 or of a server that speaks its protocol."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

import httpx
from pydantic import Field

from muniment.errors import (
    DocumentError,
    MunimentError,
    NotFoundError,
    StorageError,
    is_disk_full,
)
from muniment.globs import EXCLUDE, INCLUDE, Selection
from muniment.protocols import Provider, ProviderContext
from muniment.providers.s3.answers import S3Object
from muniment.providers.s3.connection import Bucket, Retries
from muniment.providers.s3.failures import Refusal, refused, silent
from muniment.providers.s3.options import S3Options
from muniment.types import MetadataValue, SourceFile

_PIECE = 1 << 20
"""Bytes of an object held in memory at a time."""
_REST = 206


class S3SourceOptions(S3Options):
    """A bucket of S3, MinIO, SeaweedFS or the like, and which of its objects count."""

    include: tuple[str, ...] = Field(default=("*",), description=INCLUDE)
    exclude: tuple[str, ...] = Field(default=(), description=EXCLUDE)
    metadata: dict[str, MetadataValue] = Field(
        default_factory=dict, description="Key/value pairs given to every document, for filters."
    )


class S3Source:
    """Lists a bucket in the order of its keys; a file's version is its object's ETag and size."""

    def __init__(self, options: S3SourceOptions) -> None:
        self._options = options
        self._bucket = Bucket(options)
        self._selection = Selection(options.include, options.exclude)
        self._base = f"s3://{options.bucket}/"
        # Names begin behind the prefix's last folder, as paths do inside a local one.
        self._folder = options.prefix[: options.prefix.rfind("/") + 1]

    async def check(self) -> None:
        """Address, keys, bucket and the right to list it; each failure has a code of its own."""
        await self._bucket.check()

    async def list(self) -> AsyncIterator[SourceFile]:
        """Every object that counts, by key; keys that stand for folders do not."""
        await self.check()
        async for found in self._bucket.objects(self._options.prefix):
            name = found.key.removeprefix(self._folder)
            if self._selection.reaches(name):
                yield self._describe(found, name)

    async def fetch(self, file: SourceFile, target: Path) -> None:
        """Copy the object's bytes to ``target``: those that were listed, or none."""
        key = unquote(file.uri.removeprefix(self._base))
        etag = file.version.rpartition("-")[0]
        with _disk_failures(file.name), target.open("wb") as opened:
            await self._copy(key, etag, file.name, opened)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._bucket.aclose()

    async def _copy(self, key: str, etag: str, name: str, target: BinaryIO) -> None:
        """Bytes of the object; after a break the rest is asked for, so that a bad line gets there too."""
        retries = Retries(self._options.retries)
        while True:
            done = target.tell()
            headers = {"if-match": f'"{etag}"'} if etag else {}
            if done:
                headers["range"] = f"bytes={done}-"
            try:
                async with self._bucket.stream("GET", key, {}, headers) as response:
                    if response.is_success:
                        return await self._receive(response, etag, name, target)
                    refusal = Refusal.of(response, await response.aread())
            except httpx.TransportError as error:
                if target.tell() > done:
                    retries = Retries(self._options.retries)
                elif retries.left == 0:
                    raise silent(self._options, error) from error
            else:
                if retries.left == 0 or not refusal.may_pass:
                    raise self._refused(refusal, name)
            await retries.wait()

    async def _receive(self, response: httpx.Response, etag: str, name: str, target: BinaryIO) -> None:
        # Some servers do not heed If-Match or Range.
        if etag and response.headers.get("etag", etag).strip('"') != etag:
            raise _changed(name)
        if response.status_code != _REST and target.tell():
            target.seek(0)
            target.truncate()
        async for piece in response.aiter_raw(_PIECE):
            await asyncio.to_thread(target.write, piece)

    def _refused(self, refusal: Refusal, name: str) -> MunimentError:
        if refusal.status == 412:
            return _changed(name)
        if refusal.status == 404 and refusal.code != "NoSuchBucket":
            return NotFoundError(
                f"{name} disappeared after it was listed.",
                code="source_file_gone",
                hint="If it was moved or deleted on purpose, the next run forgets it.",
            )
        return refused(self._options, refusal)

    def _describe(self, found: S3Object, name: str) -> SourceFile:
        return SourceFile(
            uri=self._base + quote(found.key, safe="/~"),
            name=name,
            size=found.size,
            version=f"{found.etag}-{found.size}",
            metadata=dict(self._options.metadata),
        )


def _changed(name: str) -> DocumentError:
    return DocumentError(
        f"{name} was replaced after it was listed.",
        code="source_file_changed",
        hint="Run again: the next run reads what is there now.",
    )


@contextmanager
def _disk_failures(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{name} cannot be written for reading: {error.strerror or error}.",
            code="disk_full" if is_disk_full(error) else "storage_failed",
            hint="Free some space and run again; what was done is kept."
            if is_disk_full(error)
            else "Check that the data directory is writable.",
        ) from error


async def create(options: S3SourceOptions, context: ProviderContext) -> S3Source:
    """Make the source; nothing is asked of the server yet."""
    return S3Source(options)


PROVIDER = Provider("s3", S3SourceOptions, create)
