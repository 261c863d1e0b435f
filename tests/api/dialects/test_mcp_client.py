"""The client of MCP servers: real servers, over both transports, and everything that can go wrong."""

import socket
import sys
from collections.abc import Iterator
from subprocess import run

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tool_server import ToolServer, tool_server

from muniment.errors import InputError, MunimentError, TimeoutExceededError, UnavailableError
from muniment.mcp.allowed_hosts import AllowedHosts
from muniment.mcp.client import McpClient
from muniment.mcp.values import McpServer
from muniment.settings.model import McpSettings


@pytest.fixture(params=["streamable-http", "sse"])
def server(request: pytest.FixtureRequest) -> Iterator[ToolServer]:
    with tool_server(sse=request.param == "sse") as running:
        yield running


def client(**settings: object) -> McpClient:
    return McpClient(McpSettings.model_validate(settings))


def at(url: str) -> McpServer:
    return McpServer("warehouse", url)


async def test_tools_are_listed_and_called(server: ToolServer) -> None:
    called = McpServer("warehouse", server.url, {"Authorization": "Bearer s3cret"})
    tools = await client().tools(called)
    assert [tool.name for tool in tools] == ["stock", "shout", "fail", "slow", "flood"]
    assert tools[0].description == "How many of an item are in stock."
    assert tools[0].input_schema["properties"]["item"]["type"] == "string"
    answer = await client().call(called, "stock", {"item": "valve"})
    assert (answer.text, answer.is_error) == ("valve: 12 in stock", False)
    assert answer.content[0]["type"] == "text"
    assert server.calls == ["stock valve"]
    assert set(server.authorizations) == {"Bearer s3cret"}
    assert "s3cret" not in repr(called)
    assert (await client().describe(called)).name == "warehouse"


async def test_a_tool_that_fails_says_so(server: ToolServer) -> None:
    for tool, arguments, says in (("fail", {}, "Error executing tool fail"), ("stock", {}, "item")):
        answer = await client().call(at(server.url), tool, arguments)
        assert answer.is_error
        assert says in answer.text


async def test_what_takes_too_long_or_is_too_large_is_stopped(server: ToolServer) -> None:
    with pytest.raises(TimeoutExceededError, match=r"within 0\.5 seconds") as slow:
        await client(timeout_s=0.5).call(at(server.url), "slow", {})
    assert slow.value.code == "mcp_timeout"
    cut = await client(max_result_chars=1000).call(at(server.url), "flood", {"megabytes": 0})
    assert cut.text == ""
    with pytest.raises(UnavailableError) as flood:
        await client(max_result_chars=1000).call(at(server.url), "flood", {"megabytes": 3})
    assert flood.value.code == "mcp_unavailable"


async def test_a_long_result_is_cut_off(server: ToolServer) -> None:
    answer = await client(max_result_chars=100).call(at(server.url), "shout", {"text": "x" * 200})
    assert answer.text.startswith("X" * 100 + "\n[cut off")


async def test_servers_that_are_none_are_told_apart() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"
    with pytest.raises(UnavailableError, match="warehouse") as down:
        await client().tools(at(dead))
    assert down.value.code == "mcp_unavailable"
    assert "/mcp or /sse" in down.value.hint
    with tool_server() as running, pytest.raises(MunimentError) as wrong:
        await client().tools(at(running.url.replace("/mcp", "/elsewhere")))
    assert wrong.value.code == "mcp_unavailable"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest/meta-data", "mcp_host_refused"),
        ("https://tools.example.com/mcp", "mcp_host_refused"),
        ("http://localhost.example.com/mcp", "mcp_host_refused"),
        ("http://127.0.0.1@10.0.0.1/mcp", "invalid_mcp_url"),
        ("http://user:pass@127.0.0.1/mcp", "invalid_mcp_url"),
        ("http://127.0.0.1\\@10.0.0.1/mcp", "invalid_mcp_url"),
        ("file:///etc/passwd", "invalid_mcp_url"),
        ("gopher://127.0.0.1/", "invalid_mcp_url"),
        ("http:///mcp", "invalid_mcp_url"),
        ("http://127.0.0.1:99999/mcp", "invalid_mcp_url"),
        ("http://[::1/mcp", "invalid_mcp_url"),
        ("", "invalid_mcp_url"),
    ],
)
async def test_no_host_is_called_that_the_settings_do_not_allow(url: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        await client().tools(at(url))
    assert refused.value.code == code
    assert "pass" not in refused.value.message.replace("password", "")


def test_the_settings_allow_hosts_ports_and_declared_servers() -> None:
    allowed = AllowedHosts(["Tools.Example.com", "10.0.0.7:8000", "[::1]:9000"], ["http://declared:1/mcp"])
    for good in (
        "https://tools.example.com/mcp",
        "http://TOOLS.example.com.:81/x",
        "http://10.0.0.7:8000/mcp",
        "http://[::1]:9000/mcp",
        "http://declared:1/mcp",
    ):
        allowed.check(good)
    for bad in ("http://10.0.0.7/mcp", "http://[::1]/mcp", "http://declared:2/mcp", "http://declared:1/x"):
        with pytest.raises(InputError, match="may not be called"):
            allowed.check(bad)
    AllowedHosts(["*"]).check("http://anywhere/mcp")


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "http://127.0.0.1", ""]))
def test_no_text_makes_the_check_fail_in_another_way(text: str, before: str) -> None:
    try:
        AllowedHosts(["nowhere.invalid"]).check(before + text)
    except InputError as error:
        assert error.code in ("mcp_host_refused", "invalid_mcp_url")
    else:
        assert "nowhere.invalid" in text.lower()


def test_the_sdk_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, muniment.api.app, muniment.build; sys.exit('mcp' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
