"""What a run stands on goes away for a while: the run ends with a code or goes on, and nothing is lost."""

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from changing_files import ChangingFiles
from ingested_state import State, kept_in, read_state
from installation import Installation, patience, write_texts
from workspaces import Open, ingest

from milvus_servers import LiteServer
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.errors import ConflictError
from muniment.providers.s3.connection import Bucket
from muniment.settings import Settings
from muniment.types import RunState
from s3_servers import bad_line

NOTHING = {"lost": [], "doubled": []}
SMALL_BATCHES = {"batch_chunks": 3, "readers": 2, "lease_s": 2}


def state(installation: Installation, store: str = "") -> State:
    data = installation.data
    uri = f"sqlite:///{data / 'catalog.db'}"
    return read_state(store or str(installation.store), uri, kept_in(data / "files"), data / "scratch")


def clean_state(folder: Path, docs: Path) -> State:
    """An ingestion that nothing disturbs, into stores of its own."""
    clean = Installation(folder)
    clean.configure(collections={"docs": {"sources": str(docs), "embedding_model": "small"}})
    assert clean.run("ingest").code in (0, 3)
    return state(clean)


# -- the vector store


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiteServer]:
    made = LiteServer(tmp_path / "milvus")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("down_s", [2, 30])
def test_a_vector_store_that_is_down_for_a_while_costs_nothing_but_time(
    tmp_path: Path, server: LiteServer, down_s: int
) -> None:
    installation = Installation(tmp_path / "here")
    dice = random.Random(time.time_ns())
    files = ChangingFiles(installation.docs, dice, 150)
    store = {"provider": "milvus", "uri": server.uri}
    installation.configure(ingest=SMALL_BATCHES, vector_store=store)
    with installation.begun("ingest") as process:
        with patience() as wait:
            wait(lambda: installation.documents_done() >= 20)
        server.kill()
        time.sleep(down_s)
        server.start()
        code = process.wait(120)
    assert code in (0, 1), installation.log
    assert "Traceback" not in installation.log
    if code == 1:
        assert "store_unavailable" in installation.log
        assert "Hint:" in installation.log
    files.edit()
    finished = installation.run("apply")
    assert finished.code in (0, 3), finished.err
    clean = clean_state(tmp_path / "clean", installation.docs)
    found = state(installation, server.uri)
    assert (found.differences(clean), found.left) == (NOTHING, ())
    assert installation.run("plan").code == 0


def test_a_server_starts_without_its_store_and_answers_when_that_has_come(
    tmp_path: Path, server: LiteServer
) -> None:
    server.kill()
    installation = Installation(tmp_path / "here")
    write_texts(installation.docs, [f"Pump {number} takes {number} litres of oil." for number in range(5)])
    store = {"provider": "milvus", "uri": server.uri, "connect_timeout_s": 1}
    installation.configure(vector_store=store, reconcile={"ingest_on_start": True})
    with installation.serving() as client:
        ready = client.get("/v1/ready")
        assert ready.status_code == 503
        assert server.uri in ready.text
        question = {"collection": "docs", "query": "How much oil does pump 3 take?"}
        refused = client.post("/v1/search", json=question)
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "store_unavailable"
        assert client.get("/v1/health").status_code == 200
        server.start()
        with patience(explain=lambda: installation.log) as wait:
            wait(lambda: client.get("/v1/ready").status_code == 200)
            wait(lambda: client.get("/v1/collections/docs").json()["documents"] == 5)
        found = client.post("/v1/search", json=question)
        assert found.json()["passages"][0]["document_name"] == "003.txt"
    assert "Traceback" not in installation.log


# -- S3


@asynccontextmanager
async def over_s3(bucket: Bucket, docs: Path, folder: Path, endpoint: str) -> AsyncIterator[LocalWorkspace]:
    place = {"provider": "s3", "bucket": bucket.options.bucket, "endpoint": endpoint, "retries": 1}
    settings = Settings.model_validate(
        {
            "data_dir": str(folder / "data"),
            "collections": {"docs": {"sources": [{**place, "prefix": "docs/"}], "embedding_model": "small"}},
            "parser": {"provider": "fake"},
            "file_store": {**place, "prefix": "kept"},
            "embedding_models": {"small": {"provider": "fake", "dimension": 64}},
            "default_embedding_model": "small",
            "reconcile": {"ingest_on_start": False},
            "ingest": SMALL_BATCHES,
        }
    )
    workspace = await open_workspace(settings, serving=False)
    try:
        yield workspace
    finally:
        await workspace.aclose()


