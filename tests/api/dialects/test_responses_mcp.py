"""Tools of MCP servers in responses: real servers, the official client, and every way it can go wrong."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from tool_server import ToolServer, tool_server

from muniment.settings import Settings

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

Json = dict[str, Any]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

CALL = 'How many? CALL stock {"item": "valve"}'
OPENAI = {"user-agent": "OpenAI/Python 3.0.0"}
LLAMA = {"x-llamastack-client-version": "0.3.5"}
LEAVE = 'How many days of paid leave do employees receive? CALL stock {"item": "valve"}'
FILES = {"type": "file_search", "vector_store_ids": ["docs"]}


@pytest.fixture
def warehouse() -> Iterator[ToolServer]:
    with tool_server() as running:
        yield running


@pytest.fixture
def settings_of(settings_of: Callable[..., Settings]) -> Callable[..., Settings]:
    """The settings with a language model that is a fake."""
    return lambda **changes: settings_of(**{"generators": {"fake": {"provider": "fake"}}, **changes})


@pytest.fixture
def client(openai_client: "openai.OpenAI") -> "openai.OpenAI":
    return openai_client


def mcp(server: ToolServer | str, **options: Any) -> Json:
    url = server if isinstance(server, str) else server.url
    return {
        "type": "mcp", "server_label": "warehouse", "server_url": url, "require_approval": "never", **options,
    }  # fmt: skip


async def create(served: httpx.AsyncClient, headers: Json | None = None, **body: Any) -> Json:
    response = await served.post("/v1/responses", json={"model": "fake", **body}, headers=headers)
    assert response.status_code == 200, response.text
    made: Json = response.json()
    return made


def kinds(response: Json) -> list[str]:
    return [item["type"] for item in response["output"]]


ORDER = [
    "response.created", "response.in_progress",
    "response.output_item.added", "response.mcp_list_tools.in_progress", "response.mcp_list_tools.completed",
    "response.output_item.done",
    "response.output_item.added", "response.mcp_call.in_progress", "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done", "response.mcp_call.completed", "response.output_item.done",
    "response.output_item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.done", "response.content_part.done", "response.output_item.done",
    "response.completed",
]  # fmt: skip


def test_the_official_client_sees_every_event_in_order(client: Any, warehouse: ToolServer) -> None:
    tool = mcp(warehouse, authorization="s3cret", headers={"X-Shelf": "hidden"})
    events = list(client.responses.create(model="fake", input=CALL, tools=[tool], stream=True))
    kinds = [event.type for event in events]
    assert [kind for n, kind in enumerate(kinds) if n == 0 or kind != kinds[n - 1]] == ORDER
    assert [event.sequence_number for event in events] == list(range(len(events)))
    response = events[-1].response
    listed, call, message = response.output
    assert (listed.type, listed.error, listed.tools[0].name) == ("mcp_list_tools", None, "stock")
    assert listed.tools[0].input_schema["required"] == ["item"]
    assert (call.name, json.loads(call.arguments), call.output, call.error, call.status) == (
        "stock", {"item": "valve"}, "valve: 12 in stock", None, "completed",
    )  # fmt: skip
    assert message.content[0].text == "The tools say: valve: 12 in stock"
    assert warehouse.calls == ["stock valve"]
    assert set(warehouse.authorizations) == {"Bearer s3cret"}
    kept = client.responses.retrieve(response.id).model_dump_json()
    assert "s3cret" not in kept and "hidden" not in kept
    assert "s3cret" not in events[0].response.model_dump_json()


def test_a_call_waits_for_the_approval_that_the_official_client_sends(
    client: Any, warehouse: ToolServer
) -> None:
    tool = {key: one for key, one in mcp(warehouse).items() if key != "require_approval"}
    asked = client.responses.create(model="fake", input=CALL, tools=[tool])
    _, request = asked.output
    assert (request.type, request.name, request.server_label) == (
        "mcp_approval_request", "stock", "warehouse",
    )  # fmt: skip
    assert warehouse.calls == []
    answer = {"type": "mcp_approval_response", "approval_request_id": request.id, "approve": True}
    ended = client.responses.create(model="fake", input=[answer], tools=[tool], previous_response_id=asked.id)
    call, message = ended.output
    assert (call.type, call.approval_request_id, call.output) == (
        "mcp_call", request.id, "valve: 12 in stock",
    )  # fmt: skip
    assert message.content[0].text == "The tools say: valve: 12 in stock"
    after = client.responses.create(model="fake", input="Thanks", tools=[tool], previous_response_id=ended.id)
    assert after.output_text == "Thanks"
    assert warehouse.calls == ["stock valve"]


async def test_a_denied_call_is_not_made(served: httpx.AsyncClient, warehouse: ToolServer) -> None:
    tool = mcp(warehouse, require_approval="always")
    asked = await create(served, input=CALL, tools=[tool])
    answer = {
        "type": "mcp_approval_response",
        "approval_request_id": asked["output"][1]["id"],
        "approve": False,
        "reason": "Not today.",
    }
    ended = await create(served, input=[answer], tools=[tool], previous_response_id=asked["id"])
    assert kinds(ended) == ["message"]
    text = ended["output"][0]["content"][0]["text"]
    assert text == "The tools say: The user did not approve this call. Not today."
    assert warehouse.calls == []


@pytest.mark.parametrize(
    ("approval", "waits"),
    [
        ("never", False),
        ("always", True),
        ({"never": {"tool_names": ["stock"]}}, False),
        ({"never": ["stock"]}, False),
        ({"never": {"tool_names": ["shout"]}}, True),
        ({"always": {"tool_names": ["stock"]}, "never": {"tool_names": ["stock"]}}, True),
        ({"never": {"read_only": True}}, True),
    ],
)
async def test_who_must_approve_what(
    served: httpx.AsyncClient, warehouse: ToolServer, approval: Any, waits: bool
) -> None:
    made = await create(served, input=CALL, tools=[mcp(warehouse, require_approval=approval)])
    assert ("mcp_approval_request" in kinds(made)) is waits
    assert (warehouse.calls == []) is waits


async def test_without_a_word_on_approval_each_dialect_has_its_own_way(
    served: httpx.AsyncClient, warehouse: ToolServer
) -> None:
    tool = mcp(warehouse)
    del tool["require_approval"]
    for headers, waits in ((OPENAI, True), (LLAMA, False), ({"x-ogx-client-version": "1.5.0"}, False)):
        made = await create(served, headers, input=CALL, tools=[tool])
        assert ("mcp_approval_request" in kinds(made)) is waits


async def test_only_allowed_tools_are_offered(served: httpx.AsyncClient, warehouse: ToolServer) -> None:
    for allowed in (["shout"], {"tool_names": ["shout"]}):
        made = await create(served, input=CALL, tools=[mcp(warehouse, allowed_tools=allowed)])
        assert kinds(made) == ["mcp_list_tools", "message"]
        assert [tool["name"] for tool in made["output"][0]["tools"]] == ["shout"]
    assert warehouse.calls == []


async def test_documents_and_tools_answer_together(served: httpx.AsyncClient, warehouse: ToolServer) -> None:
    made = await create(served, input=LEAVE, tools=[FILES, mcp(warehouse)])
    assert kinds(made) == ["mcp_list_tools", "file_search_call", "mcp_call", "message"]
    assert warehouse.calls == ["stock valve"]
    assert "valve: 12 in stock" in made["output"][3]["content"][0]["text"]


async def test_functions_of_the_client_wait_until_the_servers_tools_have_answered(
    served: httpx.AsyncClient, warehouse: ToolServer
) -> None:
    weather = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
    tools = [weather, mcp(warehouse)]
    made = await create(served, input=CALL + " CALL weather {}", tools=tools)
    assert kinds(made) == ["mcp_list_tools", "mcp_call", "function_call"]
    output = {
        "type": "function_call_output", "call_id": made["output"][2]["call_id"], "output": "sunny",
    }  # fmt: skip
    ended = await create(served, input=[output], tools=tools, previous_response_id=made["id"])
    assert "sunny" in ended["output"][-1]["content"][0]["text"]


async def test_a_server_that_is_down_fails_its_item_and_not_the_response(served: httpx.AsyncClient) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"
    made = await create(served, input="Hello", tools=[mcp(dead)])
    listed, message = made["output"]
    assert (made["status"], listed["tools"]) == ("completed", [])
    assert "'warehouse' does not answer" in listed["error"]
    assert message["content"][0]["text"] == "Hello"
    streamed = await served.post(
        "/v1/responses", json={"model": "fake", "input": "Hello", "tools": [mcp(dead)], "stream": True}
    )
    assert "event: response.mcp_list_tools.failed" in streamed.text
    assert "event: response.completed" in streamed.text


async def test_a_tool_that_fails_is_told_to_the_model_and_the_client(
    served: httpx.AsyncClient, warehouse: ToolServer
) -> None:
    body = {"input": "CALL fail {}", "tools": [mcp(warehouse)]}
    made = await create(served, OPENAI, **body)
    call, message = made["output"][1:]
    assert (call["status"], call["output"]) == ("failed", None)
    assert call["error"]["type"] == "mcp_tool_execution_error"
    assert message["content"][0]["text"].startswith("The tools say: Error: Error executing tool fail")
    made = await create(served, LLAMA, **body)
    assert made["output"][1]["error"].startswith("Error executing tool fail")


async def test_a_tool_that_takes_too_long_fails_its_call(serve: Serve, warehouse: ToolServer) -> None:
    async with serve(mcp={"timeout_s": 0.5}) as served:
        made = await create(served, OPENAI, input="CALL slow {}", tools=[mcp(warehouse)])
        assert made["output"][-1]["type"] == "message"
        failed = [one["error"]["code"] for one in made["output"] if one.get("error")]
        assert failed == [504]


async def test_a_server_that_stops_in_between_fails_the_call(serve: Serve) -> None:
    async with serve() as served:
        with tool_server() as warehouse:
            asked = await create(served, input=CALL, tools=[mcp(warehouse, require_approval="always")])
        answer = {
            "type": "mcp_approval_response",
            "approval_request_id": asked["output"][1]["id"],
            "approve": True,
        }
        ended = await create(
            served, OPENAI, input=[answer], tools=[mcp(warehouse)], previous_response_id=asked["id"]
        )
        assert (ended["output"][0]["status"], ended["output"][0]["error"]["code"]) == ("failed", 503)


async def test_rounds_and_calls_are_limited(serve: Serve, warehouse: ToolServer) -> None:
    required = {"tool_choice": "required"}
    async with serve(mcp={"max_rounds": 1}) as served:
        made = await create(served, input=CALL, tools=[mcp(warehouse)], **required)
        assert kinds(made) == ["mcp_list_tools", "mcp_call", "message"]
        made = await create(
            served, input=CALL, tools=[mcp(warehouse)], max_tool_calls=1, tool_choice="required"
        )
        assert kinds(made) == ["mcp_list_tools", "mcp_call", "message"]


async def test_a_tool_can_be_demanded(served: httpx.AsyncClient, warehouse: ToolServer) -> None:
    choice = {"type": "mcp", "server_label": "warehouse", "name": "fail"}
    made = await create(served, input="Hello", tools=[mcp(warehouse)], tool_choice=choice)
    assert made["output"][1]["name"] == "fail"
    made = await create(served, input=CALL, tools=[mcp(warehouse)], tool_choice="none")
    assert kinds(made) == ["message"]


async def test_declared_servers_are_named_by_id(
    serve: Serve, warehouse: ToolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELF_TOKEN", "t0ken")
    declared = {"shelf": {"url": warehouse.url, "authorization_env": "SHELF_TOKEN"}}
    tool = mcp(warehouse, connector_id="shelf")
    del tool["server_url"]
    async with serve(mcp={"servers": declared, "allow": []}) as served:
        made = await create(served, input=CALL, tools=[tool])
        assert made["output"][1]["output"] == "valve: 12 in stock"
        assert set(warehouse.authorizations) == {"Bearer t0ken"}


BAD_TOOLS: list[tuple[Json, int, str]] = [
    (mcp("http://10.1.2.3/mcp"), 400, "mcp_host_refused"),
    (mcp("http://metadata.internal:80/mcp"), 400, "mcp_host_refused"),
    (mcp("file:///etc/passwd"), 400, "invalid_mcp_url"),
    (mcp("http://127.0.0.1:1/mcp", headers={"Host": "elsewhere"}), 400, "invalid_mcp_headers"),
    (mcp("http://127.0.0.1:1/mcp", headers={"X": "a\r\nb: c"}), 400, "invalid_mcp_headers"),
    (mcp("http://127.0.0.1:1/mcp", headers={"X": 5}), 400, "invalid_request"),
    (mcp("http://127.0.0.1:1/mcp", require_approval="sometimes"), 400, "invalid_request"),
    ({"type": "mcp", "server_label": "x"}, 400, "invalid_input"),
    ({"type": "mcp", "server_url": "http://127.0.0.1:1/mcp"}, 400, "invalid_request"),
    ({"type": "mcp", "server_label": "x", "connector_id": "nope"}, 404, "unknown_connector"),
]


async def test_what_cannot_be_called_is_refused_before_anything_is_sent(served: httpx.AsyncClient) -> None:
    for tool, status, code in BAD_TOOLS:
        body = {"model": "fake", "input": "Hello", "tools": [tool]}
        refused = await served.post("/v1/responses", json=body, headers=OPENAI)
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), refused.text
    refused = await served.post("/v1/responses", json=body | {"tools": [BAD_TOOLS[0][0]]})
    assert "mcp.allow" in refused.text
    twice = [mcp("http://127.0.0.1:1/mcp"), mcp("http://127.0.0.1:2/mcp")]
    assert (await served.post("/v1/responses", json=body | {"tools": twice})).status_code == 400
    quoting = body | {"model": "extractive", "tools": [FILES, twice[0]]}
    assert (await served.post("/v1/responses", json=quoting)).status_code == 501


@pytest.mark.parametrize(
    "items",
    [
        [{"type": "mcp_approval_response", "approval_request_id": "nope", "approve": True}],
        [{"type": "mcp_list_tools", "server_label": "warehouse", "tools": 7}],
        [{"type": "mcp_list_tools", "server_label": "warehouse", "tools": [7, {"name": 5}, {"name": "x"}]}],
        [{"type": "mcp_call", "name": "x", "arguments": "{", "error": "broken"}],
        [
            {"type": "mcp_approval_request", "id": "r1", "server_label": "y", "name": "x", "arguments": "{"},
            {"type": "mcp_approval_response", "approval_request_id": "r1", "approve": True},
        ],
    ],
)
async def test_made_up_items_do_no_harm(
    served: httpx.AsyncClient, warehouse: ToolServer, items: list[Json]
) -> None:
    said = [{"role": "user", "content": "Hello"}, *items]
    made = await create(served, input=said, tools=[mcp(warehouse)])
    assert made["status"] == "completed"
    assert warehouse.calls == []


async def test_tools_of_the_same_name_are_told_apart(served: httpx.AsyncClient) -> None:
    with tool_server() as first, tool_server() as second:
        tools = [mcp(first, server_label="north"), mcp(second, server_label="south")]
        said = 'CALL stock {"item": "valve"} CALL south__stock {"item": "pump"}'
        made = await create(served, input=said, tools=tools)
        assert [item["server_label"] for item in made["output"] if item["type"] == "mcp_call"] == [
            "north", "south",
        ]  # fmt: skip
        assert (first.calls, second.calls) == (["stock valve"], ["stock pump"])
        made = await create(served, input=said, tools=tools, max_tool_calls=1)
        assert kinds(made).count("mcp_call") == 1
