"""Responses with checked citations: over the official client and plain HTTP, with and without a model."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from muniment.settings import Settings

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

LEAVE = "How many days of paid leave do employees receive?"
FOLLOW_UP = "And when do unused ones expire?"
TEXT = "Employees receive 28 days of paid leave a year. [1]"
GENERATORS: dict[str, Any] = {
    "fake": {"provider": "fake", "answers": {"Who said it?": "The canteen is closed on Mondays [1]."}},
    "broken": {"provider": "fake", "fail_after": 2},
}
OPENAI = {"user-agent": "OpenAI/Python 3.0.0"}
LLAMA = {"x-llamastack-client-version": "0.3.5"}
OGX = {"x-ogx-client-version": "1.5.0"}
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def settings_of(settings_of: Callable[..., Settings]) -> Callable[..., Settings]:
    """The settings with language models that are fakes."""
    return lambda **changes: settings_of(**{"generators": GENERATORS, **changes})


@pytest.fixture
def client(openai_client: "openai.OpenAI") -> "openai.OpenAI":
    return openai_client


def search(*stores: str, **options: Any) -> dict[str, Any]:
    return {"type": "file_search", "vector_store_ids": list(stores or ("docs",)), **options}


async def create(served: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await served.post("/v1/responses", json=body)
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    return made


def text_of(response: dict[str, Any]) -> str:
    return "".join(
        part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"]
    )


# -- the official client


@pytest.mark.parametrize("model", ["extractive", "fake", "muniment/docs", "muniment/docs@fake"])
def test_every_citation_leads_to_the_place_in_the_document(
    client: "openai.OpenAI", served_url: str, model: str
) -> None:
    response = client.responses.create(model=model, input=LEAVE, tools=[search()])
    assert response.status == "completed"
    call, message = response.output
    assert (call.type, call.status, call.queries, call.results) == (
        "file_search_call", "completed", [LEAVE], None,
    )  # fmt: skip
    assert response.output_text.startswith("Employees receive 28 days of paid leave")
    citation = message.content[0].annotations[0]
    assert (citation.type, citation.filename) == ("file_citation", "leave.txt")
    assert citation.file_id.startswith("file-")
    assert 0 < citation.index <= len(response.output_text)
    place = citation.model_extra["muniment"]
    assert (place["collection"], place["verdict"]) == ("docs", "verified")
    assert place["quote"] == "Employees receive 28 days of paid leave a year."
    original = httpx.get(f"{served_url}{place['document_url']}", trust_env=False, timeout=60).text
    assert place["quote"] in original
    assert place["spans"][0]["end"] - place["spans"][0]["start"] == len(place["quote"])
    assert message.model_extra["muniment"]["verdict"] == "grounded"
    assert response.usage.total_tokens > 0


def test_results_are_shown_when_asked_for(client: "openai.OpenAI") -> None:
    response = client.responses.create(
        model="extractive",
        input=LEAVE,
        tools=[search(max_num_results=1)],
        include=["file_search_call.results"],
    )
    (result,) = response.output[0].results
    assert (result.filename, result.text[:9]) == ("leave.txt", "Employees")
    assert 0 < result.score <= 1
    again = client.responses.retrieve(response.id, include=["file_search_call.results"])
    assert again.output[0].results[0].file_id == result.file_id
    assert client.responses.retrieve(response.id).output[0].results is None


ORDER = [
    "response.created", "response.in_progress",
    "response.output_item.added", "response.file_search_call.in_progress",
    "response.file_search_call.searching", "response.file_search_call.completed", "response.output_item.done",
    "response.output_item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.annotation.added", "response.output_text.done", "response.content_part.done",
    "response.output_item.done", "response.completed",
]  # fmt: skip


@pytest.mark.parametrize("model", ["extractive", "fake"])
def test_a_stream_tells_everything_in_order(client: "openai.OpenAI", model: str) -> None:
    events = list(client.responses.create(model=model, input=LEAVE, tools=[search()], stream=True))
    kinds = [event.type for event in events]
    once = [kind for n, kind in enumerate(kinds) if n == 0 or kind != kinds[n - 1]]
    assert once == ORDER
    assert [event.sequence_number for event in events] == list(range(len(events)))
    response = events[-1].response
    pieces = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert pieces == response.output_text
    added = [event.annotation for event in events if event.type.endswith("annotation.added")]
    assert [one.file_id for one in added] == [
        one.file_id for one in response.output[1].content[0].annotations
    ]
    assert client.responses.retrieve(response.id).output_text == response.output_text


def test_the_stream_helper_of_the_client_works_too(client: "openai.OpenAI") -> None:
    with client.responses.stream(model="fake", input=LEAVE, tools=[search()]) as stream:
        response = stream.get_final_response()
    assert response.output_text.startswith("Employees receive 28 days")


async def test_the_asynchronous_client_works_too(served_url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{served_url}/v1", api_key="none", max_retries=0) as client:
        response = await client.responses.create(model="muniment/docs", input=LEAVE)
        assert response.output_text == TEXT
        kinds = [
            e.type async for e in await client.responses.create(model="fake", input="Hello", stream=True)
        ]
        assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
        items = await client.responses.input_items.list(response.id)
        assert items.data[0].content[0].text == LEAVE
        await client.responses.delete(response.id)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(response.id)


def test_a_function_is_called_and_its_result_used(client: "openai.OpenAI") -> None:
    asked = 'CALL weather {"city": "Oslo"}'
    first = client.responses.create(model="fake", input=asked, tools=[WEATHER, search()])
    call = next(item for item in first.output if item.type == "function_call")
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
    assert first.output_text == ""
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain, 7 degrees."}
    second = client.responses.create(
        model="fake", input=[output], previous_response_id=first.id, tools=[WEATHER, search()]
    )
    assert "Rain, 7 degrees." in second.output_text
    message = second.output[-1]
    assert (message.content[0].annotations, message.model_extra["muniment"]) == ([], None)


def test_a_called_function_is_streamed(client: "openai.OpenAI") -> None:
    events = list(
        client.responses.create(model="fake", input='CALL weather {"a": 1}', tools=[WEATHER], stream=True)
    )
    kinds = [event.type for event in events]
    assert kinds == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.function_call_arguments.delta", "response.function_call_arguments.done",
        "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert json.loads(events[4].arguments) == {"a": 1}


def test_a_form_of_the_text_is_passed_on(client: "openai.OpenAI") -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    form = {"format": {"type": "json_schema", "name": "leave", "schema": schema}}
    response = client.responses.create(model="fake", input="Hello", text=form)
    assert json.loads(response.output_text) == {"days": 0}
    assert response.text.format.type == "json_schema"
    with pytest.raises(openai.APIStatusError) as caught:
        client.responses.create(model="extractive", input=LEAVE, text=form, tools=[search()])
    assert caught.value.status_code == 501


# -- what continues what


async def test_a_response_continues_another(serve: Serve) -> None:
    async with serve() as served:
        first = await create(served, model="extractive", input=LEAVE, tools=[search()])
        second = await create(
            served, model="extractive", input=FOLLOW_UP, tools=[search()], previous_response_id=first["id"]
        )
        assert second["previous_response_id"] == first["id"]
        assert second["output"][0]["queries"] == [FOLLOW_UP, f"{LEAVE}\n{FOLLOW_UP}"]
        listed = (await served.get(f"/v1/responses/{second['id']}/input_items?order=asc")).json()
        kinds = [(item["type"], item.get("role")) for item in listed["data"]]
        assert kinds == [
            ("message", "user"), ("file_search_call", None), ("message", "assistant"), ("message", "user"),
        ]  # fmt: skip
        page = (await served.get(f"/v1/responses/{second['id']}/input_items?limit=1")).json()
        assert (page["has_more"], page["data"][0]["content"][0]["text"]) == (True, FOLLOW_UP)


async def test_a_conversation_is_continued_and_added_to(serve: Serve) -> None:
    async with serve() as served:
        conversation = (await served.post("/v1/conversations", json={})).json()["id"]
        asked = {"model": "muniment/docs", "conversation": conversation}
        await create(served, **asked, input=LEAVE)
        second = await create(served, **asked, input=FOLLOW_UP, store=False)
        assert second["conversation"] == {"id": conversation}
        assert "March" in text_of(second)
        items = (await served.get(f"/v1/conversations/{conversation}/items?order=asc")).json()["data"]
        assert [item["type"] for item in items] == ["message", "file_search_call", "message"] * 2
        cited = items[2]["content"][0]["annotations"][0]
        assert cited["muniment"]["verdict"] == "verified"


async def test_an_item_can_be_referred_to(serve: Serve) -> None:
    async with serve() as served:
        first = await create(served, model="extractive", input=LEAVE, tools=[search()])
        asked = (await served.get(f"/v1/responses/{first['id']}/input_items")).json()["data"][0]
        again = await create(
            served, model="muniment/docs", input=[{"type": "item_reference", "id": asked["id"]}]
        )
        assert text_of(again) == text_of(first)


async def test_responses_survive_a_restart(serve: Serve) -> None:
    async with serve() as served:
        made = [
            await create(served, model="muniment/docs", input=LEAVE, metadata={"n": str(n)}) for n in "abc"
        ]
        other = await create(served, model="extractive", input=LEAVE, tools=[search()])
        unkept = await create(served, model="muniment/docs", input=LEAVE, store=False)
    async with serve() as served:
        found = (await served.get(f"/v1/responses/{made[0]['id']}?include=file_search_call.results")).json()
        assert text_of(found) == TEXT
        assert found["output"][0]["results"]
        assert (await served.get(f"/v1/responses/{unkept['id']}")).status_code == 404
        listed = (await served.get("/v1/responses", params={"model": "muniment/docs", "limit": 2})).json()
        assert ([one["id"] for one in listed["data"]], listed["has_more"]) == (
            [made[2]["id"], made[1]["id"]],
            True,
        )
        assert listed["data"][0]["input"][0]["role"] == "user"
        rest = (await served.get("/v1/responses", params={"after": made[1]["id"]})).json()
        assert ([one["id"] for one in rest["data"]], rest["has_more"]) == ([made[0]["id"]], False)
        oldest = (await served.get("/v1/responses?order=asc")).json()
        assert [one["id"] for one in oldest["data"]] == [*(one["id"] for one in made), other["id"]]
        assert (await served.delete(f"/v1/responses/{other['id']}")).json()["deleted"] is True
        assert (await served.get(f"/v1/responses/{other['id']}")).status_code == 404


async def test_a_kept_prompt_becomes_instructions(serve: Serve) -> None:
    async with serve() as served:
        body = {"prompt": "Answer in {{ language }}.", "variables": ["language"]}
        prompt = (await served.post("/v1/prompts", json=body)).json()
        named = {"id": prompt["prompt_id"], "version": "1", "variables": {"language": "Danish"}}
        response = await create(served, model="fake", input="Hello", prompt=named, instructions="Be brief.")
        assert response["instructions"] == "Answer in Danish.\n\nBe brief."
        for variables in ({}, {"language": "Danish", "tone": "kind"}):
            refused = await served.post(
                "/v1/responses",
                json={"model": "fake", "input": "x", "prompt": {**named, "variables": variables}},
            )
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_variables")


# -- several stores


async def attached(served: httpx.AsyncClient, store: str, file: str) -> None:
    await served.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    async with asyncio.timeout(120):
        while (  # noqa: ASYNC110 - any client waits like this
            state := (await served.get(f"/v1/vector_stores/{store}/files/{file}")).json()["status"]
        ) == "in_progress":
            await asyncio.sleep(0.01)
    assert state == "completed"


async def test_one_answer_draws_on_several_stores(serve: Serve) -> None:
    text = b"Employees in Norway receive 25 days of paid leave a year. The office closes in July."
    async with serve(headers=OPENAI) as served:
        form = {"purpose": (None, "assistants"), "file": ("norway.txt", text)}
        file = (await served.post("/v1/files", files=form)).json()["id"]
        store = (await served.post("/v1/vector_stores", json={"name": "more"})).json()["id"]
        await attached(served, store, file)
        response = await create(
            served,
            model="extractive",
            input="How many days of paid leave do employees in Norway receive a year?",
            tools=[search("docs", store)],
            include=["file_search_call.results"],
        )
        found = {result["muniment"]["collection"] for result in response["output"][0]["results"]}
        assert len(found) == 2
        assert "25 days" in text_of(response)
        cited = [one for one in response["output"][1]["content"][0]["annotations"] if one["file_id"] == file]
        assert cited[0]["filename"] == "norway.txt"
        assert (await served.get(cited[0]["muniment"]["document_url"])).content == text
        assert (await served.get(f"/v1/files/{file}/content")).content == text
        alone = await create(
            served,
            model=f"muniment/{store}",
            input="How many days of paid leave do employees in Norway receive a year?",
        )
        assert "25 days" in text_of(alone)


# -- in the background


async def finished(served: httpx.AsyncClient, response_id: str) -> dict[str, Any]:
    while True:
        response = (await served.get(f"/v1/responses/{response_id}")).json()
        if response["status"] not in ("queued", "in_progress"):
            return dict(response)
        await asyncio.sleep(0.01)


async def test_a_response_is_made_in_the_background(serve: Serve) -> None:
    async with serve() as served:
        queued = await create(served, model="muniment/docs", input=LEAVE, background=True)
        assert (queued["status"], queued["output"]) == ("queued", [])
        done = await finished(served, queued["id"])
        assert (done["status"], text_of(done), done["background"]) == ("completed", TEXT, True)
        cancelled = await served.post(f"/v1/responses/{queued['id']}/cancel")
        assert cancelled.json()["status"] == "completed"
        broken = await create(served, model="broken", input="one two three four", background=True)
        failed = await finished(served, broken["id"])
        assert (failed["status"], failed["error"]["code"]) == ("failed", "generator_unavailable")


@pytest.fixture
def slow() -> Iterator[dict[str, Any]]:
    """Generators, of which ``slow`` takes a question and never answers."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        base_url = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        yield {"slow": {"provider": "openai", "base_url": base_url, "model": "slow"}}


