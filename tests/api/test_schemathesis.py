"""Whatever the OpenAPI document allows to be sent, and much that it does not: the answer is as documented."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
import schemathesis
import schemathesis.openapi
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, checks
from schemathesis.core.errors import InvalidSchema
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi import checks as openapi_checks
from starlette.types import Receive, Scope, Send

from muniment.api.app import create_app
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.settings import Settings

PROMISES = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]

Operation = APIOperation[Any, Any, Any, Any]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The document of a server on the real domain; parser, models and stores are the shipped fakes."""
    folder = tmp_path_factory.mktemp("schemathesis")
    (folder / "docs").mkdir()
    (folder / "docs" / "leave.txt").write_text("Employees receive 28 days of paid leave a year.")
    made = settings_in(folder)

    async def opening() -> LocalWorkspace:
        return await open_workspace(made, serving=True)

    server = Kept(create_app(opening, made))
    document = schemathesis.openapi.from_asgi("/openapi.json", server)
    document.config.checks.update(included_check_names=[check.__name__ for check in PROMISES])
    document.config.checks.not_a_server_error.expected_statuses = ["2xx", "3xx", "4xx", "501"]
    document.hook(naming(server.known))
    yield document
    server.close()


class Kept:
    """An application that stays open between tests; Schemathesis ends its lifespan after each."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._open = AsyncExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.known: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            await self._open.enter_async_context(self._app.router.lifespan_context(self._app))
            self.known = await things_in(self._app)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def close(self) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._open.aclose(), self._loop).result(30)


def settings_in(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder / "data",
            "collections": {"docs": {"sources": str(folder / "docs"), "embedding_model": "small"}},
            "parser": {"provider": "fake"},
            "vector_store": {"provider": "fake"},
            "embedding_models": {"small": {"provider": "fake", "dimension": 64}},
            "default_embedding_model": "small",
            "generators": {"scripted": {"provider": "fake"}},
            "rerankers": {"judge": {"provider": "fake"}},
            "reconcile": {"ingest_on_start": False},
        }
    )


MADE = (
    ("vector_store_id", "/v1/vector_stores", {"json": {"name": "kept"}}),
    (
        "file_id",
        "/v1/files",
        {"data": {"purpose": "assistants"}, "files": {"file": ("a.txt", b"Paid.")}},
    ),
    ("conversation_id", "/v1/conversations", {"json": {}}),
    ("prompt_id", "/v1/prompts", {"json": {"prompt": "Be brief."}}),
    (
        "response_id",
        "/v1/responses",
        {"json": {"model": "muniment/docs", "input": "How many days?"}},
    ),
)
"""What is made for requests to name: the field of its id, and the request that makes it."""


async def things_in(app: FastAPI) -> dict[str, Any]:
    """What a request can name, by the name of the parameter or field."""
    workspace: LocalWorkspace = await app.state.opening.wait()
    async for _ in workspace.ingest("docs", trigger="test"):
        pass
    [document] = await workspace.documents("docs")
    known: dict[str, Any] = {
        "name": "docs",
        "collection": "docs",
        "model": "muniment/docs",
        "model_id": "muniment/docs",
        "embedding_model": "small",
        "document_id": document.document_id,
    }
    paths = app.openapi()["paths"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muniment") as client:
        for field, path, request in MADE:
            if "post" in paths.get(path, {}):
                made = (await client.post(path, **request)).json()
                known[field] = made.get("id") or made["prompt_id"]
        if "file_id" in known and "vector_store_id" in known:
            store = f"/v1/vector_stores/{known['vector_store_id']}/files"
            (await client.post(store, json={"file_id": known["file_id"]})).raise_for_status()
    store_id = known.get("vector_store_id", "docs")
    return {**known, "vector_db_id": store_id, "vector_db_ids": [store_id], "vector_store_ids": [store_id]}


def naming(known: dict[str, Any]) -> Any:
    """Names things that exist: generated names alone would only ever meet the 404."""

    def map_case(context: object, case: Case[Any]) -> Case[Any]:
        # Every third request keeps its names, for the 404; which, must not change between runs.
        if crc32(repr((case.path_parameters, case.body)).encode()) % 3 == 0:
            return case
        for name in set(case.path_parameters) & set(known):
            case.path_parameters[name] = known[name]
        if isinstance(case.body, dict):
            named = {name: known[name] for name in set(case.body) & set(known)}
            if "embeddings" in case.operation.path:
                named |= dict.fromkeys(set(named) & {"model", "model_id"}, "small")
            if "rerank" in case.operation.path:
                named |= dict.fromkeys(set(named) & {"model"}, "judge")
            case.body = {**case.body, **named}
        return case

    return map_case


async def never() -> LocalWorkspace:
    raise AssertionError("only the document is wanted")


# Taken from the routes: making the document takes seconds, and here everybody would wait for it.
NAMED = dict.fromkeys(
    (route.path_format, method.lower())
    for route in create_app(never, Settings()).routes
    if isinstance(route, APIRoute) and route.include_in_schema
    for method in sorted(route.methods)
)
OPERATIONS = [pytest.param(path, method, id=f"{method.upper()} {path}") for path, method in NAMED]


def test_every_operation_is_asked(document: BaseSchema) -> None:
    documented = {
        (path, method) for path, methods in document.raw_schema["paths"].items() for method in methods
    }
    assert documented == set(NAMED)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_documented(document: BaseSchema, path: str, method: str) -> None:
    ask(document[path][method], 2)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_documented_at_length(document: BaseSchema, path: str, method: str) -> None:
    ask(document[path][method], 200)


def ask(operation: Operation, examples: int) -> None:
    """Send requests that the document allows, and ones that it does not."""
    requests = operation.as_strategy(GenerationMode.POSITIVE)
    if takes(operation):
        requests = st.one_of(requests, operation.as_strategy(GenerationMode.NEGATIVE))

    @settings(max_examples=examples, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(requests)
    def answered(case: Case[Any]) -> None:
        case.call_and_validate(checks=PROMISES)

    try:
        answered()
    except InvalidSchema as error:
        # The generator cannot write what breaks some of our rules; what it sent until then was answered well.
        pytest.skip(str(error))


def takes(operation: Operation) -> bool:
    """Whether there is anything in a request to get wrong."""
    return bool(operation.body or list(operation.iter_parameters()))
