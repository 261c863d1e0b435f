"""A Milvus server that goes away in the middle costs time, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from workspaces import found, ingest, row_ids

from milvus_servers import LiteServer
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.errors import UnavailableError
from muniment.settings import Settings
from muniment.types import DocumentFinished, Run, RunProgress, RunState

DOCUMENTS = 60

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=["milvus", "resident"])
def search_by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiteServer]:
    server = LiteServer(tmp_path / "milvus")
    server.start()
    yield server
    server.kill()


@asynccontextmanager
async def opened(
    tmp_path: Path, server: LiteServer, search_by: str, *, wait_s: float = 60, serving: bool = False
) -> AsyncIterator[LocalWorkspace]:
    docs = tmp_path / "docs"
    docs.mkdir(exist_ok=True)
    for number in range(DOCUMENTS):
        (docs / f"{number:02}.txt").write_text(f"Pump {number} takes {number * 7} litres of oil, no more.")
    settings = Settings.model_validate(
        {
            "data_dir": str(tmp_path / "data"),
            "collections": {"docs": {"sources": str(docs), "embedding_model": "small"}},
            "parser": {"provider": "fake"},
            "embedding_models": {"small": {"provider": "fake", "dimension": 32}},
            "default_embedding_model": "small",
            "vector_store": {"provider": "milvus", "uri": server.uri, "search_by": search_by},
            "reconcile": {"ingest_on_start": False},
            "ingest": {"batch_chunks": 2, "store_wait_s": wait_s},
        }
    )
    workspace = await open_workspace(settings, serving=serving)
    try:
        yield workspace
    finally:
        await workspace.aclose()


async def ingest_through_an_outage(
    workspace: LocalWorkspace, server: LiteServer, *, outage_s: float | None
) -> Run:
    """A run in which the server is killed after some documents; and comes back, unless that is None."""
    run = None
    coming_back: asyncio.Task[None] | None = None
    async for event in workspace.ingest("docs", trigger="test"):
        if isinstance(event, RunProgress):
            run = event.run
        elif isinstance(event, DocumentFinished) and run is not None and run.done == DOCUMENTS // 4:
            await asyncio.to_thread(server.kill)
            if outage_s is not None:
                coming_back = asyncio.create_task(_start_after(server, outage_s))
    if coming_back is not None:
        await coming_back
    assert run is not None
    return run


async def _start_after(server: LiteServer, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start)


async def assert_complete(workspace: LocalWorkspace) -> None:
    assert len(await row_ids(workspace)) == DOCUMENTS
    collection = await workspace.collection("docs")
    assert (collection.documents, collection.failed, collection.chunks) == (DOCUMENTS, 0, DOCUMENTS)
    for number in (0, DOCUMENTS // 4, DOCUMENTS - 1):
        assert (await found(workspace, f"How many litres of oil does pump {number} take?"))[0] == (
            f"{number:02}.txt"
        )


@pytest.mark.parametrize("outage_s", [1.0, pytest.param(30.0, marks=pytest.mark.slow)])
async def test_a_run_waits_for_the_store(
    tmp_path: Path, server: LiteServer, search_by: str, outage_s: float
) -> None:
    async with opened(tmp_path, server, search_by) as workspace:
        run = await ingest_through_an_outage(workspace, server, outage_s=outage_s)
        assert (run.state, run.done, run.failed) == (RunState.DONE, DOCUMENTS, 0)
        await assert_complete(workspace)


async def test_a_run_that_waited_in_vain_fails_and_the_next_goes_on(
    tmp_path: Path, server: LiteServer, search_by: str
) -> None:
    async with opened(tmp_path, server, search_by, wait_s=1) as workspace:
        run = await ingest_through_an_outage(workspace, server, outage_s=None)
        assert (run.state, run.error_code) == (RunState.FAILED, "store_unavailable")
        assert run.failed == 0
        assert run.hint
        server.start()
        again = await ingest(workspace)
        assert (again.state, again.failed) == (RunState.DONE, 0)
        assert again.unchanged >= DOCUMENTS // 4
        assert again.done + again.unchanged == DOCUMENTS
        await assert_complete(workspace)


async def test_questions_are_refused_while_the_store_is_away_and_answered_when_it_is_back(
    tmp_path: Path, server: LiteServer, search_by: str
) -> None:
    async with opened(tmp_path, server, search_by, serving=True) as workspace:
        await ingest(workspace)
        server.kill()
        for _ in range(3):
            with pytest.raises(UnavailableError) as refused:
                await found(workspace, "pump 3")
            assert refused.value.code == "store_unavailable"
            assert refused.value.hint
        assert not (await workspace.readiness()).ready
        server.start()
        # A check that began while it was away may still tell of it.
        for _ in range(1200):
            with suppress(UnavailableError):
                await found(workspace, "pump 3")
                if (await workspace.readiness()).ready:
                    break
            await asyncio.sleep(0.1)
        await assert_complete(workspace)
