"""What is written by one client, in any of its ways, is read by every other in all of theirs."""

import json

import httpx
import pytest
from environments import CLIENTS, Client
from live_server import DECLARED, DECLARED_TEXT, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DECLARED_LINE = {
    "way": "declared in the settings",
    "store": DECLARED,
    "text": DECLARED_TEXT,
    "question": "How often is crane C-5 inspected?",
}
Line = dict[str, object]


def exchange(server: Server, client: Client, half: str, text: str = "") -> list[Line]:
    return server.run(client, "exchange", "--dialect", client.dialect, half, text=text)


@pytest.fixture(scope="session")
def written(server: Server) -> dict[str, list[Line]]:
    """By client, what it wrote in each of its ways."""
    return {str(client): exchange(server, client, "write") for client in CLIENTS}


@pytest.fixture(scope="session")
def read(server: Server, written: dict[str, list[Line]]) -> dict[str, list[Line]]:
    """By client, what it found of everything that was written."""
    lines = [line | {"writer": name} for name, all_of_it in written.items() for line in all_of_it]
    lines = [line for line in lines if "error" not in line] + [DECLARED_LINE | {"writer": "settings"}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return {str(client): exchange(server, client, "read", text) for client in CLIENTS}


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_a_client_writes_in_all_its_ways(written: dict[str, list[Line]], client: Client) -> None:
    assert {line["way"]: line["error"] for line in written[str(client)] if "error" in line} == {}


@pytest.mark.parametrize("writer", [*map(str, CLIENTS), "settings"])
@pytest.mark.parametrize("reader", CLIENTS, ids=str)
def test_what_is_written_is_read(read: dict[str, list[Line]], writer: str, reader: Client) -> None:
    lines = [line for line in read[str(reader)] if line["writer"] == writer]
    assert lines, f"nothing that {writer} wrote was there to be read"
    words = {id(line): str(line["text"]).rstrip(".") for line in lines}
    unread = {
        f"{line['way']}, then {line['by']}": line["found"]
        for line in lines
        if words[id(line)] not in str(line["found"])
    }
    assert unread == {}


AS_CLIENTS = {
    "llama_stack_0_2": ("/v1/vector-dbs", {"X-LlamaStack-Client-Version": "0.2.22"}),
    "llama_stack_0_3": ("/v1/vector_stores", {"X-LlamaStack-Client-Version": "0.3.5"}),
    "ogx": ("/v1/vector_stores", {"X-OGX-Client-Version": "1.5.0"}),
    "openai": ("/v1/vector_stores", {"User-Agent": "OpenAI/Python 3.54.0"}),
}


@pytest.mark.parametrize("dialect", AS_CLIENTS)
def test_a_declared_collection_is_there_and_is_not_deleted(server: Server, dialect: str) -> None:
    path, headers = AS_CLIENTS[dialect]
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=120) as client:
        assert client.get(f"{path}/{DECLARED}").status_code == 200
        refused = client.delete(f"{path}/{DECLARED}")
        assert 400 <= refused.status_code < 500, refused.text
        assert client.get(f"{path}/{DECLARED}").status_code == 200


@pytest.mark.parametrize("version", ["0.1.0", "0.2.99", "0.9.1", "7.0", "nonsense"])
@pytest.mark.parametrize("header", ["X-LlamaStack-Client-Version", "X-OGX-Client-Version"])
def test_no_version_of_a_client_is_turned_away(server: Server, header: str, version: str) -> None:
    answer = httpx.get(f"{server.url}/v1/models", headers={header: version}, trust_env=False, timeout=60)
    assert (answer.status_code, DECLARED in answer.text) == (200, True), answer.text
