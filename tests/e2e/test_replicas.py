"""Two servers on one PostgreSQL catalog and one Milvus: what one registers, the other finds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from servers import milvus, postgres

from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.errors import NotFoundError
from muniment.settings import Settings
from muniment.types import GivenChunk, StoreFileState

pytestmark = pytest.mark.slow

WARRANTY = "The warranty of pump P-7 is 36 months from delivery."
FEES = "The annual fee for the archive is 120 euros."


@pytest.fixture(scope="module")
def catalog_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as uri:
        yield uri


@pytest.fixture(scope="module")
def milvus_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus(tmp_path_factory.mktemp("milvus")) as uri:
        yield uri


@asynccontextmanager
async def replica(
    name: str, tmp_path: Path, catalog_uri: str, milvus_uri: str
) -> AsyncIterator[LocalWorkspace]:
    settings = Settings.model_validate(
        {
            "data_dir": str(tmp_path / name),
            "collections": {"docs": {"embedding_model": "small"}},
            "catalog_uri": catalog_uri,
            "vector_store": {"provider": "milvus", "uri": milvus_uri},
            "file_store": {"provider": "folder", "path": str(tmp_path / "files")},
            "embedding_models": {"small": {"provider": "fake", "dimension": 64}},
            "default_embedding_model": "small",
            "parser": {"provider": "fake"},
        }
    )
    workspace = await open_workspace(settings, serving=True)
    try:
        yield workspace
    finally:
        await workspace.aclose()


async def texts(workspace: LocalWorkspace, store: str, query: str) -> set[str]:
    collection = await workspace.services.stores.find(store)
    result = await workspace.search(collection, query)
    return {passage.chunk.text for passage in result.passages}


async def test_what_one_server_registers_is_searched_from_the_other_and_after_a_restart(
    tmp_path: Path, catalog_uri: str, milvus_uri: str
) -> None:
    where = (tmp_path, catalog_uri, milvus_uri)
    async with replica("a", *where) as a, replica("b", *where) as b:
        store = await a.services.stores.create(name="manuals")
        assert (await b.services.stores.get(store.id)).name == "manuals"
        await a.services.stores.insert(store.id, [GivenChunk("c1", FEES)])
        assert await texts(b, store.id, "annual fee") == {FEES}

        path = tmp_path / "upload"
        path.write_text(WARRANTY)
        file = await b.services.files.save("pump.txt", "assistants", path)
        await b.services.attachments.attach(store.collection, file.id, {})
        async with asyncio.timeout(120):
            while (await a.services.attachments.get(store.collection, file.id)).state is (  # noqa: ASYNC110
                StoreFileState.IN_PROGRESS
            ):
                await asyncio.sleep(0.05)
        assert await texts(a, store.id, "warranty of the pump") == {FEES, WARRANTY}
        assert await a.services.files.content(file.id) == WARRANTY.encode()

        await a.services.stores.insert("docs", [GivenChunk("c2", WARRANTY)])
        assert await texts(b, "docs", "warranty") == {WARRANTY}
    async with replica("c", *where) as c:
        assert await texts(c, "manuals", "warranty fee") == {FEES, WARRANTY}
        await c.services.stores.delete(store.id)


async def test_a_store_deleted_on_one_server_is_gone_from_the_other(
    tmp_path: Path, catalog_uri: str, milvus_uri: str
) -> None:
    where = (tmp_path, catalog_uri, milvus_uri)
    async with replica("a", *where) as a, replica("b", *where) as b:
        store = await a.services.stores.create(name="short-lived")
        await b.services.stores.insert(store.id, [GivenChunk("c1", FEES)])
        await b.services.stores.delete(store.id)
        with pytest.raises(NotFoundError) as unknown:
            await a.services.stores.find(store.id)
        assert unknown.value.code == "unknown_store"


async def test_servers_that_start_at_once_share_one_catalog(
    tmp_path: Path, catalog_uri: str, milvus_uri: str
) -> None:
    where = (tmp_path, catalog_uri, milvus_uri)
    async with asyncio.timeout(120):
        replicas = [replica(name, *where) for name in "abc"]
        opened = await asyncio.gather(*(one.__aenter__() for one in replicas))
    assert len({tuple(c.name for c in await one.collections()) for one in opened}) == 1
    for one in replicas:
        await one.__aexit__(None, None, None)


async def test_a_generation_that_one_server_promotes_is_answered_from_by_the_other(
    tmp_path: Path, catalog_uri: str, milvus_uri: str
) -> None:
    where = (tmp_path, catalog_uri, milvus_uri)
    path = tmp_path / "upload"
    path.write_text(WARRANTY)
    async with replica("a", *where) as a, replica("b", *where) as b:
        await a.upload("docs", "pump.txt", path, {})
        await a.services.stores.insert("docs", [GivenChunk("c1", FEES)])
        assert await texts(b, "docs", "warranty fee") == {WARRANTY, FEES}
        over = asyncio.Event()

        async def keep_asking() -> None:
            while not over.is_set():
                assert await texts(b, "docs", "warranty fee") == {WARRANTY, FEES}

        async with asyncio.TaskGroup() as group:
            group.create_task(keep_asking())
            async for _ in a.ingest("docs", trigger="test", rebuild=True):
                pass
            over.set()
        assert await texts(b, "docs", "warranty fee") == {WARRANTY, FEES}
        assert (await b.collection("docs")).generation == (await a.collection("docs")).generation == 2
        path.write_text("The canteen opens at half past eleven.")
        await b.upload("docs", "canteen.txt", path, {})
        assert "The canteen opens at half past eleven." in await texts(a, "docs", "canteen")
        async for _ in b.rollback("docs"):
            pass
        assert "The canteen opens at half past eleven." in await texts(a, "docs", "canteen")
        assert (await a.collection("docs")).generation == 1
