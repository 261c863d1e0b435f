import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from muniment.errors import InputError, StorageError, UnavailableError
from muniment.protocols import ProviderContext
from muniment.providers.fake_file_store import FakeFileStore
from muniment.providers.folder_file_store import FolderFileStore
from muniment.providers.s3.connection import Bucket
from muniment.providers.s3.file_store import S3FileStore, S3FileStoreOptions, create
from muniment.testing.file_store import FileStoreContract
from s3_servers import bad_line


class TestFakeFileStore(FileStoreContract):
    @pytest.fixture
    def store(self) -> FakeFileStore:
        return FakeFileStore()


class TestFolderFileStore(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FolderFileStore:
        return FolderFileStore(tmp_path / "files")

    @pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../b", ""])
    async def test_keys_cannot_leave_the_folder(self, store: FolderFileStore, key: str) -> None:
        with pytest.raises(InputError) as caught:
            await store.put(key, b"x")
        assert caught.value.code == "unsafe_name"

    async def test_a_full_disk_leaves_the_old_bytes_and_no_rest(
        self, store: FolderFileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await store.put("raw/a", b"old")

        def no_space(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", no_space)
        with pytest.raises(StorageError) as caught:
            await store.put("raw/a", b"new")
        assert caught.value.code == "disk_full"
        assert await store.get("raw/a") == b"old"
        assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == ["a"]

    async def test_what_a_killed_process_left_half_written_is_swept(
        self, store: FolderFileStore, tmp_path: Path
    ) -> None:
        await store.put("raw/a", b"kept")
        left, fresh = (tmp_path / "files" / ".parts" / name for name in ("left", "fresh"))
        left.write_bytes(b"half")
        fresh.write_bytes(b"half")
        os.utime(left, (0, 0))
        store.sweep()
        assert not left.exists() and fresh.exists()
        assert [file.key async for file in store.list("raw/")] == ["raw/a"]


class TestS3FileStore(FileStoreContract):
    @pytest.fixture
    async def store(self, bucket: Bucket) -> AsyncIterator[S3FileStore]:
        options = S3FileStoreOptions(**{**bucket.options.model_dump(), "prefix": "kept/here"})
        made = await create(options, ProviderContext(Path()))
        yield made
        await made.aclose()

    async def test_lists_more_files_than_one_page_holds(self, store: S3FileStore) -> None:
        keys = [f"raw/{number:04}" for number in range(1100)]
        for start in range(0, len(keys), 20):
            await asyncio.gather(*(store.put(key, b"x") for key in keys[start : start + 20]))
        assert [file.key async for file in store.list("raw/")] == keys

    async def test_leaves_alone_what_lies_beside_its_prefix(self, store: S3FileStore, bucket: Bucket) -> None:
        await bucket.put("kept/here-too/a", b"x")
        await bucket.put("raw/a", b"x")
        await store.put("raw/a", b"mine")
        await store.delete("raw/a")
        assert [file async for file in store.list()] == []
        assert [found.key async for found in bucket.objects("")] == ["kept/here-too/a", "raw/a"]

    async def test_rides_out_a_server_that_is_busy_or_breaks_off(self, bucket: Bucket) -> None:
        async with bad_line(str(bucket.options.endpoint)) as line:
            store = S3FileStore(store_options(bucket, line.address))
            line.busy = 1
            await store.put("raw/a", b"1" * 1000)
            line.cuts, line.cut_after = 1, 20
            assert await store.get("raw/a") == b"1" * 1000
            assert line.met == 2
            await store.aclose()

    async def test_keys_that_may_not_are_an_error_and_not_an_absent_file(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = S3FileStore(store_options(bucket, str(bucket.options.endpoint)))
        await store.put("raw/a", b"1")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testsecret13")
        for attempt in (
            store.exists("raw/a"),
            store.get("raw/a"),
            store.touch("raw/a"),
            store.delete("raw/a"),
        ):
            with pytest.raises(UnavailableError) as caught:
                await attempt
            assert caught.value.code == "s3_secret_key_wrong"
        await store.aclose()

    async def test_a_missing_bucket_is_an_error_and_not_an_absent_file(self, bucket: Bucket) -> None:
        options = store_options(bucket, str(bucket.options.endpoint))
        store = S3FileStore(options.model_copy(update={"bucket": "nowhere-to-be-found"}))
        with pytest.raises(UnavailableError) as caught:
            await store.get("raw/a")
        assert caught.value.code == "s3_bucket_missing"
        await store.aclose()


def store_options(bucket: Bucket, endpoint: str) -> S3FileStoreOptions:
    return S3FileStoreOptions(bucket=bucket.options.bucket, endpoint=endpoint)