async def test_a_response_in_the_background_can_be_stopped(serve: Serve, slow: dict[str, Any]) -> None:
    async with serve(generators=slow) as served:
        queued = await create(served, model="slow", input=LEAVE, background=True)
        assert (await served.get(f"/v1/responses/{queued['id']}")).json()["status"] == "queued"
        cancelled = (await served.post(f"/v1/responses/{queued['id']}/cancel")).json()
        assert cancelled["status"] == "cancelled"
        assert (await served.get(f"/v1/responses/{queued['id']}")).json()["status"] == "cancelled"
        other = await create(served, model="slow", input=LEAVE, background=True)
        assert (await served.delete(f"/v1/responses/{other['id']}")).status_code == 200
        awaited = await create(served, model="muniment/docs", input=LEAVE)
        refused = await served.post(f"/v1/responses/{awaited['id']}/cancel")
        assert refused.status_code == 409


async def test_no_response_stays_unfinished_after_a_restart(serve: Serve, slow: dict[str, Any]) -> None:
    async with serve(generators=slow) as served:
        queued = await create(served, model="slow", input=LEAVE, background=True)
    async with serve() as served:
        found = (await served.get(f"/v1/responses/{queued['id']}")).json()
        assert (found["status"], found["error"]["code"]) == ("failed", "stopping")


