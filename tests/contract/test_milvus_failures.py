"""What must hold when things go wrong: nothing acknowledged is lost, and errors say what to do."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from milvus_servers import LiteServer, Standalone
from muniment.errors import DocumentError, MunimentError, StorageError, UnavailableError
from muniment.protocols import IndexSpec, ProviderContext, VectorIndex, VectorStore
from muniment.providers.milvus import PROVIDER, MilvusOptions
from muniment.testing.vector_store import ROWS, SPEC, chunk_row, found, unit
from muniment.types import SearchMode, VectorQuery

WRITER = """
import asyncio, sys, time
from contextlib import suppress
from pathlib import Path
from muniment.protocols import ProviderContext
from muniment.providers.milvus import PROVIDER, MilvusOptions
from muniment.testing.vector_store import ROWS, SPEC

async def main():
    store = await PROVIDER.create(MilvusOptions(), ProviderContext(Path(sys.argv[1])))
    index = await store.open(SPEC)
    await index.upsert(ROWS)
    await index.delete([4])
    sys.stdout.write("written\\n")
    sys.stdout.flush()
    time.sleep(60)

asyncio.run(main())
"""


async def milvus(data_dir: Path, **options: object) -> VectorStore:
    store: VectorStore = await PROVIDER.create(
        MilvusOptions.model_validate(options), ProviderContext(data_dir)
    )
    return store


async def test_a_killed_writer_loses_nothing_and_locks_others_out(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as writer:
        assert writer.stdout is not None
        assert await asyncio.to_thread(writer.stdout.readline) == b"written\n"
        with pytest.raises(UnavailableError) as caught:
            await milvus(tmp_path)
        assert caught.value.code == "store_locked"
        assert "server" in caught.value.hint
        writer.send_signal(signal.SIGKILL)
    store = await milvus(tmp_path)
    index = await store.open(SPEC)
    assert await index.ids() == {1, 2, 3}
    for mode in SearchMode:
        hits = await index.search(VectorQuery(mode, 1, "accrue vacation", unit(1, 0, 0, 0)))
        assert found(hits) == [1]
    await store.aclose()


async def test_the_same_database_cannot_be_opened_twice_in_one_process(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    await (await store.open(SPEC)).upsert(ROWS)
    with pytest.raises(UnavailableError) as caught:
        await milvus(tmp_path)
    assert caught.value.code == "store_locked"
    await store.aclose()
    await (await milvus(tmp_path)).aclose()


async def test_two_that_began_without_a_database_do_not_both_write_one(tmp_path: Path) -> None:
    first, second = await milvus(tmp_path), await milvus(tmp_path)
    late = await second.open(SPEC)
    await (await first.open(SPEC)).upsert(ROWS)
    with pytest.raises(UnavailableError) as caught:
        await late.upsert(ROWS[:1])
    assert caught.value.code == "store_locked"
    await first.aclose()
    await late.upsert(ROWS[:1])
    assert await late.ids() == {row.id for row in ROWS}
    await second.aclose()


async def test_there_is_no_database_before_the_first_row(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    index = await store.open(SPEC)
    assert await store.names() == {SPEC.name}
    await index.delete([1])
    assert await index.search(VectorQuery(SearchMode.HYBRID, 5, "vacation", unit(1, 0, 0, 0))) == []
    assert (await index.get([1]), await index.ids(), await index.ids("a")) == ([], set(), set())
    assert list(tmp_path.iterdir()) == []
    await asyncio.gather(*(index.upsert([row]) for row in ROWS))
    assert await index.ids() == await (await store.open(SPEC)).ids() == {row.id for row in ROWS}
    await store.aclose()
    assert (tmp_path / "milvus.db").is_dir()


async def test_an_index_that_is_dropped_before_its_first_row_does_not_come_back(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    index = await store.open(SPEC)
    await store.drop(SPEC.name)
    assert await store.names() == set()
    with pytest.raises(StorageError) as caught:
        await index.upsert(ROWS)
    assert caught.value.code == "index_gone"
    await (await store.open(SPEC)).upsert(ROWS[:1])
    await store.aclose()


async def test_a_stale_or_damaged_snapshot_is_never_believed(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    await (await store.open(SPEC)).upsert(ROWS)
    await store.aclose()
    [snapshot] = (tmp_path / "milvus.db.resident").iterdir()
    old = snapshot.read_bytes()
    store = await milvus(tmp_path)
    await (await store.open(SPEC)).delete([1])
    assert not snapshot.exists()
    await store.drop(SPEC.name)
    await (await store.open(SPEC)).upsert(ROWS[1:2])
    await store.aclose()
    for content in (old, b"", b"PK\x03\x04 nonsense", old[: len(old) // 2]):
        snapshot.write_bytes(content)
        store = await milvus(tmp_path)
        index = await store.open(SPEC)
        assert await index.ids() == {2}
        await store.aclose()


async def test_a_database_removed_while_closed_starts_empty(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    await (await store.open(SPEC)).upsert(ROWS)
    await store.aclose()
    shutil.rmtree(tmp_path / "milvus.db")
    store = await milvus(tmp_path)
    assert await store.names() == set()
    assert await (await store.open(SPEC)).ids() == set()
    await store.aclose()


async def test_a_database_removed_while_open_is_reported_and_can_be_made_again(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    index = await store.open(SPEC)
    await index.upsert(ROWS)
    shutil.rmtree(tmp_path / "milvus.db")
    with pytest.raises(StorageError) as caught:
        await index.upsert(ROWS)
    assert caught.value.code == "index_gone"
    assert await store.names() == set()
    again = await store.open(SPEC)
    assert await again.ids() == set()
    await again.upsert(ROWS)
    assert found(await again.search(VectorQuery(SearchMode.KEYWORD, 1, "accrue"))) == [1]
    await store.aclose()


@pytest.mark.parametrize("name", ["manifest.json", "schema.json"])
async def test_a_damaged_database_is_an_error_with_a_hint(tmp_path: Path, name: str) -> None:
    store = await milvus(tmp_path)
    await (await store.open(SPEC)).upsert(ROWS)
    await store.aclose()
    for path in (tmp_path / "milvus.db").rglob(f"{name}*"):
        path.write_bytes(b"\0garbage")
    store = await milvus(tmp_path)
    with pytest.raises(StorageError) as caught:
        await store.open(SPEC)
    assert caught.value.code == "store_damaged"
    assert "Move" in caught.value.hint
    await store.aclose()


async def test_a_file_in_the_place_of_the_database_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "milvus.db").write_text("not a folder")
    with pytest.raises(StorageError) as caught:
        await milvus(tmp_path)
    assert caught.value.hint


async def test_a_server_that_does_not_answer_is_reported_soon(tmp_path: Path) -> None:
    with socket.socket() as closed, socket.socket() as silent:
        closed.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for probe in (closed, silent):
            started = time.monotonic()
            uri = f"http://127.0.0.1:{probe.getsockname()[1]}"
            store = await milvus(tmp_path, uri=uri, connect_timeout_s=1)
            for ask in (store.names(), store.open(SPEC), store.check()):
                with pytest.raises(UnavailableError) as caught:
                    await ask
                assert caught.value.code == "store_unavailable"
            assert time.monotonic() - started < 20
            await store.aclose()


async def test_text_is_refused_rather_than_cut(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    index = await store.open(SPEC)
    with pytest.raises(DocumentError) as caught:
        await index.upsert([chunk_row(1, "ü" * 40_000, unit(1, 0, 0, 0))])
    assert caught.value.code == "chunk_too_large"
    assert await index.ids() == set()
    await store.aclose()


def test_settings_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=r"ends in \.db"):
        MilvusOptions(uri="localhost:19530")
    monkeypatch.setenv("STORE_TOKEN", "user:password")
    assert MilvusOptions(api_key_env="STORE_TOKEN").token() == "user:password"
    for options in (MilvusOptions(api_key_env="NO_TOKEN"), MilvusOptions(api_key_file=tmp_path / "no")):
        with pytest.raises(MunimentError) as caught:
            options.token()
        assert caught.value.code == "secret_missing"


@pytest.mark.parametrize("search_by", ["milvus", "resident"])
async def test_two_processes_see_what_the_other_one_wrote(
    tmp_path: Path, lite_server: LiteServer, search_by: str
) -> None:
    stores = [await milvus(tmp_path, uri=lite_server.uri, search_by=search_by) for _ in range(2)]
    one, other = [await store.open(SPEC) for store in stores]
    await one.upsert(ROWS)
    await _agree(other, "accrue", [1])
    await other.upsert([chunk_row(1, "Sabbaticals last six months.", unit(0, 0, 0, 1))])
    await _agree(one, "accrue", [])
    await _agree(one, "sabbaticals", [1])
    await one.delete([1])
    await _agree(other, "sabbaticals", [])
    await one.delete([2])
    await other.upsert([chunk_row(9, "Nine lives.", unit(0, 0, 0, 1))])
    await _agree(one, "nine", [9])
    assert await one.ids() == await other.ids() == {3, 4, 9}
    await stores[0].drop(SPEC.name)
    for store in stores:
        await store.aclose()


async def test_processes_that_start_together_on_a_new_collection_all_can(
    tmp_path: Path, lite_server: LiteServer
) -> None:
    stores = [await milvus(tmp_path, uri=lite_server.uri) for _ in range(4)]
    for name in ("first", "second", "third"):
        spec = IndexSpec(name, 4, "model-1", "chunker-1")
        indexes = await asyncio.gather(*(store.open(spec) for store in stores))
        for number, index in enumerate(indexes):
            await index.upsert([chunk_row(number, "Four more.", unit(0, 0, 0, 1))])
        assert [await index.ids() for index in indexes] == [{0, 1, 2, 3}] * 4
        await stores[0].drop(name)
    for store in stores:
        await store.aclose()


async def _agree(index: VectorIndex, word: str, expected: list[int]) -> None:
    """Within a moment the index finds these."""
    hits: list[int] = []
    for _ in range(50):
        hits = found(await index.search(VectorQuery(SearchMode.KEYWORD, 5, word)))
        if hits == expected:
            return
        await asyncio.sleep(0.1)
    assert hits == expected


async def test_a_server_that_is_started_again_is_found_again(tmp_path: Path) -> None:
    server = LiteServer(tmp_path / "server")
    server.start()
    try:
        for search_by in ("milvus", "resident"):
            store = await milvus(tmp_path, uri=server.uri, search_by=search_by)
            index = await store.open(IndexSpec(search_by, 4, "model-1", "chunker-1"))
            await index.upsert(ROWS)
            server.kill()
            for _ in range(4):
                with pytest.raises(UnavailableError) as caught:
                    await index.search(VectorQuery(SearchMode.KEYWORD, 5, "accrue"))
                assert caught.value.code == "store_unavailable"
            with pytest.raises(UnavailableError):
                await store.check()
            server.start()
            await _agree(await _answering(store, index), "accrue", [1])
            assert await store.check() == ()
            await index.upsert([chunk_row(5, "Five more.", unit(0, 0, 0, 1))])
            assert await index.ids() == {1, 2, 3, 4, 5}
            await store.aclose()
    finally:
        server.kill()


async def _answering(store: VectorStore, index: VectorIndex) -> VectorIndex:
    """The index, once its store answers again."""
    for _ in range(50):
        with suppress(UnavailableError):
            await store.check()
            break
        await asyncio.sleep(0.1)
    return index


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("search_by", ["auto", "resident"])
async def test_what_an_old_server_cannot_do_is_told_and_its_restart_is_survived(
    tmp_path: Path, search_by: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = Standalone(tmp_path / "server")
    server.start()
    try:
        store = await milvus(tmp_path, uri=server.uri, search_by=search_by)
        [told] = await store.check()
        assert "2.3.5" in told
        assert "BM25" in told
        assert told in caplog.text
        index = await store.open(SPEC)
        await index.upsert(ROWS)
        server.kill()
        with pytest.raises(UnavailableError):
            await index.search(VectorQuery(SearchMode.HYBRID, 1, "accrue", unit(1, 0, 0, 0)))
        server.start()
        for _ in range(1200):
            with suppress(UnavailableError):
                hits = await index.search(VectorQuery(SearchMode.HYBRID, 1, "accrue", unit(1, 0, 0, 0)))
                break
            await asyncio.sleep(0.1)
        assert found(hits) == [1]
        assert await index.ids() == {1, 2, 3, 4}
        await store.aclose()
    finally:
        server.kill()


async def test_an_alias_of_an_index_without_rows_stands_for_it_once_it_has_some(tmp_path: Path) -> None:
    store = await milvus(tmp_path)
    index = await store.open(SPEC)
    await store.point("contract_live", SPEC.name)
    assert list(tmp_path.iterdir()) == []
    await index.upsert(ROWS)
    await store.aclose()

    from pymilvus import MilvusClient

    [database] = tmp_path.glob("*.db")
    client = MilvusClient(str(database))
    assert client.list_aliases(SPEC.name)["aliases"] == ["contract_live"]
    client.close()
