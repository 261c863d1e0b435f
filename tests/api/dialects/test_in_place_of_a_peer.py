"""Applications that were written for a Llama Stack server find here what they rely on there."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from model_server import model_server

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Json = dict[str, Any]

OPENAI = {"user-agent": "OpenAI/Python 2.14.0"}
V0222 = {"X-LlamaStack-Client-Version": "0.2.22"}
V03 = {"X-LlamaStack-Client-Version": "0.3.5"}
V07 = {"X-LlamaStack-Client-Version": "0.7.0"}
OGX = {"X-OGX-Client-Version": "1.5.0"}
PEERS = (V0222, V03, V07, OGX)


@pytest.fixture
async def with_model(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with model_server(tmp_path) as client:
        yield client


async def uploaded(client: httpx.AsyncClient, count: int) -> list[str]:
    return [
        (
            await client.post(
                "/v1/files",
                files={"file": (f"{number}.txt", f"Note {number} on pump P-7.".encode())},
                data={"purpose": "assistants"},
            )
        ).json()["id"]
        for number in range(count)
    ]


async def created(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> Json:
    response = await client.post("/v1/vector_stores", json=body, headers=headers)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_openais_client_is_answered_as_by_the_server_that_stood_here(serve: Serve) -> None:
    unknown = "/vector_stores/nope"
    async with serve(headers=OPENAI, server={"dialect": "llama-stack-0.3"}) as client:
        assert (await client.get(f"/v1{unknown}")).status_code == 400
    async with serve(headers=OPENAI) as client:
        assert (await client.get(f"/v1{unknown}")).status_code == 404
        assert (await client.get(f"/v1/openai/v1{unknown}")).status_code == 400


@pytest.mark.parametrize("headers", PEERS)
async def test_a_store_made_with_files_has_read_them(
    served: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    files = await uploaded(served, 2)
    store = await created(served, headers, name="notes", file_ids=[*files, "file-nope"])
    counts = store["file_counts"]
    assert (counts["completed"], counts["failed"], counts["in_progress"], counts["total"]) == (2, 1, 0, 3)


async def test_last_id_is_the_pages_so_that_clients_page_through_everything(
    served: httpx.AsyncClient,
) -> None:
    files = await uploaded(served, 3)
    store = (await created(served, V03, name="notes", file_ids=files))["id"]
    path = f"/v1/vector_stores/{store}/files?limit=2"
    whole = (await served.get(f"/v1/vector_stores/{store}/files")).json()["data"]
    # Llama Stack before 0.4 sends the whole list's last id, at which its own client stops paging.
    for headers in (V0222, V03, V07, OGX):
        page = (await served.get(path, headers=headers)).json()
        assert page["has_more"]
        assert [one["id"] for one in page["data"]] == [one["id"] for one in whole[:2]]
        assert page["last_id"] == whole[1]["id"]
    empty = (await created(served, V03, name="empty"))["id"]
    assert (await served.get(f"/v1/vector_stores/{empty}/files", headers=V03)).json()["last_id"] == ""


async def test_a_filter_may_be_the_values_alone(served: httpx.AsyncClient) -> None:
    store = (await created(served, V0222, name="notes"))["id"]
    chunks = [{"content": f"A pump of {kind}", "metadata": {"kind": kind}} for kind in ("steel", "brass")]
    await served.post("/v1/vector-io/insert", json={"vector_db_id": store, "chunks": chunks}, headers=V0222)
    asked = {"query": "pump", "filters": {"kind": "brass"}}
    found = (await served.post(f"/v1/vector_stores/{store}/search", json=asked, headers=V0222)).json()
    assert [result["attributes"]["kind"] for result in found["data"]] == ["brass"]


async def test_a_removed_item_leaves_ogx_the_conversation(served: httpx.AsyncClient) -> None:
    item = {"type": "message", "role": "user", "content": "Hello", "id": "msg_1"}
    made = (await served.post("/v1/conversations", json={"items": [item]})).json()["id"]
    left = (await served.delete(f"/v1/conversations/{made}/items/msg_1", headers=OGX)).json()
    assert (left["object"], left["id"]) == ("conversation", made)


@pytest.mark.parametrize("headers", [one for one in PEERS if one is not OGX])
async def test_a_removed_item_is_told_by_its_id(served: httpx.AsyncClient, headers: dict[str, str]) -> None:
    item = {"type": "message", "role": "user", "content": "Hello"}
    made = (await served.post("/v1/conversations", json={"items": [item]})).json()["id"]
    listed = (await served.get(f"/v1/conversations/{made}/items")).json()["data"]
    path = f"/v1/conversations/{made}/items/{listed[0]['id']}"
    gone = (await served.delete(path, headers=headers)).json()
    assert gone == {"id": listed[0]["id"], "object": "conversation.item.deleted", "deleted": True}
    assert (await served.get(path, headers=headers)).status_code >= 400


async def test_a_completion_is_kept_unless_it_is_not_to_be(with_model: httpx.AsyncClient) -> None:
    numbers = count()

    async def is_kept(headers: dict[str, str], **more: Any) -> bool:
        asked = {"model": "bot", "messages": [{"role": "user", "content": f"Hello {next(numbers)}"}], **more}
        sent = await with_model.post("/v1/chat/completions", json=asked, headers=headers)
        listed = await with_model.get("/v1/chat/completions?limit=1000", headers=headers)
        return sent.json()["id"] in {one["id"] for one in listed.json()["data"]}

    for headers in PEERS:
        assert await is_kept(headers)
        assert not await is_kept(headers, store=False)
    assert not await is_kept(OPENAI)
    assert await is_kept(OPENAI, store=True)


async def test_every_model_names_a_provider_that_there_is(with_model: httpx.AsyncClient) -> None:
    providers = (await with_model.get("/v1/providers", headers=V03)).json()["data"]
    known = {one["provider_id"] for one in providers if one["api"] == "inference"}
    models = (await with_model.get("/v1/models", headers=V03)).json()["data"]
    assert {model["provider_id"] for model in models} <= known
    for one in providers:
        assert (await with_model.get(f"/v1/providers/{one['provider_id']}", headers=V03)).is_success


async def test_a_generator_with_a_slash_in_its_name_is_a_provider(tmp_path: Path) -> None:
    generators = {"vllm/bot": {"provider": "fake", "model": "echo-1"}}
    async with model_server(tmp_path, headers=V03, generators=generators) as client:
        assert (await client.get("/v1/providers/vllm/bot")).json()["provider_id"] == "vllm/bot"


async def test_a_template_must_show_the_results(served: httpx.AsyncClient) -> None:
    asked = {"content": "leave", "vector_db_ids": ["docs"], "query_config": {"chunk_template": "{index}"}}
    refused = await served.post("/v1/tool-runtime/rag-tool/query", json=asked, headers=V0222)
    assert refused.status_code == 400
    assert "{chunk.content}" in refused.text


async def test_the_form_of_a_response_is_shown_as_it_was_asked_for(serve: Serve) -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    text = {"format": {"type": "json_schema", "name": "leave", "schema": schema}}
    async with serve(generators={"bot": {"provider": "fake"}}, headers=V03) as client:
        made = await client.post("/v1/responses", json={"model": "bot", "input": "Hello", "text": text})
        assert made.json()["text"] == text


async def test_an_agent_tells_the_ids_that_documents_were_given(serve: Serve) -> None:
    async with serve(generators={"bot": {"provider": "fake"}}, headers=V0222) as client:
        store = {"vector_db_id": "notes", "embedding_model": "small"}
        store_id = (await client.post("/v1/vector-dbs", json=store)).json()["identifier"]
        document = {"document_id": "num-0", "content": "Pump P-7 needs oil.", "metadata": {}}
        inserted = {"vector_db_id": store_id, "documents": [document]}
        assert (await client.post("/v1/tool-runtime/rag-tool/insert", json=inserted)).is_success
        group = {"name": "builtin::rag", "args": {"vector_db_ids": [store_id]}}
        config = {"model": "bot", "instructions": "", "toolgroups": [group]}
        agent = (await client.post("/v1/agents", json={"agent_config": config})).json()["agent_id"]
        session = (await client.post(f"/v1/agents/{agent}/session", json={"session_name": "s"})).json()
        question = {"messages": [{"role": "user", "content": "What does pump P-7 need?"}], "stream": False}
        turn = await client.post(f"/v1/agents/{agent}/session/{session['session_id']}/turn", json=question)
        searched = turn.json()["steps"][0]["tool_responses"][0]
        assert searched["metadata"]["document_ids"] == ["num-0"]
