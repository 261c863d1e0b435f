"""Source: a bucket of S3 or of a server that speaks its protocol."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from minio.helpers import check_object_name
from pydantic import Field

from muniment.errors import (
    DocumentError,
    NotFoundError,
    StorageError,
    is_disk_full,
)
from muniment.globs import EXCLUDE, INCLUDE, Selection
from muniment.protocols import Provider, ProviderContext
from muniment.providers.s3.connection import Bucket, Replaced, S3Object
from muniment.providers.s3.options import S3Options
from muniment.types import MetadataValue, SourceFile


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
        _check_name(key, file.name)
        with _disk_failures(file.name), target.open("wb") as opened:
            try:
                refusal = await self._bucket.read(key, etag, opened)
            except Replaced as error:
                raise _changed(file.name) from error
        if refusal is not None:
            raise _changed(file.name) if refusal.status == 412 else _gone(file.name)

    def holds(self, uri: str) -> bool:
        """Whether it is an object of the bucket below the prefix."""
        return uri.startswith(self._uri(self._options.prefix))

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._bucket.aclose()

    def _uri(self, key: str) -> str:
        return self._base + quote(key, safe="/~")

    def _describe(self, found: S3Object, name: str) -> SourceFile:
        return SourceFile(
            uri=self._uri(found.key),
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


def _gone(name: str) -> NotFoundError:
    return NotFoundError(
        f"{name} disappeared after it was listed.",
        code="source_file_gone",
        hint="If it was moved or deleted on purpose, the next run forgets it.",
    )


def _check_name(key: str, name: str) -> None:
    try:
        check_object_name(key)
    except ValueError as error:
        raise DocumentError(
            f"The object {key!r} cannot be asked for: its key is blank, or has a part '.' or '..'.",
            code="source_file_unreadable",
            hint=f"Give {name!r} another key.",
        ) from error


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