# -- what cannot be had


async def test_what_is_not_supported_is_withheld(serve: Serve) -> None:
    async with serve() as served:
        response = await create(served, model="fake", input="Who said it?", tools=[search()])
        assert text_of(response) == "The documents do not answer this."
        message = response["output"][-1]
        assert message["content"][0]["annotations"] == []
        assert message["muniment"]["verdict"] == "abstained"


async def test_a_stream_that_breaks_off_says_so(serve: Serve) -> None:
    async with serve() as served:
        body = {"model": "broken", "input": LEAVE, "tools": [search()], "stream": True}
        response = await served.post("/v1/responses", json=body)
        events = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]
        assert events[-1]["type"] == "response.failed"
        assert events[-1]["response"]["error"]["code"] == "generator_unavailable"
        unstreamed = await served.post("/v1/responses", json={**body, "stream": False})
        assert unstreamed.status_code == 503


UNKNOWN: list[tuple[dict[str, Any], str, int, int, int]] = [
    ({"model": "nobody"}, "unknown_model", 404, 404, 404),
    ({"model": "muniment/nothing"}, "unknown_model", 404, 404, 404),
    ({"model": "muniment/docs@nobody"}, "unknown_model", 404, 404, 404),
    ({"tools": [search("vs_nope")]}, "unknown_store", 404, 400, 400),
    ({"tools": [search("docs", "vs_nope")]}, "unknown_store", 404, 400, 400),
    ({"previous_response_id": "resp_nope"}, "unknown_response", 404, 400, 404),
    ({"conversation": "conv_" + "0" * 48}, "unknown_conversation", 404, 400, 404),
    ({"prompt": {"id": "pmpt_nope"}}, "unknown_prompt", 404, 400, 404),
    ({"input": [{"type": "item_reference", "id": "msg_nope"}]}, "unknown_item", 404, 404, 404),
]


