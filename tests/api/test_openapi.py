"""The OpenAPI document is complete: what is not in it does not exist."""

from typing import Any

import pytest
from fastapi import FastAPI

Operations = list[tuple[str, dict[str, Any]]]

EXPECTED = {
    "health", "ready", "answer", "search", "list_collections", "get_collection", "start_run", "list_runs",
    "list_documents", "upload_documents", "get_document", "delete_document", "get_document_text",
    "get_document_file", "get_page_image", "list_models", "get_model", "create_chat_completion", "home",
}  # fmt: skip


PEERS = {"llama stack", "not offered"}
"""Tags of operations that are there because a peer has them; its list of routes is what counts there."""


def own(operations: Operations) -> Operations:
    return [(where, operation) for where, operation in operations if not PEERS & set(operation["tags"])]


PLAIN = {
    "question", "query", "mode", "limit", "key", "type", "filters", "messages", "stream", "role", "text",
    "content", "stream_options",
}  # fmt: skip


@pytest.fixture
def operations(app: FastAPI) -> Operations:
    paths = app.openapi()["paths"]
    return [(f"{m} {p}", operation) for p, methods in paths.items() for m, operation in methods.items()]


async def test_operation_ids_are_stable(operations: Operations) -> None:
    assert {operation["operationId"] for _, operation in own(operations)} == EXPECTED


async def test_every_operation_is_described_with_its_errors(
    operations: list[tuple[str, dict[str, Any]]],
) -> None:
    for where, operation in operations:
        assert operation["summary"], where
        assert operation["description"], where
        assert "500" in operation["responses"], where
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                if media_type == "application/json":
                    assert content["schema"].get("$ref"), (where, status)


async def test_every_route_is_in_it(app: FastAPI, operations: Operations) -> None:
    assert "HTTPValidationError" not in app.openapi()["components"]["schemas"]
    assert len(own(operations)) == len(EXPECTED)
    assert len({operation["operationId"] for _, operation in operations}) == len(operations)


async def test_every_field_of_a_request_is_described(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    for name in ("AnswerRequest", "SearchRequest", "RunRequest", "ChatRequest", "ComparisonWire"):
        for field, schema in schemas[name]["properties"].items():
            assert "description" in schema or field in PLAIN, (name, field)
