"""A server over a real workspace with language models, embedding models and one collection, ``docs``."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema
from fastapi import FastAPI
from served import document_of, read_docs

from muniment.api.app import create_app
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.settings import Settings

LEAVE = "Employees receive 28 days of paid leave a year."

OPENAI = {"user-agent": "OpenAI/Python 3.54.0"}
STACK_0212 = {"x-llamastack-client-version": "0.2.12"}
STACK_0222 = {"x-llamastack-client-version": "0.2.22"}
STACK_03 = {"x-llamastack-client-version": "0.3.5"}
OGX = {"x-ogx-client-version": "1.5.0"}

Body = dict[str, Any]


@asynccontextmanager
async def model_server(
    tmp_path: Path, headers: dict[str, str] | None = None, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server; every response is held against the OpenAPI document.

    Opening another one over the same folder is a restart.
    """
    (tmp_path / "docs").mkdir(exist_ok=True)
    (tmp_path / "docs" / "leave.txt").write_text(LEAVE)
    settings = Settings.model_validate(
        {
            "data_dir": str(tmp_path / "data"),
            "collections": {"docs": {"sources": str(tmp_path / "docs"), "embedding_model": "small"}},
            "parser": {"provider": "fake"},
            "vector_store": {"provider": "fake"},
            "embedding_models": {
                "small": {"provider": "fake", "dimension": 64},
                "large": {"provider": "fake", "dimension": 96},
            },
            "default_embedding_model": "small",
            "generators": {
                "bot": {"provider": "fake", "model": "echo-1"},
                "broken": {"provider": "fake", "model": "echo-2", "fail_after": 0},
                "breaks": {"provider": "fake", "model": "echo-3", "fail_after": 2},
            },
            "reconcile": {"ingest_on_start": False},
            **changes,
        }
    )

    async def workspace() -> LocalWorkspace:
        opened = await open_workspace(settings, serving=True)
        await read_docs(opened)
        return opened

    app = create_app(workspace, settings)
    async with app.router.lifespan_context(app):
        await app.state.opening.wait()
        async with _client(app, headers or {}) as client:
            yield client


def _client(app: FastAPI, headers: dict[str, str]) -> httpx.AsyncClient:
    document = document_of(app)

    async def check(response: httpx.Response) -> None:
        await response.aread()
        _check_documented(document, response)

    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://muniment",
        headers=headers,
        event_hooks={"response": [check]},
    )


def _check_documented(document: Body, response: httpx.Response) -> None:
    """Status, media type and body are such as the document says of the route."""
    path = response.request.url.path
    if path.startswith("/v1/openai/v1"):
        return
    named = [template for template in document["paths"] if _pattern(template).fullmatch(path)]
    operation = document["paths"][min(named, key=lambda template: template.count("{"))]
    described = operation[response.request.method.lower()]["responses"]
    found = described.get(str(response.status_code), described["default"])
    media_type = response.headers["content-type"].split(";")[0]
    assert media_type in found["content"], (path, response.status_code, media_type)
    if media_type == "application/json":
        schema = {**found["content"][media_type]["schema"], "components": document["components"]}
        jsonschema.validate(response.json(), schema)


def _pattern(template: str) -> re.Pattern[str]:
    pattern = re.sub(r"\\{(?:model|provider_id)\\}", ".+", re.escape(template))
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", pattern))
