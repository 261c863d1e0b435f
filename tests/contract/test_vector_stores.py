from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from milvus_servers import LiteServer, Standalone
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


class OnServer(VectorStoreContract):
    """A server by URI, with an own fixture ``server``."""

    options: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    async def make_store(self, server: LiteServer | Standalone, tmp_path: Path) -> AsyncIterator[MakeStore]:
        opened: list[VectorStore] = []
        options = MilvusOptions.model_validate({"uri": server.uri, **self.options})
        make = reopening(options, tmp_path, opened)
        yield make
        store = await make()
        for name in await store.names():
            await store.drop(name)
        await store.aclose()


class TestMilvusServer(OnServer):
    """Milvus computes the searches: HNSW, BM25 and filter expressions."""

    @pytest.fixture
    def server(self, lite_server: LiteServer) -> LiteServer:
        return lite_server


class TestMilvusServerFusing(TestMilvusServer):
    """Reciprocal rank fusion inside Milvus, in one hybrid search."""

    options: ClassVar[dict[str, str]] = {"fusion": "rrf"}


class TestMilvusServerMirrored(TestMilvusServer):
    """An exact index here over a server's rows, which others may write too."""

    options: ClassVar[dict[str, str]] = {"search_by": "resident"}


@pytest.mark.slow
@pytest.mark.timeout(300)
class TestMilvusWithoutBm25(OnServer):
    """Milvus 2.3.5: keyword ranking here, cosines there."""

    @pytest.fixture
    def server(self, standalone: Standalone) -> Standalone:
        return standalone


class TestMilvusWithoutBm25Fusing(TestMilvusWithoutBm25):
    """The same with reciprocal rank fusion."""

    options: ClassVar[dict[str, str]] = {"fusion": "rrf"}


class TestMilvusWithoutBm25Mirrored(TestMilvusWithoutBm25):
    """Everything is computed here."""

    options: ClassVar[dict[str, str]] = {"search_by": "resident"}
