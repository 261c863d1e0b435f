"""Servers under test: their collection read, their responses held against their OpenAPI document."""

import asyncio
import re
from typing import Any

import httpx
import jsonschema
from fastapi import FastAPI

from muniment.collections.local import LocalWorkspace

_documents: list[dict[str, Any]] = []


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once: that takes a second, and it is the same for every application."""
    if not _documents:
        _documents.append(app.openapi())
    return _documents[0]


def check_documented(document: dict[str, Any], response: httpx.Response) -> None:
    """The route is in the document, the status among its responses, the body of the shape it names."""
    assert response.headers["x-request-id"]
    operation = _operation(document, response.request)
    if operation is None:
        assert response.status_code in (403, 404, 405, 413)
        return
    described = operation["responses"].get(str(response.status_code), operation["responses"].get("default"))
    assert described is not None, (response.request.url.path, response.status_code, response.text)
    if response.status_code == 204:
        assert response.content == b""
        return
    media_type = response.headers["content-type"].split(";")[0]
    assert {media_type, "*/*"} & set(described["content"]), (response.request.url.path, media_type)
    if media_type == "application/json":
        schema = {**described["content"][media_type]["schema"], "components": document["components"]}
        jsonschema.validate(response.json(), schema)


def _operation(document: dict[str, Any], request: httpx.Request) -> dict[str, Any] | None:
    # Ids of models and providers may hold slashes, others not.
    for placeholder in ("[^/]+", ".+"):
        matching = [
            (template, operations[request.method.lower()])
            for template, operations in document["paths"].items()
            if request.method.lower() in operations
            and re.fullmatch(re.sub(r"\\{\w+\\}", placeholder, re.escape(template)), request.url.path)
        ]
        if matching:
            # The route with the fewest placeholders is the one that was meant.
            return min(matching, key=lambda found: found[0].count("{"))[1]
    return None


async def read_docs(workspace: LocalWorkspace) -> None:
    """Ingest the declared collection, or wait until what a store in memory has lost is made again."""
    if not await workspace.documents("docs"):
        async for _ in workspace.ingest("docs", trigger="test"):
            pass
    async with asyncio.timeout(120):
        while not all(  # noqa: ASYNC110 - any client waits like this
            check.ok for check in (await workspace.readiness()).checks if "docs" in check.name
        ):
            await asyncio.sleep(0.01)
