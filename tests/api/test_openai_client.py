"""Any OpenAI client gets cited answers: shown with the official one, against a real server."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn

from muniment.collections.fake import FakeWorkspace

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

QUESTION = "How many days of annual leave do I have?"
SOURCES = "Sources:\n[1] leave.pdf, page 1"
TEXT = f"Employees have 30 days of annual leave. [1]\n\n{SOURCES}\n\nNo model wrote this."


@pytest.fixture
def client(server: str) -> Iterator["openai.OpenAI"]:
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_every_collection_is_a_model(client: "openai.OpenAI") -> None:
    names = [model.id for model in client.models.list()]
    assert names == [
        "muniment/handbook",
        "muniment/sales",
        "muniment/handbook@big",
        "muniment/handbook@extractive",
        "muniment/sales@big",
        "muniment/sales@extractive",
    ]
    assert client.models.retrieve("muniment/sales@big").id == "muniment/sales@big"


def test_a_completion_is_the_cited_answer(client: "openai.OpenAI") -> None:
    completion = client.chat.completions.create(
        model="muniment/handbook",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
        ],
        temperature=0.3,
        tools=[],
        seed=1,
        extra_body={"a_field_of_next_year": {"x": 1}},
    )
    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == (TEXT, "stop")
    assert (
        completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    )
    answer = choice.message.model_extra["muniment"]
    assert answer["verdict"] == "grounded"
    assert answer["claims"][0]["citations"][0]["verdict"] == "verified"


def test_a_stream_adds_up_to_the_same_text(client: "openai.OpenAI") -> None:
    chunks = list(
        client.chat.completions.create(
            model="muniment/handbook",
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk for chunk in chunks[1:] if chunk.choices and chunk.choices[0].delta.role] == []
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == TEXT
    assert chunks[-1].usage.completion_tokens > 0
    last = chunks[-2].choices[0]
    assert last.finish_reason == "stop"
    assert last.delta.model_extra["muniment"]["verdict"] == "grounded"
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_stream_helper_of_the_client_works_too(client: "openai.OpenAI") -> None:
    with client.chat.completions.stream(
        model="muniment/handbook@extractive", messages=[{"role": "user", "content": QUESTION}]
    ) as stream:
        completion = stream.get_final_completion()
    assert completion.choices[0].message.content == TEXT


def test_an_unknown_model_names_the_known_ones(client: "openai.OpenAI") -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="handbook", messages=[{"role": "user", "content": QUESTION}])
    assert caught.value.code == "unknown_model"
    assert "muniment/handbook" in caught.value.message
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("muniment/handbook@nobody")


def test_what_breaks_off_reaches_the_client_as_an_error(client: "openai.OpenAI") -> None:
    with pytest.raises(openai.APIError, match="broke off"):
        list(
            client.chat.completions.create(
                model="muniment/handbook", messages=[{"role": "user", "content": "BREAK leave"}], stream=True
            )
        )


def posted(body: str) -> bytes:
    head = f"Host: m\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST /v1/answers HTTP/1.1\r\n{head}\r\n\r\n{body}".encode()


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_closed_connection_stops_the_work(server: str, workspace: FakeWorkspace, stream: str) -> None:
    body = f'{{"question": "WAIT leave", "collection": "handbook", "stream": {stream}}}'
    with socket.create_connection(("127.0.0.1", urlsplit(server).port or 0)) as connection:
        connection.sendall(posted(body))
        time.sleep(0.2)
        assert workspace.cancelled == []
    while not workspace.cancelled:
        time.sleep(0.01)


def test_a_server_that_stops_says_so(running: tuple[str, uvicorn.Server]) -> None:
    url, server = running
    with ThreadPoolExecutor() as pool:
        body = {"question": "WAIT leave", "collection": "handbook"}
        asked = pool.submit(httpx.post, f"{url}/v1/answers", json=body, trust_env=False, timeout=120)
        time.sleep(0.3)
        server.should_exit = True
        response = asked.result()
    assert (response.status_code, response.json()["error"]["code"]) == (503, "stopping")


def test_other_requests_are_answered_meanwhile(server: str) -> None:
    port = urlsplit(server).port or 0
    body = '{"question": "WAIT leave", "collection": "handbook"}'
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(posted(body))
        assert httpx.get(f"{server}/v1/health", trust_env=False, timeout=60).status_code == 200
