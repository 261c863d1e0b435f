"""One bucket, by MinIO's client: its calls run in threads, its failures become errors of ours."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from threading import Event
from typing import BinaryIO, TypeVar

from minio import Minio
from minio.commonconfig import REPLACE, CopySource
from minio.datatypes import Object
from minio.error import MinioException
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, TimeoutError

from muniment.providers.s3.client import Patience, client_for
from muniment.providers.s3.failures import Refusal, not_s3, refused, silent
from muniment.providers.s3.options import S3Options

_THREADS = 16
_PATIENCE_IN_CHECKS = 2
_PAGE = 1000
_PIECE = 1 << 20
"""Bytes of an object held in memory at a time."""
_SINGLE_UPLOAD = 5 << 20
"""Bytes up to which the client always uploads in one request."""
_REST = 206
_ABSENT = frozenset({404})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object of a listing; ``etag`` without quotes, ``size`` in bytes."""

    key: str
    etag: str
    size: int
    modified_at: float
    """Seconds since 1970."""


class Replaced(Exception):  # noqa: N818 - not an error by itself
    """The object is no longer the one with the ETag that was asked for."""


@dataclass(slots=True)
class Bucket:
    """The bucket that the options name; threads and connections begin with the first request."""

    options: S3Options
    _client: Minio | None = field(default=None)
    _threads: ThreadPoolExecutor | None = field(default=None)
    _closed: Event = field(default_factory=Event)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def aclose(self) -> None:
        """Let go of threads and connections; what is still being tried again is given up."""
        self._closed.set()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        self._client, self._threads, self._closed = None, None, Event()

    async def check(self) -> None:
        """Try address, keys, bucket and the right to list it; a dead server is soon given up.

        Raises:
            SettingsError: code ``secret_missing``, or an option cannot be used.
            UnavailableError: a code that begins with ``s3_``, one for each cause.
        """
        retries = min(self.options.retries, _PATIENCE_IN_CHECKS)
        client = await asyncio.to_thread(client_for, self.options, self._patience(retries))
        found = client.list_objects(self.options.bucket, self.options.prefix, recursive=True)
        await self._run(lambda _: next(found, None))

    async def objects(self, prefix: str) -> AsyncIterator[S3Object]:
        """Every object whose key begins with ``prefix``, however many pages that takes.

        In a versioned bucket these are the current versions; what carries a delete marker is not there.
        """
        client = await self._opened()
        found = client.list_objects(self.options.bucket, prefix, recursive=True)
        last = None
        while True:
            page = await self._wanted(lambda _: [_described(each) for each in islice(found, _PAGE)])
            for each in page:
                yield each
            if len(page) < _PAGE:
                return
            if page[-1].key == last:
                raise not_s3(self.options, "the listing does not move on")
            last = page[-1].key

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data`` as the object ``key``, in one request: all of it is there, or nothing."""
        size = max(len(data), _SINGLE_UPLOAD)
        await self._wanted(
            lambda client: client.put_object(
                self.options.bucket, key, io.BytesIO(data), len(data), part_size=size
            ),
            writing=True,
        )

    async def read(self, key: str, etag: str, target: BinaryIO) -> Refusal | None:
        """Write the object's bytes to ``target``; after a break the rest is asked for.

        Returns:
            The refusal when there is no such object, or none with this ETag; None when all is written.

        Raises:
            Replaced: the object got another ETag, and the server does not heed If-Match.
            OSError: ``target`` cannot be written.
        """
        expected = _ABSENT | {412}
        return await self._run(partial(self._read, key=key, etag=etag, target=target), expected=expected)

    async def exists(self, key: str) -> bool:
        """Whether there is an object ``key``."""
        expected = _ABSENT | {400, 403}
        found = await self._run(
            lambda client: client.stat_object(self.options.bucket, key), expected=expected
        )
        if isinstance(found, Refusal) and found.status not in _ABSENT:
            # The answer to HEAD has no body; that to a listing says what is wrong.
            await self.check()
            raise refused(self.options, found)
        return not isinstance(found, Refusal)

    async def touch(self, key: str) -> bool:
        """Make the object count as written just now, by copying it onto itself; False when it is absent."""
        if not await self.exists(key):
            return False
        bucket, origin = self.options.bucket, CopySource(self.options.bucket, key)
        copied = await self._run(
            lambda client: client.copy_object(bucket, key, origin, metadata_directive=REPLACE),
            writing=True,
            expected=_ABSENT,
        )
        return not isinstance(copied, Refusal)

    async def delete(self, key: str) -> None:
        """Remove the object ``key``; none is as good."""
        bucket = self.options.bucket
        await self._run(lambda client: client.remove_object(bucket, key), writing=True, expected=_ABSENT)

    def _read(self, client: Minio, key: str, etag: str, target: BinaryIO) -> None:
        patience = self._patience(self.options.retries)
        while True:
            done = target.tell()
            try:
                return self._receive(client, key, etag, target)
            except MaxRetryError:
                raise
            except (ProtocolError, TimeoutError) as error:
                if target.tell() > done:
                    patience = self._patience(self.options.retries)
                patience = patience.increment("GET", error=error)
                patience.sleep()

    def _receive(self, client: Minio, key: str, etag: str, target: BinaryIO) -> None:
        done = target.tell()
        wanted: dict[str, str | list[str] | tuple[str]] = {"If-Match": f'"{etag}"'} if etag else {}
        response = client.get_object(self.options.bucket, key, offset=done, request_headers=wanted)
        try:
            # Some servers do not heed If-Match or Range.
            if etag and response.headers.get("etag", etag).strip('"') != etag:
                raise Replaced
            if response.status != _REST and done:
                target.seek(0)
                target.truncate()
            for piece in response.stream(_PIECE, decode_content=False):
                target.write(piece)
        finally:
            response.close()
            response.release_conn()

    async def _wanted(self, call: Callable[[Minio], T], *, writing: bool = False) -> T:
        """The call's result; every refusal is an error."""
        result = await self._run(call, writing=writing)
        assert not isinstance(result, Refusal)
        return result

    async def _run(
        self, call: Callable[[Minio], T], *, writing: bool = False, expected: frozenset[int] = frozenset()
    ) -> T | Refusal:
        """The call's result, from a thread; a refusal whose status is expected is returned."""
        client = await self._opened()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="muniment-s3")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call, client)
        except MinioException as error:
            refusal = Refusal.of(error)
            if refusal.status in expected and not (refusal.code == "NoSuchBucket" and refusal.has_body):
                return refusal
            raise refused(self.options, refusal, writing=writing) from error
        except HTTPError as error:
            raise silent(self.options, error) from error
        except (ValueError, SyntaxError) as error:
            raise not_s3(self.options, f"its answer cannot be read ({error})") from error

    async def _opened(self) -> Minio:
        async with self._opening:
            if self._client is None:
                # Certificates are read from the disk.
                patience = self._patience(self.options.retries)
                self._client = await asyncio.to_thread(client_for, self.options, patience)
            return self._client

    def _patience(self, retries: int) -> Patience:
        return Patience(retries, closed=self._closed)


def _described(found: Object) -> S3Object:
    modified_at = found.last_modified.timestamp() if found.last_modified else 0.0
    return S3Object(found.object_name or "", found.etag or "", found.size or 0, modified_at)