@pytest.mark.timeout(240)
async def test_s3_that_answers_503_and_cuts_connections_loses_nothing(bucket: Bucket, tmp_path: Path) -> None:
    dice = random.Random(time.time_ns())
    local = tmp_path / "docs"
    ChangingFiles(local, dice, 25)
    for path in local.rglob("*.txt"):
        await bucket.put(f"docs/{path.relative_to(local).as_posix()}", path.read_bytes())
    failed = 0
    async with bad_line(str(bucket.options.endpoint)) as line:
        async with over_s3(bucket, local, tmp_path, line.address) as workspace:
            for _ in range(12):
                line.busy, line.cuts, line.cut_after = (
                    dice.randint(0, 6),
                    dice.randint(0, 6),
                    dice.randint(0, 300),
                )
                run = await ingest(workspace)
                if run.state is RunState.FAILED:
                    failed += 1
                    assert run.error_code.startswith("s3_"), run.error
                    assert run.hint
                else:
                    assert (run.state, run.failed) == (RunState.DONE, 0), run
            line.busy = line.cuts = 0
            last = await ingest(workspace, retry_failed=True)
            assert (last.state, last.failed) == (RunState.DONE, 0)
            assert (await ingest(workspace)).unchanged == last.total
            rows = await workspace._parts.runtime("docs").open_index().ids()
            kept = [found.key async for found in bucket.objects("kept/")]
        assert line.met
    clean = clean_state(tmp_path / "clean", local)
    assert len(rows) == clean.rows.total()
    assert sorted(key.removeprefix("kept/") for key in kept) == sorted(clean.kept)
    assert not list((tmp_path / "data" / "scratch").iterdir())


# -- the catalog, and who else works on the data


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_catalog_that_stays_locked_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "here")
    installation.configure(ingest=SMALL_BATCHES)
    ChangingFiles(installation.docs, random.Random(time.time_ns()), 60)
    with installation.begun("ingest") as process:
        with patience() as wait:
            wait(lambda: installation.documents_done() >= 10)
        with closing(sqlite3.connect(installation.data / "catalog.db", timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            code = process.wait(150)
            other.rollback()
    assert code == 1, installation.log
    assert "catalog_unavailable" in installation.log and "other program" in installation.log
    assert "Traceback" not in installation.log
    assert installation.run("ingest").code == 0
    found = state(installation)
    assert (found.differences(clean_state(tmp_path / "clean", installation.docs)), found.left) == (
        NOTHING,
        (),
    )


def test_of_two_processes_on_one_data_directory_the_second_is_told(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "here")
    installation.configure(ingest=SMALL_BATCHES)
    ChangingFiles(installation.docs, random.Random(time.time_ns()), 60)
    with installation.begun("apply") as process:
        with patience(lambda: process.poll() is None, lambda: installation.log) as wait:
            wait(lambda: installation.documents_done() >= 1)
        second = installation.run("apply")
        first = process.wait(100)
    assert first == 0
    assert second.code == 0 or second.told("data_in_use"), second.err
    found = state(installation)
    assert (found.differences(clean_state(tmp_path / "clean", installation.docs)), found.left) == (
        NOTHING,
        (),
    )


async def test_of_two_applies_in_one_process_the_second_is_told_and_nothing_is_done_twice(
    open_docs: Open,
) -> None:
    async with open_docs() as workspace:
        outcomes = await asyncio.gather(*(ingest(workspace) for _ in range(4)), return_exceptions=True)
        refused = [one for one in outcomes if isinstance(one, BaseException)]
        assert all(isinstance(one, ConflictError) and one.code == "run_in_progress" for one in refused)
        [done] = [one for one in outcomes if not isinstance(one, BaseException)]
        assert (done.done, len(refused)) == (3, 3)
        assert (await ingest(workspace)).unchanged == 3