async def test_what_is_unknown_is_an_error_in_each_dialect(serve: Serve) -> None:
    async with serve() as served:
        for body, code, plain, llama, ogx in UNKNOWN:
            asked = {"model": "muniment/docs", "input": LEAVE, **body}
            own = await served.post("/v1/responses", json=asked, headers=OPENAI)
            assert (own.status_code, own.json()["error"]["code"]) == (plain, code)
            streamed = await served.post("/v1/responses", json={**asked, "stream": True}, headers=OPENAI)
            assert streamed.status_code == plain, code
            stack = await served.post("/v1/responses", json=asked, headers=LLAMA)
            assert (stack.status_code, list(stack.json())) == (llama, ["detail"]), code
            other = await served.post("/v1/responses", json=asked, headers=OGX)
            assert (other.status_code, list(other.json())) == (ogx, ["detail"]), code
        assert (await served.get("/v1/responses")).json()["data"] == []


BAD: list[tuple[dict[str, Any], int]] = [
    ({"input": 5}, 400),
    ({"input": ""}, 400),
    ({"input": []}, 400),
    ({"input": [{"type": "message", "role": "nobody", "content": "x"}]}, 400),
    ({"input": [{"type": "function_call", "name": "x"}]}, 400),
    ({"input": ["x"]}, 400),
    (
        {
            "input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}],
            "model": "fake",
        },
        501,
    ),
    ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}, 501),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]}, 501),
    ({"tools": [{"type": "no_such_tool"}]}, 400),
    ({"tools": [{"type": "web_search"}]}, 501),
    ({"tools": [{"type": "computer_use"}]}, 501),
    ({"tools": [{"type": "file_search"}]}, 400),
    ({"tools": [{"type": "file_search", "vector_store_ids": []}]}, 400),
    ({"tools": [search(filters={"type": "like", "key": "a", "value": 1})]}, 400),
    ({"tools": [search(max_num_results=0)]}, 400),
    ({"tools": [search(max_num_results=1), search(max_num_results=2)]}, 400),
    ({"tools": [WEATHER], "model": "extractive"}, 400),
    ({"tools": [WEATHER], "model": "muniment/docs@extractive"}, 501),
    ({"model": "extractive"}, 400),
    ({"temperature": 9}, 400),
    ({"metadata": {"a": {}}}, 400),
    ({"text": {"format": {"type": "poem"}}}, 400),
    ({"background": True, "store": False}, 400),
    ({"previous_response_id": "a", "conversation": "b"}, 400),
    ({"prompt": {"id": "p", "version": "last"}}, 404),
]


