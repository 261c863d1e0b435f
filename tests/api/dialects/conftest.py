"""A server over a real workspace with one declared collection, ``docs``; only parser and model are fakes."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from dialect_clients import Serve
from fastapi import FastAPI
from served import document_of, read_docs

from muniment.api.app import create_app
from muniment.api.dialects.base import OLD_OPENAI_PREFIX
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.settings import Settings
from prompt_server import PromptServer

TEXTS = {
    "leave.txt": "Employees receive 28 days of paid leave a year. Unused days expire at the end of March.",
    "pumps.txt": "The controller shows code E-417 when the pump runs dry. Switch it off and open the valve.",
}


UNDOCUMENTED = (OLD_OPENAI_PREFIX, "/v1alpha/agents", "/openapi.json")
"""Second addresses of routes, which stand in the document once."""


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of the server, changed as asked; the data directory stays the same."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)

    def made(**changes: Any) -> Settings:
        return Settings.model_validate(
            {
                "data_dir": str(tmp_path / "data"),
                "collections": {"docs": {"sources": str(folder), "embedding_model": "small"}},
                "parser": {"provider": "fake"},
                "vector_store": {"provider": "fake"},
                "embedding_models": {
                    "small": {"provider": "fake", "dimension": 64},
                    "large": {"provider": "fake", "dimension": 96},
                },
                "default_embedding_model": "small",
                "reconcile": {"ingest_on_start": False},
                **changes,
            }
        )

    return made


@asynccontextmanager
async def app_over(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, open, its declared collection read."""

    async def opened() -> LocalWorkspace:
        return await open_workspace(settings, serving=True)

    app = create_app(opened, settings, instance="test")
    async with app.router.lifespan_context(app):
        await app.state.opening.wait()
        if "docs" in settings.collections:
            await read_docs(app.state.opening.workspace)
        yield app


@pytest.fixture
def serve(
    settings_of: Callable[..., Settings], documented: Callable[[dict[str, Any], httpx.Response], None]
) -> Serve:
    """Opens a server; leaving and opening another is a restart.

    Every response is held against the OpenAPI document, except where a route has a second address.
    """

    @asynccontextmanager
    async def served(
        *, headers: dict[str, str] | None = None, **changes: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        async with app_over(settings_of(**changes)) as app:
            document = document_of(app)

            async def check(response: httpx.Response) -> None:
                await response.aread()
                path = response.request.url.path
                if not path.startswith(UNDOCUMENTED):
                    documented(document, response)

            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://muniment",
                headers=headers,
                event_hooks={"response": [check]},
            ) as client:
                yield client

    return served


@pytest.fixture
def open_app(settings_of: Callable[..., Settings]) -> Callable[[], AbstractAsyncContextManager[FastAPI]]:
    """Opens an application, for what is below its routes."""
    return lambda: app_over(settings_of())


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server."""
    async with serve() as client:
        yield client


@contextmanager
def running_server(settings: Settings) -> Iterator[str]:
    """The URL of a real server on loopback."""

    async def opened() -> LocalWorkspace:
        return await open_workspace(settings, serving=True)

    app = create_app(opened, settings, instance="test")
    server = PromptServer(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        try:
            while httpx.get(f"{url}/v1/ready", trust_env=False, timeout=60).status_code != 200:
                time.sleep(0.05)
            httpx.post(
                f"{url}/v1/collections/docs/runs", json={}, trust_env=False, timeout=60
            ).raise_for_status()
            yield url
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def served_url(settings_of: Callable[..., Settings]) -> Iterator[str]:
    """The URL of a real server, for clients that need one."""
    with running_server(settings_of()) as url:
        yield url


@pytest.fixture
def openai_client(served_url: str) -> Iterator["openai.OpenAI"]:
    """OpenAI's own client of a real server."""
    with openai.OpenAI(base_url=f"{served_url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def checked(served: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same client, whose every response is held against the OpenAPI document."""
    return served
