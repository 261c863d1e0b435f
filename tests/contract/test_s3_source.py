"""Buckets as sources: everything that is there, exactly that, and plain words when it cannot be had."""

import asyncio
import errno
import http.server
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from minio.versioningconfig import ENABLED, VersioningConfig

from muniment.errors import DocumentError, MunimentError, NotFoundError, SettingsError, StorageError
from muniment.protocols import ProviderContext
from muniment.providers.s3.connection import Bucket
from muniment.providers.s3.source import S3Source, S3SourceOptions, create
from muniment.testing.source import SourceContract
from muniment.types import SourceFile
from s3_servers import READER_KEY, READER_SECRET, admin, bad_line

LARGE = bytes(range(256)) * 12_000
"""Three megabytes."""
ODD_KEYS = (
    "a&b<c>.txt",
    "emoji😀.txt",
    "line\nbreak.txt",
    "per%25cent.txt",
    "pl+us.txt",
    "q?m#h=1.txt",
    "sp ace.txt",
    "~tilde*'(!),;:@$.txt",
    "ü/ß.txt",
)


@pytest.fixture
async def source(bucket: Bucket) -> AsyncIterator[S3Source]:
    made = source_of(bucket)
    yield made
    await made.aclose()


def source_of(place: Bucket, **options: object) -> S3Source:
    plain = {"bucket": place.options.bucket, "endpoint": place.options.endpoint}
    return S3Source(S3SourceOptions.model_validate(plain | options))


async def listed(source: S3Source) -> list[SourceFile]:
    return [file async for file in source.list()]


async def names(source: S3Source) -> list[str]:
    return [file.name for file in await listed(source)]


async def put(bucket: Bucket, key: str, data: bytes = b"x") -> None:
    await bucket.put(key, data)


async def fetched(source: S3Source, file: SourceFile, folder: Path) -> bytes:
    target = folder / "fetched"
    await source.fetch(file, target)
    return target.read_bytes()


class TestContract(SourceContract):
    @pytest.fixture
    async def source(self, bucket: Bucket) -> AsyncIterator[S3Source]:
        await put(bucket, "a.txt", b"alpha")
        await put(bucket, "sub/ü.txt", b"beta")
        made = await create(
            S3SourceOptions(bucket=bucket.options.bucket, endpoint=bucket.options.endpoint),
            ProviderContext(Path()),
        )
        yield made
        await made.aclose()


class TestListing:
    async def test_no_object_is_left_out_however_many_there_are(
        self, bucket: Bucket, source: S3Source
    ) -> None:
        keys = [f"folder-{number % 7}/file {number:05}.txt" for number in range(2500)]
        slots = asyncio.Semaphore(16)

        async def put_one(key: str) -> None:
            async with slots:
                await put(bucket, key, key.encode())

        await asyncio.gather(*(put_one(key) for key in keys))
        assert await names(source) == sorted(keys)

    async def test_odd_keys_come_and_go_as_they_are(
        self, bucket: Bucket, source: S3Source, tmp_path: Path
    ) -> None:
        for key in ODD_KEYS:
            await put(bucket, key, key.encode())
        files = await listed(source)
        assert sorted(file.name for file in files) == sorted(ODD_KEYS)
        for file in files:
            assert await fetched(source, file, tmp_path) == file.name.encode()
            assert file.uri.isascii() and file.uri.startswith(f"s3://{bucket.options.bucket}/")
        assert len({file.uri for file in files}) == len(files)

    async def test_only_keys_below_the_prefix_count_and_names_begin_behind_its_folder(
        self, bucket: Bucket
    ) -> None:
        for key in ("docs/report-1.txt", "docs/report-2/a.txt", "docs/other.txt", "docs2/a.txt"):
            await put(bucket, key)
        below = source_of(bucket, prefix="docs/")
        alike = source_of(bucket, prefix="docs/report")
        assert await names(below) == ["other.txt", "report-1.txt", "report-2/a.txt"]
        assert await names(alike) == ["report-1.txt", "report-2/a.txt"]
        await below.aclose()
        await alike.aclose()

    async def test_globs_choose_as_in_folders_and_what_is_hidden_never_counts(self, bucket: Bucket) -> None:
        for key in ("a.txt", "b.md", "drafts/c.txt", ".git/d.txt", ".e.txt", "sub/~$f.txt", "sub/g.txt"):
            await put(bucket, key)
        chosen = source_of(bucket, include=["*.txt"], exclude=["drafts/*"], metadata={"year": 2026})
        files = await listed(chosen)
        assert [(file.name, file.metadata) for file in files] == [
            ("a.txt", {"year": 2026}),
            ("sub/g.txt", {"year": 2026}),
        ]
        await chosen.aclose()

    async def test_keys_that_stand_for_folders_are_no_files(self, bucket: Bucket, source: S3Source) -> None:
        await put(bucket, "folder/", b"")
        await put(bucket, "folder/empty.txt", b"")
        assert [(file.name, file.size) for file in await listed(source)] == [("folder/empty.txt", 0)]

    async def test_an_empty_bucket_is_empty_and_no_error(self, source: S3Source) -> None:
        assert await names(source) == []

    async def test_a_changed_object_has_another_version_and_an_unchanged_one_has_not(
        self, bucket: Bucket, source: S3Source
    ) -> None:
        await put(bucket, "a.txt", b"one")
        first = await listed(source)
        assert await listed(source) == first
        await put(bucket, "a.txt", b"two")
        (changed,) = await listed(source)
        assert changed.uri == first[0].uri
        assert changed.version != first[0].version


