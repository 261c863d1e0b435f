"""Every embedder in the box keeps the contract."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from muniment.errors import SettingsError, UnavailableError
from muniment.protocols import Embedder, ProviderContext
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.providers.fake_embedder import PROVIDER as FAKE
from muniment.providers.openai_embedder import PROVIDER as OPENAI
from muniment.testing.embedder import EmbedderContract
from prompt_server import PromptServer

ENCODERS = Path(__file__).parents[1] / "fixtures" / "encoders"
TOKENIZER = str(ENCODERS / "bert" / "tokenizer.json")


class EmbeddingServer:
    """A small ``/v1/embeddings`` over the fake embedder; ``failures`` are answered first."""

    def __init__(self) -> None:
        self.failures: list[Response] = []
        self.requests: list[dict[str, object]] = []
        self.keys: list[str | None] = []
        self.app = FastAPI()
        self.app.post("/v1/embeddings")(self.embeddings)

    async def embeddings(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("authorization"))
        if self.failures:
            return self.failures.pop(0)
        model = await FAKE.create(FAKE.options(max_tokens=10_000), ProviderContext(Path()))
        vectors = await model.embed_texts(body["input"])
        rows = [{"index": i, "embedding": (3 * row).tolist()} for i, row in enumerate(vectors)]
        return JSONResponse({"data": rows[::-1], "model": body["model"]})


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a free loopback port, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = PromptServer(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def server() -> EmbeddingServer:
    return EmbeddingServer()


@pytest.fixture
def address(server: EmbeddingServer) -> Iterator[str]:
    with serving(server.app) as url:
        yield url


async def remote(address: str, data_dir: Path, **options: object) -> Embedder:
    values = {"base_url": address, "model": "bag", "tokenizer_path": TOKENIZER, **options}
    return await OPENAI.create(OPENAI.options.model_validate(values), ProviderContext(data_dir, "remote"))


class TestFakeEmbedder(EmbedderContract):
    @pytest_asyncio.fixture
    async def embedder(self, tmp_path: Path) -> Embedder:
        return await FAKE.create(FAKE.options(), ProviderContext(tmp_path))


class TestEncoder(EmbedderContract):
    tolerance = 5e-3  # int8 over random weights; the trained model is held to 1e-3 below

    @pytest_asyncio.fixture
    async def embedder(self, tmp_path: Path) -> AsyncIterator[Embedder]:
        options = ENCODER.options(path=str(ENCODERS / "mpnet"), threads=2, max_batch_tokens=128)
        made = await ENCODER.create(options, ProviderContext(tmp_path, "tiny"))
        yield made
        await made.aclose()


class TestOpenAIEmbedder(EmbedderContract):
    @pytest_asyncio.fixture
    async def embedder(self, address: str, tmp_path: Path) -> AsyncIterator[Embedder]:
        made = await remote(address, tmp_path, max_tokens=64, batch_size=4)
        yield made
        await made.aclose()

    async def test_batches_hold_no_more_texts_than_told(
        self, embedder: Embedder, server: EmbeddingServer
    ) -> None:
        await embedder.embed_texts([f"text {n}" for n in range(10)])
        assert sorted(len(r["input"]) for r in server.requests) == [1, 2, 4, 4]  # type: ignore[arg-type]

    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_what_may_pass_is_tried_again(
        self, status: int, embedder: Embedder, server: EmbeddingServer
    ) -> None:
        server.failures = [Response("busy", status)]
        assert (await embedder.embed_texts(["once more"])).shape == (1, embedder.dimension)

    async def test_a_refusal_is_not_tried_again(self, embedder: Embedder, server: EmbeddingServer) -> None:
        before = len(server.requests)
        server.failures = [Response("no such model", 404)]
        with pytest.raises(UnavailableError, match="no such model") as caught:
            await embedder.embed_texts(["x"])
        assert caught.value.code == "embedder_refused"
        assert len(server.requests) == before + 1

    @pytest.mark.parametrize("reply", [{"data": []}, {"data": [{"index": 0, "embedding": [0.0] * 64}]}, {}])
    async def test_a_reply_that_is_no_vector_is_refused(
        self, reply: dict[str, object], embedder: Embedder, server: EmbeddingServer
    ) -> None:
        server.failures = [JSONResponse(reply)]
        with pytest.raises(UnavailableError) as caught:
            await embedder.embed_query("x")
        assert caught.value.code == "embedder_refused"


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnavailableError, match=str(port)) as caught:
        await remote(f"http://127.0.0.1:{port}/v1", tmp_path, retries=0)
    assert caught.value.code == "embedder_unavailable"


async def test_the_key_comes_from_a_file_and_a_missing_one_is_refused(
    address: str, server: EmbeddingServer, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("sesame\n")
    made = await remote(address, tmp_path, api_key_file=str(tmp_path / "key"))
    await made.aclose()
    assert server.keys == ["Bearer sesame"]
    with pytest.raises(SettingsError) as caught:
        await remote(address, tmp_path, api_key_env="NO_SUCH_VARIABLE")
    assert caught.value.code == "api_key_missing"


async def test_fake_vectors_are_alike_for_texts_that_share_words(tmp_path: Path) -> None:
    fake = await FAKE.create(FAKE.options(), ProviderContext(tmp_path))
    query = await fake.embed_query("warranty months")
    vectors = await fake.embed_texts(["the warranty lasts 24 months", "holidays are booked early"])
    assert np.argmax(vectors @ query) == 0
