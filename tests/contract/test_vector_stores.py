import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from muniment.protocols import ProviderContext, VectorStore
from muniment.providers.fake_vector_store import FakeVectorStore
from muniment.providers.milvus import PROVIDER, MilvusOptions
from muniment.testing.vector_store import MakeStore, VectorStoreContract


def reopening(options: MilvusOptions, data_dir: Path, opened: list[VectorStore]) -> MakeStore:
    async def make() -> VectorStore:
        while opened:
            await opened.pop().aclose()
        opened.append(await PROVIDER.create(options, ProviderContext(data_dir)))
        return opened[0]

    return make


class TestFake(VectorStoreContract):
    persistent = False

    @pytest.fixture
    def make_store(self) -> MakeStore:
        async def make() -> VectorStore:
            return FakeVectorStore()

        return make


class TestMilvusEmbedded(VectorStoreContract):
    @pytest.fixture
    async def make_store(self, tmp_path: Path) -> AsyncIterator[MakeStore]:
        opened: list[VectorStore] = []
        yield reopening(MilvusOptions(), tmp_path, opened)
        for store in opened:
            await store.aclose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1", "--port", str(port)]
    folder = tmp_path_factory.mktemp("server")
    with subprocess.Popen(
        [*command, "--data-dir", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.kill()


class TestMilvusServer(VectorStoreContract):
    """Milvus computes the searches: HNSW, BM25 and filter expressions."""

    fusion = "zscore"

    @pytest.fixture
    async def make_store(self, server: str, tmp_path: Path) -> AsyncIterator[MakeStore]:
        opened: list[VectorStore] = []
        make = reopening(MilvusOptions(uri=server, fusion=self.fusion), tmp_path, opened)
        yield make
        store = await make()
        for name in await store.names():
            await store.drop(name)
        await store.aclose()


class TestMilvusServerFusing(TestMilvusServer):
    """Reciprocal rank fusion inside Milvus, in one hybrid search."""

    fusion = "rrf"
