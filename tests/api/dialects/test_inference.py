"""Llama Stack 0.2's inference, over the same models as OpenAI's chat."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from model_server import LEAVE, STACK_0212, STACK_0222, Body, model_server

CHAT = "/v1/inference/chat-completion"
TEXT = "/v1/inference/completion"
EMBED = "/v1/inference/embeddings"
RERANK = "/v1/inference/rerank"
TOOL = {
    "tool_name": "weather",
    "description": "Tells the weather.",
    "parameters": {"city": {"param_type": "str", "description": "A town.", "required": True}},
}
ASK = {"role": "user", "content": 'CALL weather {"city": "Ulm"}'}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with model_server(tmp_path, STACK_0222) as client:
        yield client


def chat(text: str = "Good morning to you", **more: Any) -> Body:
    return {"model_id": "bot", "messages": [{"role": "user", "content": text}], **more}


async def posted(client: httpx.AsyncClient, path: str, body: Body) -> Any:
    response = await client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def streamed(client: httpx.AsyncClient, path: str, body: Body) -> list[Any]:
    response = await client.post(path, json={**body, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    lines = [line for line in response.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


# -- chat


async def test_a_reply_has_its_stop_reason_and_counts(client: httpx.AsyncClient) -> None:
    reply = await posted(client, CHAT, chat())
    assert reply["completion_message"] == {
        "role": "assistant",
        "content": "Good morning to you",
        "stop_reason": "end_of_turn",
        "tool_calls": [],
    }
    assert [metric["metric"] for metric in reply["metrics"]] == [
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
    ]


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("plain", "plain"),
        ({"type": "text", "text": "an item"}, "an item"),
        ([{"type": "text", "text": "two"}, {"type": "text", "text": "items"}], "two\nitems"),
        ([{"type": "text", "text": "see"}, {"type": "image", "image": {"url": {"uri": "data:,"}}}], "see"),
    ],
)
async def test_contents_of_every_kind_are_read(client: httpx.AsyncClient, content: object, read: str) -> None:
    reply = await posted(client, CHAT, chat() | {"messages": [{"role": "user", "content": content}]})
    assert reply["completion_message"]["content"] == read


async def test_context_stands_behind_the_content(client: httpx.AsyncClient) -> None:
    message = {"role": "user", "content": "What?", "context": "This."}
    reply = await posted(client, CHAT, chat() | {"messages": [message]})
    assert reply["completion_message"]["content"] == "What?\nThis."


async def test_sampling_parameters_are_heeded(client: httpx.AsyncClient) -> None:
    params: Body = {"strategy": {"type": "top_p", "temperature": 0.5, "top_p": 0.9}, "max_tokens": 2}
    reply = await posted(client, CHAT, chat(sampling_params=params))
    assert reply["completion_message"]["content"] == "Good morning"
    assert reply["completion_message"]["stop_reason"] == "out_of_tokens"
    stopping: Body = {"strategy": {"type": "greedy"}, "max_tokens": 0, "stop": [" to"]}
    reply = await posted(client, CHAT, chat(sampling_params=stopping))
    assert reply["completion_message"]["content"] == "Good morning"


async def test_a_schema_shapes_the_reply(client: httpx.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": schema}
    reply = await posted(client, CHAT, chat("Ulm", response_format=form))
    assert json.loads(reply["completion_message"]["content"]) == {"city": "Ulm"}


async def test_log_probabilities_stand_at_each_token(client: httpx.AsyncClient) -> None:
    reply = await posted(client, CHAT, chat("one two", logprobs={"top_k": 1}))
    assert reply["logprobs"] == [
        {"logprobs_by_token": {"one": 0.0}},
        {"logprobs_by_token": {" two": 0.0}},
    ]


async def test_tools_make_the_round_trip(client: httpx.AsyncClient) -> None:
    first = await posted(client, CHAT, {"model_id": "bot", "messages": [ASK], "tools": [TOOL]})
    said = first["completion_message"]
    (call,) = said["tool_calls"]
    assert (said["content"], said["stop_reason"]) == ("", "end_of_message")
    assert (call["tool_name"], call["arguments"]) == ("weather", {"city": "Ulm"})
    assert json.loads(call["arguments_json"]) == {"city": "Ulm"}
    result = {"role": "tool", "call_id": call["call_id"], "content": "Sunny."}
    body = {"model_id": "bot", "messages": [ASK, said, result], "tools": [TOOL]}
    second = await posted(client, CHAT, body)
    assert second["completion_message"]["content"] == "The tools say: Sunny."


@pytest.mark.parametrize(
    ("wish", "calls"),
    [
        ({"tool_choice": "required"}, ["weather"]),
        ({"tool_config": {"tool_choice": "weather"}}, ["weather"]),
        ({"tool_config": {"tool_choice": "none"}, "tool_choice": "required"}, []),
        ({}, []),
    ],
)
async def test_the_choice_of_tools_is_heeded(client: httpx.AsyncClient, wish: Body, calls: list[str]) -> None:
    reply = await posted(client, CHAT, chat("hi", tools=[TOOL], **wish))
    assert [call["tool_name"] for call in reply["completion_message"]["tool_calls"]] == calls


async def test_a_stream_starts_progresses_and_completes(client: httpx.AsyncClient) -> None:
    steps = await streamed(client, CHAT, chat())
    events = [step["event"] for step in steps]
    assert [event["event_type"] for event in events] == ["start", *["progress"] * 4, "complete"]
    assert "".join(event["delta"]["text"] for event in events) == "Good morning to you"
    assert [event["stop_reason"] for event in events] == [None] * 5 + ["end_of_turn"]
    assert steps[-1]["metrics"] and not any(step["metrics"] for step in steps[:-1])


async def test_a_streamed_tool_call_comes_in_pieces_then_whole(client: httpx.AsyncClient) -> None:
    steps = await streamed(client, CHAT, {"model_id": "bot", "messages": [ASK], "tools": [TOOL]})
    deltas = [step["event"]["delta"] for step in steps if step["event"]["delta"]["type"] == "tool_call"]
    assert [delta["parse_status"] for delta in deltas] == ["started", "in_progress", "succeeded"]
    assert deltas[1]["tool_call"] == '{"city": "Ulm"}'
    assert deltas[2]["tool_call"]["arguments"] == {"city": "Ulm"}
    assert steps[-1]["event"]["stop_reason"] == "end_of_message"


async def test_a_collection_answers_here_too(client: httpx.AsyncClient) -> None:
    asked = chat("How many days of paid leave do employees receive?", model_id="muniment/docs@bot")
    reply = await posted(client, CHAT, asked)
    assert reply["completion_message"]["content"].startswith(LEAVE)
    steps = await streamed(client, CHAT, asked)
    text = "".join(step["event"]["delta"]["text"] for step in steps)
    assert text == reply["completion_message"]["content"]


# -- completion and batches


async def test_a_text_is_continued_whole_and_streamed(client: httpx.AsyncClient) -> None:
    body = {"model_id": "bot", "content": {"type": "text", "text": "one two three"}}
    whole = await posted(client, TEXT, body)
    assert (whole["content"], whole["stop_reason"]) == ("one two three", "end_of_turn")
    steps = await streamed(client, TEXT, body)
    assert "".join(step["delta"] for step in steps) == "one two three"
    assert [step["stop_reason"] for step in steps] == [None, None, None, "end_of_turn"]
    assert steps[-1]["metrics"]


async def test_batches_are_answered_in_their_order(client: httpx.AsyncClient) -> None:
    texts = [f"text {number}" for number in range(20)]
    body: Body = {"model_id": "bot", "messages_batch": [[{"role": "user", "content": t}] for t in texts]}
    batch = (await posted(client, "/v1/inference/batch-chat-completion", body))["batch"]
    assert [reply["completion_message"]["content"] for reply in batch] == texts
    body = {"model_id": "bot", "content_batch": texts}
    batch = (await posted(client, "/v1/inference/batch-completion", body))["batch"]
    assert [reply["content"] for reply in batch] == texts


# -- embeddings and rerank


async def test_each_text_has_its_vector(client: httpx.AsyncClient) -> None:
    contents = ["pump", {"type": "text", "text": "leave"}]
    plain = (await posted(client, EMBED, {"model_id": "small", "contents": ["pump", "leave"]}))["embeddings"]
    items = (await posted(client, EMBED, {"model_id": "small", "contents": contents[1:]}))["embeddings"]
    assert [len(vector) for vector in plain] == [64, 64]
    assert items[0] == plain[1] != plain[0]
    query = {"model_id": "small", "contents": ["pump"], "task_type": "query"}
    assert (await posted(client, EMBED, query))["embeddings"][0] == pytest.approx(plain[0])
    assert (await posted(client, EMBED, {"model_id": "small", "contents": []})) == {"embeddings": []}


async def test_the_chosen_end_of_a_long_text_is_cut(client: httpx.AsyncClient) -> None:
    first, last = "leave " * 256, "pump " * 256

    async def embedded(text: str, **more: str) -> object:
        body = {"model_id": "small", "contents": [text], **more}
        return (await posted(client, EMBED, body))["embeddings"][0]

    assert await embedded(first + last, text_truncation="start") == await embedded(last)
    assert await embedded(first + last, text_truncation="end") == await embedded(first)


@pytest.mark.parametrize("path", [RERANK, "/v1alpha/inference/rerank"])
async def test_items_are_ranked_by_nearness(client: httpx.AsyncClient, path: str) -> None:
    items = ["trains and flights", {"type": "text", "text": "the pump runs dry"}, "the pump"]
    body = {"model": "small", "query": "pump runs dry", "items": items}
    ranked = (await posted(client, path, body))["data"]
    assert [item["index"] for item in ranked] == [1, 2, 0]
    assert [i["relevance_score"] for i in ranked] == sorted(i["relevance_score"] for i in ranked)[::-1]
    assert len((await posted(client, path, {**body, "max_num_results": 1}))["data"]) == 1
    assert (await posted(client, path, {**body, "items": []})) == {"data": []}


# -- errors

CASES: list[tuple[str, Body, int, str]] = [
    (CHAT, chat(model_id="nope"), 404, "Unknown model 'nope'"),
    (TEXT, {"model_id": "nope", "content": "x"}, 404, "Unknown model 'nope'"),
    (EMBED, {"model_id": "nope", "contents": ["x"]}, 404, "nope"),
    (EMBED, {"model_id": "bot", "contents": ["x"]}, 404, "bot"),
    (RERANK, {"model": "nope", "query": "x", "items": ["y"]}, 404, "nope"),
    (EMBED, {"model_id": "small", "contents": ["x"], "output_dimension": 7}, 400, "64 dimensions, not 7"),
    (CHAT, chat(response_format={"type": "grammar", "bnf": {}}), 501, "json_schema"),
    (CHAT, chat(model_id="broken"), 503, "failed after 0 pieces"),
    (CHAT, chat(model_id="broken", stream=True), 503, "failed after 0 pieces"),
    (CHAT, {"model_id": "bot", "messages": []}, 400, "messages"),
    (
        CHAT,
        {"model_id": "bot", "messages": [{"role": "user", "content": [{"type": "image", "image": {}}]}]},
        400,
        "neither `url` nor `data`",
    ),
    (
        TEXT,
        {"model_id": "bot", "content": [{"type": "image", "image": {"data": "AA=="}}]},
        400,
        "not images",
    ),
    (
        "/v1/inference/batch-chat-completion",
        {"model_id": "broken", "messages_batch": [[{"role": "user", "content": "x"}]] * 3},
        503,
        "failed after 0 pieces",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "says"), CASES)
async def test_what_cannot_be_done_is_told_in_the_dialect(
    client: httpx.AsyncClient, path: str, body: Body, status: int, says: str
) -> None:
    response = await client.post(path, json=body)
    assert response.status_code == status, response.text
    assert says in response.json()["detail"]


async def test_older_clients_get_400_for_an_unknown_model(client: httpx.AsyncClient) -> None:
    response = await client.post(CHAT, json=chat(model_id="nope"), headers=STACK_0212)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        (CHAT, {"model_id": "bot"}, ["body", "messages"]),
        (CHAT, {"messages": []}, ["body", "model_id"]),
        (
            CHAT,
            {"model_id": "bot", "messages": [{"role": "user"}]},
            ["body", "messages", 0, "user", "content"],
        ),
        (CHAT, {"model_id": "bot", "messages": [{"role": "king", "content": ""}]}, ["body", "messages", 0]),
        (EMBED, {"model_id": "small"}, ["body", "contents"]),
        (RERANK, {"model": "small", "query": "x"}, ["body", "items"]),
    ],
)
async def test_a_request_of_the_wrong_shape_names_the_place(
    client: httpx.AsyncClient, path: str, body: Body, where: list[str | int]
) -> None:
    response = await client.post(path, json=body)
    assert response.status_code == 400
    assert response.json()["error"]["detail"]["errors"][0]["loc"] == where


async def test_a_stream_that_breaks_off_ends_in_an_error(client: httpx.AsyncClient) -> None:
    steps = await streamed(client, CHAT, chat("one two three four", model_id="breaks"))
    assert steps[0]["event"]["event_type"] == "start"
    assert "failed after 2 pieces" in steps[-1]["error"]["message"]
