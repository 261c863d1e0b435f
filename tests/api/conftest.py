"""A server over a workspace in memory; every response it gives is held against its own OpenAPI document."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from served import check_documented, document_of

from muniment.api.app import create_app
from muniment.collections.fake import FakeWorkspace
from muniment.settings import Settings

LEAVE = "Employees have 30 days of annual leave.\nSick notes are due on the third day.\n"
PRICES = "The Falcon costs 1,200 euros.\nDelivery takes 5 days.\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "collections": {"handbook": {}, "sales": {}},
            "generators": {"big": {"provider": "openai"}},
            "server": {"max_upload_mb": 1, "max_question_chars": 500},
        }
    )


@pytest.fixture
def workspace(tmp_path: Path) -> FakeWorkspace:
    documents = {
        "handbook": {"leave.pdf": LEAVE, "broken.pdf": "UNREADABLE"},
        "sales": {"prices.xlsx": PRICES},
    }
    return FakeWorkspace(documents, tmp_path)


@pytest.fixture
async def app(workspace: FakeWorkspace, settings: Settings) -> AsyncIterator[FastAPI]:
    async def opened() -> FakeWorkspace:
        return workspace

    app = create_app(opened, settings, instance="test")
    async with app.router.lifespan_context(app):
        await app.state.opening.wait()
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    document = document_of(app)

    async def check(response: httpx.Response) -> None:
        await response.aread()
        check_documented(document, response)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://muniment", event_hooks={"response": [check]}
    ) as client:
        yield client


@pytest.fixture
def documented() -> Callable[[dict[str, Any], httpx.Response], None]:
    """What holds a response against the OpenAPI document; see ``check_documented``."""
    return check_documented


@pytest.fixture
def running(workspace: FakeWorkspace, settings: Settings) -> Iterator[tuple[str, uvicorn.Server]]:
    """A real server on loopback, and its URL."""

    async def opened() -> FakeWorkspace:
        return workspace

    app = create_app(opened, settings, instance="test")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        while (
            httpx.get(f"{url}/v1/ready", trust_env=False, timeout=60).status_code != 200
            and not workspace.closed
        ):
            pass
        yield url, server
        server.should_exit = True
        thread.join()


@pytest.fixture
def server(running: tuple[str, uvicorn.Server]) -> str:
    """The URL of a real server."""
    return running[0]