class TestVersionedBucket:
    @pytest.fixture
    async def versioned(self, bucket: Bucket) -> Bucket:
        admin(bucket).set_bucket_versioning(bucket.options.bucket, VersioningConfig(ENABLED))
        return bucket

    async def test_what_was_deleted_is_not_listed_and_the_newest_version_is(
        self, versioned: Bucket, tmp_path: Path
    ) -> None:
        for data in (b"one", b"two"):
            await put(versioned, "kept.txt", data)
            await put(versioned, "deleted.txt", data)
        await versioned.delete("deleted.txt")
        source = source_of(versioned)
        (file,) = await listed(source)
        assert file.name == "kept.txt"
        assert await fetched(source, file, tmp_path) == b"two"
        await source.aclose()


class TestFetching:
    async def test_bytes_that_were_not_listed_are_never_handed_out(
        self, bucket: Bucket, source: S3Source, tmp_path: Path
    ) -> None:
        await put(bucket, "a.txt", b"listed")
        (file,) = await listed(source)
        await put(bucket, "a.txt", b"later!")
        with pytest.raises(DocumentError) as caught:
            await source.fetch(file, tmp_path / "fetched")
        assert caught.value.code == "source_file_changed"
        (again,) = await listed(source)
        assert await fetched(source, again, tmp_path) == b"later!"

    async def test_an_object_deleted_meanwhile_fails_alone(
        self, bucket: Bucket, source: S3Source, tmp_path: Path
    ) -> None:
        await put(bucket, "a.txt")
        (file,) = await listed(source)
        await bucket.delete("a.txt")
        with pytest.raises(NotFoundError) as caught:
            await source.fetch(file, tmp_path / "fetched")
        assert caught.value.code == "source_file_gone"

    async def test_a_full_disk_is_called_one(self, bucket: Bucket, source: S3Source) -> None:
        full = Path("/dev/full")
        if not full.exists():
            pytest.skip("no /dev/full on this system")
        await put(bucket, "a.bin", LARGE)
        (file,) = await listed(source)
        with pytest.raises(StorageError) as caught:
            await source.fetch(file, full)
        assert caught.value.code == "disk_full"
        assert os.strerror(errno.ENOSPC) in caught.value.message


class TestBadLine:
    async def test_a_busy_server_is_asked_again_until_all_is_there(
        self, bucket: Bucket, tmp_path: Path
    ) -> None:
        for number in range(5):
            await put(bucket, f"{number}.txt", str(number).encode())
        async with bad_line(str(bucket.options.endpoint)) as line:
            source = source_of(bucket, endpoint=line.address)
            line.busy = 2
            files = await listed(source)
            assert [file.name for file in files] == [f"{number}.txt" for number in range(5)]
            for number, file in enumerate(files):
                line.busy = 1
                assert await fetched(source, file, tmp_path) == str(number).encode()
            assert line.met == 7
            await source.aclose()

    async def test_an_object_arrives_whole_over_a_line_that_breaks(
        self, bucket: Bucket, tmp_path: Path
    ) -> None:
        await put(bucket, "large.bin", LARGE)
        async with bad_line(str(bucket.options.endpoint), only=lambda head: b"large.bin" in head) as line:
            source = source_of(bucket, endpoint=line.address)
            (file,) = await listed(source)
            line.cuts, line.cut_after = 4, 900_000
            assert await fetched(source, file, tmp_path) == LARGE
            assert line.met == 4
            await source.aclose()

    async def test_an_object_replaced_while_the_line_was_down_is_not_pieced_together(
        self, bucket: Bucket, tmp_path: Path
    ) -> None:
        await put(bucket, "large.bin", LARGE)
        async with bad_line(str(bucket.options.endpoint), only=lambda head: b"large.bin" in head) as line:
            source = source_of(bucket, endpoint=line.address)
            (file,) = await listed(source)
            line.cuts, line.cut_after = 1, 900_000
            fetching = asyncio.create_task(source.fetch(file, tmp_path / "fetched"))
            await line.trouble.wait()
            line.busy = -1
            await put(bucket, "large.bin", LARGE[::-1])
            line.busy = 0
            with pytest.raises(DocumentError) as caught:
                await fetching
            assert caught.value.code == "source_file_changed"
            await source.aclose()

    async def test_trouble_that_lasts_is_an_error_and_not_an_empty_listing(self, bucket: Bucket) -> None:
        await put(bucket, "a.txt")
        async with bad_line(str(bucket.options.endpoint)) as line:
            source = source_of(bucket, endpoint=line.address, retries=1)
            line.busy = -1
            assert await refusal(source.list().__anext__) == "s3_unavailable"
            line.busy, line.cuts, line.cut_after = 0, -1, 50
            assert await refusal(source.list().__anext__) == "s3_unreachable"
            await source.aclose()

    async def test_trouble_in_the_middle_of_a_fetch_that_lasts_is_an_error(
        self, bucket: Bucket, tmp_path: Path
    ) -> None:
        await put(bucket, "large.bin", LARGE)
        async with bad_line(str(bucket.options.endpoint), only=lambda head: b"large.bin" in head) as line:
            source = source_of(bucket, endpoint=line.address, retries=1)
            (file,) = await listed(source)
            line.cuts, line.cut_after = -1, 10
            assert await refusal(lambda: source.fetch(file, tmp_path / "fetched")) == "s3_unreachable"
            await source.aclose()


