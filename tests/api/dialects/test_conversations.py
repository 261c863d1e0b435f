"""Conversations keep what was said, in order, over restarts."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

HELLO = {"type": "message", "role": "user", "content": "Hello"}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OPENAI = {"user-agent": "OpenAI/Python 3.0.0"}
LLAMA = {"x-llamastack-client-version": "0.3.5"}
OGX = {"x-ogx-client-version": "1.5.0"}
NOBODY = "conv_" + "0" * 48


async def begun(served: httpx.AsyncClient, **body: Any) -> str:
    response = await served.post("/v1/conversations", json=body)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


async def test_a_conversation_survives_a_restart(serve: Serve) -> None:
    async with serve() as served:
        made = await begun(served, metadata={"u": "1"}, items=[HELLO])
        assert re.fullmatch(r"conv_[0-9a-f]{48}", made)
        added = await served.post(f"/v1/conversations/{made}/items", json={"items": [CALL, HELLO]})
        page = added.json()
        assert (page["object"], page["has_more"], len(page["data"])) == ("list", False, 2)
        assert page["first_id"] == page["data"][0]["id"]
    async with serve() as served:
        kept = (await served.get(f"/v1/conversations/{made}")).json()
        assert (kept["object"], kept["metadata"]) == ("conversation", {"u": "1"})
        listed = (await served.get(f"/v1/conversations/{made}/items?order=asc")).json()
        assert [item["type"] for item in listed["data"]] == ["message", "function_call", "message"]
        assert listed["data"][1]["call_id"] == "c1"
        ids = [item["id"] for item in listed["data"]]
        page = (await served.get(f"/v1/conversations/{made}/items?limit=2")).json()
        assert ([item["id"] for item in page["data"]], page["has_more"]) == ([ids[2], ids[1]], True)
        rest = (await served.get(f"/v1/conversations/{made}/items?after={ids[1]}")).json()
        assert ([item["id"] for item in rest["data"]], rest["has_more"]) == ([ids[0]], False)
        one = (await served.get(f"/v1/conversations/{made}/items/{ids[1]}")).json()
        assert one == {**CALL, "id": ids[1]}
        left = await served.delete(f"/v1/conversations/{made}/items/{ids[1]}")
        assert left.json()["id"] == made
        assert (await served.get(f"/v1/conversations/{made}/items/{ids[1]}")).status_code == 404
        changed = (await served.post(f"/v1/conversations/{made}", json={"metadata": {"u": "2"}})).json()
        assert changed["metadata"] == {"u": "2"}
        assert len((await served.get(f"/v1/conversations/{made}/items")).json()["data"]) == 2
        gone = (await served.delete(f"/v1/conversations/{made}")).json()
        assert gone == {"id": made, "object": "conversation.deleted", "deleted": True}
        assert (await served.get(f"/v1/conversations/{made}")).status_code == 404


async def test_an_item_is_in_a_conversation_once(served: httpx.AsyncClient) -> None:
    made = await begun(served, items=[{**HELLO, "id": "msg_1"}])
    for sent in ([{**HELLO, "id": "msg_1"}], [{**HELLO, "id": "msg_2"}, {**HELLO, "id": "msg_2"}]):
        refused = await served.post(f"/v1/conversations/{made}/items", json={"items": sent})
        assert refused.status_code == 400
        assert "Item already in conversation" in refused.json()["error"]["message"]
    assert len((await served.get(f"/v1/conversations/{made}/items")).json()["data"]) == 1


async def test_the_id_of_another_conversations_item_copies_it(served: httpx.AsyncClient) -> None:
    made = await begun(served, items=[{**HELLO, "id": "msgx1", "content": "Hi"}, {**HELLO, "id": "msg_1"}])
    other = await begun(served, items=[{**HELLO, "id": "msg_1", "content": "something else"}])
    await served.delete(f"/v1/conversations/{made}")
    copied = (await served.get(f"/v1/conversations/{other}/items")).json()["data"]
    assert [(item["id"], item["content"]) for item in copied] == [("msg_1", HELLO["content"])]


def test_the_official_client_keeps_a_conversation(openai_client: "openai.OpenAI") -> None:
    client = openai_client
    made = client.conversations.create(metadata={"a": "b"}, items=[HELLO])
    client.responses.create(
        model="muniment/docs", conversation=made.id, input="How many days of paid leave do employees receive?"
    )
    items = list(client.conversations.items.list(made.id, order="asc", limit=1))
    assert [item.type for item in items] == ["message", "message", "file_search_call", "message"]
    assert client.conversations.items.retrieve(items[0].id, conversation_id=made.id).content == "Hello"
    client.conversations.items.create(made.id, items=[HELLO])
    assert client.conversations.update(made.id, metadata={"a": "c"}).metadata == {"a": "c"}
    assert client.conversations.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "", None),
    ("POST", "", {"metadata": {}}),
    ("DELETE", "", None),
    ("GET", "/items", None),
    ("POST", "/items", {"items": [HELLO]}),
    ("GET", "/items/msg_1", None),
    ("DELETE", "/items/msg_1", None),
]


async def test_an_unknown_conversation_is_an_error_in_each_dialect(served: httpx.AsyncClient) -> None:
    told = ((NOBODY, OPENAI, 404), (NOBODY, LLAMA, 400), (NOBODY, OGX, 404), ("conv_nope", OGX, 400))
    for method, path, body in ROUTES:
        for name, headers, status in told:
            route = f"/v1/conversations/{name}{path}"
            response = await served.request(method, route, json=body, headers=headers)
            assert response.status_code == status, (method, route)
            assert list(response.json()) == (["error"] if headers is OPENAI else ["detail"])


BAD: list[tuple[str, dict[str, Any]]] = [
    ("", {"items": 1}),
    ("", {"items": [{"type": "message"}]}),
    ("", {"items": [{"id": "msg_1"}]}),
    ("", {"metadata": {"a": {"b": 1}}}),
    ("/{id}", {}),
    ("/{id}", {"metadata": None}),
    ("/{id}/items", {}),
    ("/{id}/items", {"items": [HELLO] * 101}),
]


async def test_what_cannot_be_used_is_refused(served: httpx.AsyncClient) -> None:
    made = await begun(served)
    for path, body in BAD:
        refused = await served.post(f"/v1/conversations{path.format(id=made)}", json=body, headers=OPENAI)
        assert refused.status_code == 400, (path, body)
    assert (await served.get(f"/v1/conversations/{made}/items")).json()["data"] == []
    for query, status in (("limit=0", 400), ("limit=x", 400), ("order=up", 400), ("after=msg_nope", 404)):
        response = await served.get(f"/v1/conversations/{made}/items?{query}", headers=OPENAI)
        assert response.status_code == status, query