async def test_what_cannot_be_used_is_refused(serve: Serve) -> None:
    async with serve(headers=OPENAI) as served:
        for body, status in BAD:
            asked = {"model": "muniment/docs", "input": LEAVE, **body}
            refused = await served.post("/v1/responses", json=asked)
            assert refused.status_code == status, (body, refused.text)
            assert refused.json()["error"]["message"]


async def test_an_unknown_response_is_an_error_in_each_dialect(served: httpx.AsyncClient) -> None:
    paths = (
        ("GET", "/resp_nope"), ("DELETE", "/resp_nope"), ("POST", "/resp_nope/cancel"),
        ("GET", "/resp_nope/input_items"), ("GET", "?after=resp_nope"),
    )  # fmt: skip
    for method, path in paths:
        for headers, status in ((OPENAI, 404), (LLAMA, 400), (OGX, 404)):
            response = await served.request(method, f"/v1/responses{path}", headers=headers)
            assert response.status_code == status, (path, headers)


async def test_peers_always_show_what_was_found(serve: Serve) -> None:
    async with serve() as served:
        body = {"model": "extractive", "input": LEAVE, "tools": [search()]}
        for headers in (LLAMA, OGX):
            made = (await served.post("/v1/responses", json=body, headers=headers)).json()
            assert made["output"][0]["results"][0]["file_id"].startswith("file-")
        old = await served.post("/v1/openai/v1/responses", json=body)
        assert old.json()["output"][0]["results"]


