"""The way of OpenAI's client against a server of this process whose parser, model and store are fakes."""

import socket
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import language_model
import pytest
import uvicorn
from live_server import FLOWS

from muniment.api.app import create_app
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.settings import Settings
from prompt_server import PromptServer

sys.path.insert(0, str(FLOWS))

import openai_files as files
import openai_models as models
import openai_responses as responses
import openai_search as search
from openai_sync import connect
from steps import Flow, State, new_run

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

pytestmark = pytest.mark.timeout(300)
MODEL, DIMENSION, READY_S = "small", 64, 120

flow = Flow(connect)
flow.add(*models.MODELS, *models.CHAT, *models.EMBEDDINGS)
flow.add(*files.FILES, *files.STORES, *files.ATTACHED, files.content_of_an_attached_file_as_data)
flow.add(*files.BATCHES, *search.SEARCH, search.search_takes_several_queries)
flow.add(*responses.RESPONSES, *responses.STREAMS, *responses.CONVERSATIONS, *files.ENDING)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with language_model.serving() as model_url:
        generator = {"provider": "openai", "base_url": model_url, "model": language_model.MODEL}
        settings = Settings.model_validate(
            {
                "data_dir": str(tmp_path_factory.mktemp("in-process")),
                "collections": {"handbook": {"embedding_model": MODEL}},
                "parser": {"provider": "fake"},
                "vector_store": {"provider": "fake"},
                "embedding_models": {MODEL: {"provider": "fake", "dimension": DIMENSION}},
                "generators": {language_model.MODEL: generator},
                "default_generator": language_model.MODEL,
            }
        )
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            yield from served(settings, bound)


def served(settings: Settings, bound: socket.socket) -> Iterator[str]:
    """A server in a thread, from when it can be asked until the test is done."""

    async def opened() -> LocalWorkspace:
        return await open_workspace(settings, serving=True)

    app = create_app(opened, settings, instance="test")
    server = PromptServer(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    end = time.monotonic() + READY_S
    while not (
        server.started and httpx.get(f"{url}/v1/collections", trust_env=False, timeout=60).status_code == 200
    ):
        assert time.monotonic() < end, "the workspace did not open"
        time.sleep(0.02)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def outcomes(url: str) -> dict[str, tuple[bool, str]]:
    state = State(
        base_url=url,
        llm=language_model.MODEL,
        embedding_model=MODEL,
        dimension=DIMENSION,
        run=new_run(),
    )
    outcomes = {line["step"]: (line["ok"], line["detail"]) for line in flow.outcomes(state)}
    state.client.close()
    return outcomes


@pytest.mark.parametrize("step", flow.names(openai.__version__))
def test_step(outcomes: dict[str, tuple[bool, str]], step: str) -> None:
    ok, detail = outcomes[step]
    assert ok, detail
