"""Two processes at once over one catalog, one vector store and one source, one of them killed."""

import asyncio
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from changing_files import ChangingFiles
from ingested_state import State, kept_in, read_state
from installation import Installation
from killed_process import MOMENTS
from servers import milvus
from two_workers import LEASE_S, Shared

from muniment.providers.s3.connection import Bucket
from s3_servers import ACCESS_KEY, SECRET_KEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def catalog(postgres_server: str) -> str:
    """An empty database."""
    name = f"catalog_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgres_server.removesuffix('/postgres')}/{name}"


@pytest.fixture
def shared(tmp_path: Path, catalog: str) -> Iterator[Shared]:
    folder = tmp_path / "shared"
    folder.mkdir()
    with milvus(tmp_path) as uri:
        files = {"provider": "folder", "path": str(folder / "files")}
        yield Shared(folder, catalog, uri, files, {"provider": "folder", "path": str(folder / "docs")})


def clean_state(folder: Path, docs: Path) -> State:
    """An ingestion by one process into stores of its own."""
    clean = Installation(folder)
    clean.configure(collections={"docs": {"sources": str(docs), "embedding_model": "small"}})
    assert clean.run("ingest").code in (0, 3)
    uri = f"sqlite:///{clean.data / 'catalog.db'}"
    return read_state(str(clean.store), uri, kept_in(clean.data / "files"), clean.data / "scratch")


def differences(shared: Shared, clean: State) -> dict[str, list[str]]:
    state = shared.state()
    assert not any(one.startswith("doubt") for one in state.left), state.left
    return state.differences(clean)


NOTHING = {"lost": [], "doubled": []}


@pytest.mark.parametrize("stage", ["fetch", "embed", "write", "settle", "clean"])
def test_when_one_of_two_is_killed_the_other_does_everything_once(
    shared: Shared, tmp_path: Path, stage: str
) -> None:
    dice = random.Random(f"{stage} {time.time_ns()}")
    files = ChangingFiles(shared.folder / "docs", dice, 40)
    a, b = shared.worker("a"), shared.worker("b")
    assert a.run("status").code == 0
    for again in range(2):
        (shared.folder / "watched").write_text("")
        with ExitStack() as stack:
            moment = dice.choice(MOMENTS)
            nth = 1 if stage == "clean" else dice.randint(2, 8 if not again else 2)
            doomed = stack.enter_context(shared.running(b, stage, str(nth), moment))
            survivor = stack.enter_context(shared.running(a))
            _, err = survivor.communicate(timeout=120)
            assert survivor.returncode in (0, 3), err
            _, said = doomed.communicate(timeout=60)
            assert doomed.returncode in (-signal.SIGKILL, 0, 3), said
            assert shared.overlaps(doomed.pid) == []
        assert shared.apply().code == 0
        clean = clean_state(tmp_path / f"clean-{again}", shared.folder / "docs")
        assert differences(shared, clean) == NOTHING
        assert shared.worker("c").run("plan").code == 0
        runs = shared.worker("c").run("runs", "--json").json()["runs"]
        assert "running" not in {run["state"] for run in runs}
        if not again:
            assert set(shared.times_done().values()) == {1}
            files.edit()
            time.sleep(LEASE_S)


async def test_over_s3_the_one_that_lives_does_everything_once(
    shared: Shared, tmp_path: Path, bucket: Bucket
) -> None:
    dice = random.Random(time.time_ns())
    docs = shared.folder / "docs"
    ChangingFiles(docs, dice, 30)
    files = {path.relative_to(docs).as_posix(): path.read_bytes() for path in docs.rglob("*.txt")}
    for name, data in files.items():
        await bucket.put(f"docs/{name}", data)
    place = {"provider": "s3", "bucket": bucket.options.bucket, "endpoint": bucket.options.endpoint}
    shared.source, shared.file_store = {**place, "prefix": "docs/"}, {**place, "prefix": "kept"}
    shared.environment = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    a, b = shared.worker("a"), shared.worker("b")
    assert a.run("status", environment=shared.environment).code == 0
    (shared.folder / "watched").write_text("")
    with (
        shared.running(b, dice.choice(["fetch", "keep", "write"]), "5", dice.choice(MOMENTS)) as doomed,
        shared.running(a) as survivor,
    ):
        _, err = await asyncio.to_thread(survivor.communicate, timeout=120)
        assert survivor.returncode == 0, err
        await asyncio.to_thread(doomed.wait, 60)
        assert shared.overlaps(doomed.pid) == []
    assert set(shared.times_done().values()) == {1}
    assert sum(shared.times_done().values()) == len(files)
    assert shared.apply().code == 0
    kept = [found.key.removeprefix("kept/") async for found in bucket.objects("kept/")]
    clean, state = clean_state(tmp_path / "clean", docs), shared.state(kept)
    assert (state.rows, state.kept) == (clean.rows, clean.kept)
    assert state.documents.total() == clean.documents.total() == len(files)


@pytest.mark.parametrize("written", ["as a path", "with dots"])
def test_two_that_live_share_the_work(shared: Shared, tmp_path: Path, written: str) -> None:
    if written == "with dots":
        # Each from a folder of its own: neither may take the other's documents for its own.
        shared.source["path"] = "../docs"
    ChangingFiles(shared.folder / "docs", random.Random(1), 60)
    # Neither has seen the collection before: they make it together.
    a, b = shared.worker("a"), shared.worker("b")
    with shared.running(a) as one, shared.running(b) as other:
        for process in (one, other):
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
    assert shared.overlaps(0) == []
    assert set(shared.times_done().values()) == {1}
    assert sum(shared.times_done().values()) == 60
    assert differences(shared, clean_state(tmp_path / "clean", shared.folder / "docs")) == NOTHING
    assert shared.state().left == ()
    for worker in (a, b):
        assert worker.run("plan").code == 0