async def test_a_long_conversation_is_compacted(served: httpx.AsyncClient) -> None:
    asked = {
        "model": "fake",
        "input": [
            {"role": "user", "content": "The pump shows E-417."},
            {"type": "function_call", "call_id": "c1", "name": "manual", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "dry"},
            {"role": "assistant", "content": "It runs dry."},
        ],
    }
    made = (await served.post("/v1/responses/compact", json=asked)).json()
    assert made["object"] == "response.compaction"
    user, compaction = made["output"]
    assert (user["role"], user["content"][0]["text"]) == ("user", "The pump shows E-417.")
    assert (compaction["type"], bool(compaction["encrypted_content"])) == ("compaction", True)
    further = {"model": "fake", "input": "And now?", "previous_response_id": made["id"]}
    response = (await served.post("/v1/responses", json=further)).json()
    assert response["status"] == "completed"
    items = (await served.get(f"/v1/responses/{response['id']}/input_items")).json()["data"]
    assert [item["type"] for item in items] == ["message", "message"]
    again = {"model": "fake", "input": [*made["output"], {"role": "user", "content": "More."}]}
    twice = (await served.post("/v1/responses/compact", json=again)).json()["output"]
    assert [item["type"] for item in twice] == ["message", "message", "compaction"]


async def test_nothing_cannot_be_compacted(served: httpx.AsyncClient) -> None:
    assert (await served.post("/v1/responses/compact", json={"model": "extractive"})).status_code == 400


async def test_what_was_asked_for_is_shown_again(served: httpx.AsyncClient) -> None:
    sent = {"top_logprobs": 3, "truncation": "auto", "prompt_cache_key": "k", "max_tool_calls": 2}
    form = {"type": "json_schema", "name": "x", "schema": {"type": "object", "properties": {}}}
    asked = {"model": "fake", "input": "Hello", "text": {"format": form}, **sent}
    shown = (await served.post("/v1/responses", json=asked)).json()
    assert {key: shown[key] for key in sent} == sent
    assert shown["text"]["format"] == form


@pytest.mark.parametrize("wrong", [{"max_output_tokens": 15}, {"max_tool_calls": 0}, {"conversation": "x"}])
async def test_what_openai_refuses_is_refused(served: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    asked = {"model": "fake", "input": "Hello", **wrong}
    assert (await served.post("/v1/responses", json=asked)).status_code == 400


async def test_a_cut_response_says_so_in_the_dialects_word(served: httpx.AsyncClient) -> None:
    told = {}
    for name, headers in (("openai", OPENAI), ("ogx", OGX)):
        asked = {"model": "fake", "input": "word " * 40, "max_output_tokens": 16}
        shown = (await served.post("/v1/responses", json=asked, headers=headers)).json()
        told[name] = (shown["status"], (shown["incomplete_details"] or {}).get("reason"))
    assert told == {"openai": ("incomplete", "max_output_tokens"), "ogx": ("incomplete", "length")}


async def test_ogx_says_404_for_a_conversation_that_is_named_in_the_body(served: httpx.AsyncClient) -> None:
    asked = {"model": "fake", "input": "x", "conversation": "conv_" + "0" * 48}
    assert (await served.post("/v1/responses", json=asked, headers=OGX)).status_code == 404
    empty = await served.post("/v1/responses", json={}, headers=OGX)
    assert (empty.status_code, "input" in empty.json()["error"]["message"]) == (400, True)
