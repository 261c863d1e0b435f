"""Tool groups with MCP servers, their tools, and OGX's connectors, in every dialect that has them."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from dialect_clients import HEADERS, Serve, told
from tool_server import ToolServer, tool_server

LLAMA_STACKS = ("0.2.12", "0.2.22", "0.3.5")
INVOKE = "/v1/tool-runtime/invoke"


@pytest.fixture
def warehouse() -> Iterator[ToolServer]:
    with tool_server() as running:
        yield running


def group(uri: str, name: str = "mcp::warehouse") -> dict[str, object]:
    return {
        "toolgroup_id": name, "provider_id": "model-context-protocol", "mcp_endpoint": {"uri": uri},
    }  # fmt: skip


def dead_url() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"


@pytest.mark.parametrize("dialect", LLAMA_STACKS)
async def test_a_groups_tools_are_listed_and_invoked(
    checked: httpx.AsyncClient, warehouse: ToolServer, dialect: str
) -> None:
    headers = HEADERS[dialect]
    made = await checked.post("/v1/toolgroups", json=group(warehouse.url), headers=headers)
    assert (made.status_code, made.json()["warning"]) == (200, None)
    asked = {"tool_group_id": "mcp::warehouse"}
    listed = (await checked.get("/v1/tool-runtime/list-tools", params=asked, headers=headers)).json()["data"]
    key = "name" if dialect == "0.3.5" else "identifier"
    assert [tool[key] for tool in listed] == ["stock", "shout", "fail", "slow", "flood"]
    if dialect == "0.3.5":
        assert listed[0]["input_schema"]["required"] == ["item"]
    else:
        (parameter,) = listed[0]["parameters"]
        assert (parameter["name"], parameter["parameter_type"], parameter["required"]) == (
            "item", "string", True,
        )  # fmt: skip
    everything = (await checked.get("/v1/tools", headers=headers)).json()["data"]
    assert [tool[key] for tool in everything][:3] == ["insert_into_memory", "knowledge_search", "stock"]
    for name in ("stock", "mcp::warehouse/stock"):
        own = (await checked.get(f"/v1/tools/{name}", headers=headers)).json()
        assert own[key] == "stock"
        body = {"tool_name": name, "kwargs": {"item": "pump"}}
        answer = (await checked.post(INVOKE, json=body, headers=headers)).json()
        assert answer["content"] == [{"type": "text", "text": "pump: 12 in stock"}]
        assert answer["error_code"] is None
    failed = (await checked.post(INVOKE, json={"tool_name": "fail", "kwargs": {}}, headers=headers)).json()
    assert failed["error_code"] == 1
    assert "Error executing tool fail" in failed["error_message"]
    assert (await checked.delete("/v1/toolgroups/mcp::warehouse", headers=headers)).json() is None
    gone = await checked.get("/v1/tool-runtime/list-tools", params=asked, headers=headers)
    assert gone.status_code == 400


async def test_the_older_transport_is_spoken_as_well(checked: httpx.AsyncClient) -> None:
    with tool_server(sse=True) as server:
        await checked.post("/v1/toolgroups", json=group(server.url))
        body = {"tool_name": "mcp::warehouse/stock", "kwargs": {"item": "pump"}}
        assert (await checked.post(INVOKE, json=body)).json()["content"][0]["text"] == "pump: 12 in stock"


async def test_headers_of_the_client_reach_its_server_and_no_other(
    checked: httpx.AsyncClient, warehouse: ToolServer
) -> None:
    await checked.post("/v1/toolgroups", json=group(warehouse.url))
    body = {"tool_name": "mcp::warehouse/stock", "kwargs": {"item": "pump"}}
    for given in ({"Authorization": "Bearer t0ken"}, ["Authorization: Bearer t0ken"]):
        data = {"mcp_headers": {warehouse.url: given}}
        await checked.post(INVOKE, json=body, headers={"X-LlamaStack-Provider-Data": json.dumps(data)})
        assert set(warehouse.authorizations) == {"Bearer t0ken"}
        warehouse.authorizations.clear()
    other = {"mcp_headers": {"http://127.0.0.1:1/mcp": {"Authorization": "Bearer t0ken"}}}
    await checked.post(INVOKE, json=body, headers={"X-LlamaStack-Provider-Data": json.dumps(other)})
    assert warehouse.authorizations == []
    for wrong in (
        "{",
        "[]",
        '{"mcp_headers": 5}',
        '{"mcp_headers": {"a": 5}}',
        '{"mcp_headers": {"a": [1]}}',
    ):
        refused = await checked.post(INVOKE, json=body, headers={"X-LlamaStack-Provider-Data": wrong})
        assert refused.status_code == 400, wrong


async def test_a_server_that_does_not_answer_is_kept_and_told(checked: httpx.AsyncClient) -> None:
    url = dead_url()
    headers = HEADERS["0.2.22"]
    made = await checked.post("/v1/toolgroups", json=group(url), headers=headers)
    assert made.status_code == 200
    assert "does not answer" in made.json()["warning"]
    asked = {"tool_group_id": "mcp::warehouse"}
    silent = await checked.get("/v1/tool-runtime/list-tools", params=asked, headers=headers)
    assert silent.status_code == 503
    assert "'mcp::warehouse'" in told(silent)
    everything = (await checked.get("/v1/tools", headers=headers)).json()["data"]
    assert [tool["identifier"] for tool in everything] == ["insert_into_memory", "knowledge_search"]
    body = {"tool_name": "mcp::warehouse/stock", "kwargs": {}}
    assert (await checked.post(INVOKE, json=body, headers=headers)).status_code == 503


async def test_hosts_that_are_not_allowed_are_neither_registered_nor_called(
    serve: Serve, warehouse: ToolServer
) -> None:
    async with serve(headers=HEADERS["0.2.22"]) as client:
        for url in ("http://169.254.169.254/latest", "file:///etc/passwd"):
            refused = await client.post("/v1/toolgroups", json=group(url))
            assert refused.status_code == 400, refused.text
        assert (await client.post("/v1/toolgroups", json=group(warehouse.url))).is_success
    async with serve(headers=HEADERS["0.2.22"], mcp={"allow": ["elsewhere"]}) as client:
        body = {"tool_name": "mcp::warehouse/stock", "kwargs": {"item": "pump"}}
        refused = await client.post(INVOKE, json=body)
        assert refused.status_code == 400
        assert "mcp.allow" in told(refused)
    assert warehouse.calls == []


async def test_servers_of_the_settings_are_groups_and_connectors(
    serve: Serve, warehouse: ToolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELF_TOKEN", "t0ken")
    servers = {
        "mcp::shelf": {"url": warehouse.url, "authorization_env": "SHELF_TOKEN"},
        "mcp::gone": {"url": dead_url()},
        "mcp::unset": {"url": warehouse.url, "authorization_env": "NO_SUCH_TOKEN"},
    }
    place = "/v1alpha/admin/connectors"
    async with serve(headers=HEADERS["ogx"], mcp={"servers": servers, "allow": []}) as client:
        listed = (await client.get(place)).json()["data"]
        assert [one["connector_id"] for one in listed] == list(servers)
        assert listed[0]["server_name"] is None
        one = (await client.get(f"{place}/mcp::shelf")).json()
        assert (one["server_name"], one["server_description"]) == ("warehouse", "Knows what is in stock.")
        assert (await client.get(f"{place}/mcp::gone")).json()["server_name"] is None
        tools = (await client.get(f"{place}/mcp::shelf/tools")).json()["data"]
        assert [tool["name"] for tool in tools][:2] == ["stock", "shout"]
        assert set(warehouse.authorizations) == {"Bearer t0ken"}
        await client.get(f"{place}/mcp::shelf/tools/stock", params={"authorization": "other"})
        assert warehouse.authorizations[-1] == "Bearer other"
        assert (await client.get(f"{place}/mcp::shelf/tools/nope")).status_code == 404
        assert (await client.get(f"{place}/mcp::gone/tools")).status_code == 503
        assert (await client.get(f"{place}/nope")).status_code == 404
        unset = await client.get(f"{place}/mcp::unset/tools")
        assert (unset.status_code, "NO_SUCH_TOKEN is not set" in told(unset)) == (400, True)
    async with serve(headers=HEADERS["0.2.22"], mcp={"servers": servers, "allow": []}) as client:
        groups = (await client.get("/v1/toolgroups")).json()["data"]
        assert [one["identifier"] for one in groups] == ["builtin::rag", *servers]
        assert (await client.delete("/v1/toolgroups/mcp::shelf")).status_code == 409
        body = {"tool_name": "mcp::shelf/stock", "kwargs": {"item": "pump"}}
        assert (await client.post(INVOKE, json=body)).json()["content"][0]["text"] == "pump: 12 in stock"
