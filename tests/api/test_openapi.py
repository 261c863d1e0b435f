"""The OpenAPI document is complete: what is not in it does not exist."""

from typing import Any

import pytest
from fastapi import FastAPI
from served import document_of

Operations = list[tuple[str, dict[str, Any]]]

EXPECTED = {
    "health", "ready", "answer", "search", "list_collections", "get_collection", "start_run", "list_runs",
    "verify_collection",
    "plan_collection", "list_plan_changes", "list_plan_shards", "apply_plan", "get_run", "list_run_documents",
    "list_documents", "upload_documents", "get_document", "delete_document", "get_document_text",
    "get_document_file", "get_page_image", "home", "get_quality", "keep_quality",
    "list_generations", "stage_generation", "promote_generation", "rollback_generation", "discard_generation",
    "list_models", "get_model", "rerank", "register_model", "unregister_model", "create_chat_completion",
    "list_chat_completions", "get_chat_completion", "update_chat_completion", "delete_chat_completion",
    "list_chat_completion_messages", "create_completion", "create_moderation",
    "upload_file", "list_files", "get_file", "delete_file", "get_file_content",
    "create_vector_store", "list_vector_stores", "get_vector_store", "update_vector_store",
    "delete_vector_store", "search_vector_store", "attach_file", "list_vector_store_files",
    "get_vector_store_file", "update_vector_store_file", "detach_file", "get_vector_store_file_content",
    "create_file_batch", "get_file_batch", "cancel_file_batch", "list_file_batch_files",
    "create_embeddings",
    "create_agent", "list_agents", "get_agent", "delete_agent", "create_agent_session", "list_agent_sessions",
    "get_agent_session", "delete_agent_session", "create_agent_turn", "resume_agent_turn", "get_agent_turn",
    "get_agent_step", "create_batch", "cancel_batch", "list_batches", "get_batch", "compact_response",
    "create_response", "list_responses", "get_response", "delete_response", "cancel_response",
    "list_input_items", "create_conversation", "get_conversation", "update_conversation",
    "delete_conversation", "add_conversation_items", "list_conversation_items", "get_conversation_item",
    "delete_conversation_item", "list_prompts", "create_prompt", "get_prompt", "update_prompt", "put_prompt",
    "delete_prompt", "set_default_prompt_version", "put_default_prompt_version", "list_prompt_versions",
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
    paths = document_of(app)["paths"]
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
    assert "HTTPValidationError" not in document_of(app)["components"]["schemas"]
    assert len(own(operations)) == len(EXPECTED)
    assert len({operation["operationId"] for _, operation in operations}) == len(operations)


async def test_every_field_of_a_request_is_described(app: FastAPI) -> None:
    schemas = document_of(app)["components"]["schemas"]
    for name in ("AnswerRequest", "SearchRequest", "RunRequest", "ChatRequest", "ComparisonWire"):
        for field, schema in schemas[name]["properties"].items():
            assert "description" in schema or field in PLAIN, (name, field)