async def refusal(attempt: object) -> str:
    """The code of the error that the attempt ends with; every one says what to do."""
    assert callable(attempt)
    with pytest.raises(MunimentError) as caught:
        await attempt()
    assert caught.value.hint
    return caught.value.code


async def refusal_of_check(place: Bucket, **options: object) -> str:
    source = source_of(place, **options)
    try:
        return await refusal(source.check)
    finally:
        await source.aclose()


class TestBeforeAnythingStarts:
    async def test_an_unknown_access_key(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        assert await refusal_of_check(bucket) == "s3_access_key_unknown"

    async def test_a_wrong_secret_key(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testsecret13")
        assert await refusal_of_check(bucket) == "s3_secret_key_wrong"

    async def test_a_bucket_that_does_not_exist(self, bucket: Bucket) -> None:
        assert await refusal_of_check(bucket, bucket="nowhere-to-be-found") == "s3_bucket_missing"

    async def test_keys_without_the_right(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER_SECRET)
        assert await refusal_of_check(bucket) == "s3_permission_missing"

    async def test_an_endpoint_where_nobody_answers(self, bucket: Bucket) -> None:
        assert await refusal_of_check(bucket, endpoint="http://127.0.0.1:9", retries=1) == "s3_unreachable"

    async def test_an_endpoint_that_is_no_s3_server(self, bucket: Bucket) -> None:
        with website() as address:
            assert await refusal_of_check(bucket, endpoint=address) == "s3_not_spoken"

    async def test_https_to_a_server_that_speaks_http(self, bucket: Bucket) -> None:
        address = str(bucket.options.endpoint).replace("http://", "https://")
        source = source_of(bucket, endpoint=address, retries=0)
        with pytest.raises(MunimentError) as caught:
            await source.check()
        assert caught.value.code == "s3_unreachable"
        assert "`http://`" in caught.value.hint
        await source.aclose()

    async def test_no_keys_at_all(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        assert await refusal_of_check(bucket) == "secret_missing"

    async def test_a_listing_says_the_same_before_the_first_file(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testsecret13")
        source = source_of(bucket)
        assert await refusal(source.list().__anext__) == "s3_secret_key_wrong"
        await source.aclose()


class TestKeys:
    async def test_may_lie_in_files(
        self, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            (tmp_path / name).write_text(os.environ[name] + "\n")
            monkeypatch.delenv(name)
        files = {
            "access_key_file": tmp_path / "AWS_ACCESS_KEY_ID",
            "secret_key_file": tmp_path / "AWS_SECRET_ACCESS_KEY",
        }
        source = source_of(bucket, **files)
        await source.check()
        await source.aclose()
        with pytest.raises(SettingsError) as caught:
            await source_of(bucket, **(files | {"secret_key_file": tmp_path / "none"})).check()
        assert caught.value.code == "secret_missing"

    async def test_may_lie_in_the_file_that_other_tools_read(
        self, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared = tmp_path / "credentials"
        shared.write_text(
            f"[team]\naws_access_key_id = {os.environ['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {os.environ['AWS_SECRET_ACCESS_KEY']}\n"
        )
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
        monkeypatch.setenv("AWS_PROFILE", "team")
        source = source_of(bucket)
        await source.check()
        await source.aclose()


@contextmanager
def website() -> Iterator[str]:
    """A web server that answers every path with a page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><html><body>Welcome</body></html>")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
