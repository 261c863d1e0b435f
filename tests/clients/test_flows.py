"""Every real client goes its whole way against one live server; each step is a test of its own."""

import importlib
import sys
from functools import cache

import pytest
from environments import CLIENTS, Client
from live_server import FLOWS, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FLOWS_OF = [(client, client.dialect) for client in CLIENTS]
FLOWS_OF += [(client, "openai_async") for client in CLIENTS if client.package == "openai"]


def steps() -> list[object]:
    """Client, flow and step, without the client being needed."""
    if str(FLOWS) not in sys.path:
        sys.path.insert(0, str(FLOWS))
    return [
        pytest.param(client, flow, step, id=f"{client}-{flow}-{step}")
        for client, flow in FLOWS_OF
        for step in importlib.import_module(flow).flow.names(client.version)
    ]


@pytest.fixture(scope="session")
def outcomes(server: Server) -> object:
    """Runs a client's flow when its first step is asked for, and keeps what it printed."""

    @cache
    def run(client: Client, flow: str) -> dict[str, tuple[bool, str]]:
        lines = server.run(client, flow)
        return {str(line["step"]): (bool(line["ok"]), str(line["detail"])) for line in lines}

    return run


@pytest.mark.parametrize(("client", "flow", "step"), steps())
def test_step(outcomes: object, client: Client, flow: str, step: str) -> None:
    ok, detail = outcomes(client, flow).get(step, (False, "the flow ended before this step"))
    assert ok, detail
