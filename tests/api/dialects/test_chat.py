"""Chat and text completions: language models as they are, collections with evidence, kept when asked to."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from model_server import LEAVE, OGX, OPENAI, STACK_0212, STACK_0222, STACK_03, Body, model_server

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

CHAT = "/v1/chat/completions"
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with model_server(tmp_path) as client:
        yield client


@pytest.fixture
def official(client: httpx.AsyncClient) -> "openai.AsyncOpenAI":
    return openai.AsyncOpenAI(
        base_url="http://muniment/v1", api_key="none", max_retries=0, http_client=client
    )


def chat(text: str = "Good morning to you", model: str = "bot", **more: Any) -> Body:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def data(response: httpx.Response) -> list[str]:
    assert response.headers["content-type"].startswith("text/event-stream")
    return [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]


# -- language models


@pytest.mark.parametrize("name", ["bot", "bot/echo-1", "echo-1"])
async def test_a_language_model_goes_by_its_names(client: httpx.AsyncClient, name: str) -> None:
    completion = (await client.post(CHAT, json=chat(model=name))).json()
    assert completion["choices"][0]["message"] == {"role": "assistant", "content": "Good morning to you"}
    assert (completion["model"], completion["object"]) == (name, "chat.completion")
    assert completion["usage"]["total_tokens"] == 8


async def test_parameters_reach_the_model(client: httpx.AsyncClient) -> None:
    form = {"type": "json_object"}
    completion = (await client.post(CHAT, json=chat("one two three four", max_tokens=2, n=2))).json()
    assert [choice["message"]["content"] for choice in completion["choices"]] == ["one two"] * 2
    assert completion["choices"][0]["finish_reason"] == "length"
    completion = (await client.post(CHAT, json=chat("hi", response_format=form, next_years_field={}))).json()
    assert json.loads(completion["choices"][0]["message"]["content"]) == {"text": "hi"}


async def test_a_stream_is_chunks_in_order_then_the_end(client: httpx.AsyncClient) -> None:
    asked = chat(stream=True, stream_options={"include_usage": True})
    *events, done = data(await client.post(CHAT, json=asked))
    chunks = [json.loads(event) for event in events]
    assert done == "[DONE]"
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
    assert text == "Good morning to you"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["total_tokens"] > 0
    assert {chunk["model"] for chunk in chunks} == {"bot"}


@pytest.mark.parametrize("headers", [STACK_0212, STACK_0222, STACK_03])
@pytest.mark.parametrize("path", ["chat/completions", "completions"])
async def test_clients_of_llama_stack_get_chunks_alone(
    client: httpx.AsyncClient, headers: dict[str, str], path: str
) -> None:
    asked = {**chat(stream=True), "prompt": "Good morning"}
    events = data(await client.post(f"/v1/{path}", json=asked, headers=headers))
    assert json.loads(events[-1])["choices"][0]["finish_reason"] == "stop"


async def test_tools_make_the_round_trip(official: "openai.AsyncOpenAI") -> None:
    messages: list[Any] = [{"role": "user", "content": 'CALL weather {"city": "Ulm"}'}]
    first = await official.chat.completions.create(model="bot", messages=messages, tools=[TOOL])
    (call,) = first.choices[0].message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Ulm"})
    messages.append(first.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "Sunny."})
    second = await official.chat.completions.create(model="bot", messages=messages, tools=[TOOL])
    assert second.choices[0].message.content == "The tools say: Sunny."


async def test_the_stream_helper_of_the_client_gathers_tool_calls(official: "openai.AsyncOpenAI") -> None:
    messages: list[Any] = [{"role": "user", "content": 'CALL weather {"city": "Ulm"}'}]
    async with official.chat.completions.stream(model="bot", messages=messages, tools=[TOOL]) as stream:
        completion = await stream.get_final_completion()
    (call,) = completion.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Ulm"}


async def test_the_old_prefix_is_the_same_route(client: httpx.AsyncClient) -> None:
    for path in ("chat/completions", "completions"):
        asked = {**chat(), "prompt": "Good morning"}
        assert (await client.post(f"/v1/openai/v1/{path}", json=asked)).status_code == 200


# -- collections


async def test_a_collection_answers_with_evidence(official: "openai.AsyncOpenAI") -> None:
    messages: list[Any] = [{"role": "user", "content": "How many days of paid leave do employees receive?"}]
    completion = await official.chat.completions.create(model="muniment/docs@bot", messages=messages)
    message = completion.choices[0].message
    assert message.content.startswith(LEAVE)
    assert message.model_extra["muniment"]["collection"] == "docs"


async def test_a_created_store_is_a_model_by_id_and_by_name(client: httpx.AsyncClient) -> None:
    workspace = client._transport.app.state.opening.workspace  # type: ignore[attr-defined]
    store = await workspace.services.stores.create(name="My notes")
    for name in (store.id, "My notes"):
        completion = await client.post(CHAT, json=chat("What is it?", f"muniment/{name}@bot"))
        assert completion.status_code == 200, completion.text
        assert completion.json()["choices"][0]["message"]["muniment"]["verdict"] == "abstained"


async def test_a_collection_completes_texts_too(client: httpx.AsyncClient) -> None:
    asked = {"model": "muniment/docs@bot", "prompt": "How many days of paid leave do employees receive?"}
    (choice,) = (await client.post("/v1/completions", json=asked)).json()["choices"]
    assert choice["text"].startswith(LEAVE)


# -- text completions


async def test_each_prompt_has_its_completion(official: "openai.AsyncOpenAI") -> None:
    completion = await official.completions.create(model="bot", prompt=["one two", "three"])
    assert [choice.text for choice in completion.choices] == ["one two", "three"]
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert (completion.object, completion.model) == ("text_completion", "bot")


async def test_a_streamed_text_adds_up(official: "openai.AsyncOpenAI") -> None:
    stream = await official.completions.create(model="bot", prompt="one two three", stream=True)
    chunks = [chunk async for chunk in stream]
    assert len(chunks) > 2
    assert "".join(chunk.choices[0].text for chunk in chunks) == "one two three"
    assert chunks[-1].choices[0].finish_reason == "stop"


# -- kept completions


async def test_only_what_is_to_be_stored_is_kept(official: "openai.AsyncOpenAI") -> None:
    completions = official.chat.completions
    await completions.create(**chat("not this one"))
    for text in ("first", "second", "third"):
        await completions.create(**chat(text, store=True, metadata={"n": text}))
    kept = [one async for one in await completions.list(limit=2)]
    assert [one.choices[0].message.content for one in kept] == ["first", "second", "third"]
    newest = await completions.list(order="desc", limit=1)
    assert newest.data[0].metadata == {"n": "third"} and newest.has_more
    noted = await completions.list(metadata={"n": "second"}, model="bot")
    assert [one.id for one in noted.data] == [kept[1].id]
    assert (await completions.list(model="other")).data == []


async def test_a_kept_completion_has_its_conversation(official: "openai.AsyncOpenAI") -> None:
    completions = official.chat.completions
    messages: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    made = await completions.create(model="bot", messages=messages, store=True)
    assert (await completions.retrieve(made.id)).choices[0].message.content == "hello"
    sent = await completions.messages.list(made.id, limit=1)
    assert (sent.data[0].content, sent.has_more) == ("Be brief.", True)
    rest = await completions.messages.list(made.id, after=sent.data[0].id)
    assert [one.content for one in rest.data] == ["hello"]
    assert (await completions.update(made.id, metadata={"a": "b"})).metadata == {"a": "b"}
    assert (await completions.delete(made.id)).deleted
    with pytest.raises(openai.NotFoundError) as caught:
        await completions.retrieve(made.id)
    assert caught.value.code == "unknown_completion"


async def test_a_streamed_completion_is_kept_whole_and_outlives_a_restart(tmp_path: Path) -> None:
    async with model_server(tmp_path) as client:
        chunks = data(await client.post(CHAT, json=chat("to be kept", store=True, stream=True)))
        completion_id = json.loads(chunks[0])["id"]
    async with model_server(tmp_path) as client:
        kept = (await client.get(f"{CHAT}/{completion_id}")).json()
    assert kept["choices"][0]["message"]["content"] == "to be kept"
    assert (kept["object"], kept["input_messages"][0]["content"]) == ("chat.completion", "to be kept")


async def test_a_kept_answer_of_a_collection_keeps_its_evidence(client: httpx.AsyncClient) -> None:
    asked = chat("How many days of paid leave do employees receive?", "muniment/docs@bot", store=True)
    made = (await client.post(CHAT, json=asked)).json()
    kept = (await client.get(f"{CHAT}/{made['id']}")).json()
    assert kept["choices"] == made["choices"]


# -- errors

SHAPES: list[tuple[dict[str, str], int, str]] = [
    (OPENAI, 404, "error"),
    (STACK_0212, 400, "detail"),
    (STACK_0222, 404, "detail"),
    (STACK_03, 404, "detail"),
    (OGX, 404, "error"),
]


@pytest.mark.parametrize(("headers", "status", "key"), SHAPES)
@pytest.mark.parametrize("path", ["chat/completions", "completions"])
async def test_an_unknown_model_is_told_in_the_dialect(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, key: str, path: str
) -> None:
    asked = {**chat(model="bott"), "prompt": "x"}
    response = await client.post(f"/v1/{path}", json=asked, headers=headers)
    assert response.status_code == status
    told = response.json()[key]
    message = told if isinstance(told, str) else told["message"]
    assert "Did you mean 'bot'?" in message and "muniment/docs" in message


@pytest.mark.parametrize("model", ["muniment/nothing", "muniment/docs@nobody", "muniment/", "small", ""])
async def test_what_cannot_chat_is_no_model(client: httpx.AsyncClient, model: str) -> None:
    response = await client.post(CHAT, json=chat(model=model))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_model")


@pytest.mark.parametrize("body", [{"model": "bot"}, {"model": "bot", "messages": "hi"}, {"messages": []}, []])
@pytest.mark.parametrize("headers", [OPENAI, STACK_0222, STACK_03, OGX])
async def test_a_request_of_the_wrong_shape_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], body: object
) -> None:
    response = await client.post(CHAT, json=body, headers=headers)
    assert response.status_code == 400, response.text


async def test_no_messages_are_refused_by_the_model(client: httpx.AsyncClient) -> None:
    response = await client.post(CHAT, json={"model": "bot", "messages": []})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "generator_refused")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_cannot_begin_is_an_error_with_its_status(
    client: httpx.AsyncClient, stream: bool
) -> None:
    response = await client.post(CHAT, json=chat(model="broken", stream=stream))
    assert (response.status_code, response.json()["error"]["code"]) == (503, "generator_unavailable")


@pytest.mark.parametrize("headers", [OPENAI, STACK_03])
async def test_a_stream_that_breaks_off_ends_in_an_error(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    asked = chat("one two three four", "breaks", stream=True, store=True)
    events = data(await client.post(CHAT, json=asked, headers=headers))
    assert "failed after 2 pieces" in json.loads(events[-1])["error"]["message"]
    assert (await client.get(CHAT)).json()["data"] == []


async def test_without_a_shield_moderation_is_not_offered(official: "openai.AsyncOpenAI") -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        await official.moderations.create(input="hello")
    assert (caught.value.status_code, caught.value.code) == (501, "not_offered")
    with pytest.raises(openai.BadRequestError):
        await official.post("/moderations", body={}, cast_to=object)
