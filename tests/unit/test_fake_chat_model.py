"""The fake language model is a good stand-in for a real one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate
from pydantic import BaseModel

from muniment.errors import UnavailableError
from muniment.protocols import JsonObject
from muniment.providers.fake_generator import FakeChatModel, FakeGeneratorOptions
from muniment.testing.chat_model import TOOL, chat, streamed

CALL = 'Please CALL warranty_months {"product": "Sluice 300"} and CALL warranty_months {"product": "{}"}.'


class Part(BaseModel):
    number: int
    label: str | None


class Product(BaseModel):
    name: str
    parts: list[Part]
    spare: Part
    grades: list[float]


def fake(**options: object) -> FakeChatModel:
    return FakeChatModel("fake", FakeGeneratorOptions.model_validate(options))


async def message(request: JsonObject, **options: object) -> JsonObject:
    made: JsonObject = (await fake(**options).complete(request))["choices"][0]["message"]
    return made


async def test_it_echoes_or_says_what_the_script_has() -> None:
    assert (await message(chat("Good  day")))["content"] == "Good  day"
    assert (await message(chat("Hello"), answers={"Hello": "Hi."}))["content"] == "Hi."
    parts = [{"type": "text", "text": "In"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    assert (await message({"messages": [{"role": "user", "content": parts}]}))["content"] == "In"


async def test_it_calls_tools_when_told_to_and_reads_their_results() -> None:
    asked = chat(CALL, tools=[TOOL])
    said = await message(asked)
    calls = said["tool_calls"]
    arguments = [json.loads(call["function"]["arguments"]) for call in calls]
    assert arguments == [{"product": "Sluice 300"}, {"product": "{}"}]
    assert len({call["id"] for call in calls}) == 2
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"{n}6"} for n, call in enumerate(calls)
    ]
    before = [said, {"role": "tool", "content": "of an earlier turn"}]
    after = await message({**asked, "messages": [*before, *asked["messages"], said, *results]})
    assert after["content"] == "The tools say: 06; 16"


@pytest.mark.parametrize("more", [{}, {"tools": [TOOL], "tool_choice": "none"}])
async def test_it_calls_no_tool_that_it_was_not_given(more: JsonObject) -> None:
    assert (await message(chat(CALL, max_tokens=100, **more)))["content"] == CALL


async def test_it_calls_the_tool_that_is_demanded() -> None:
    demand = {"type": "function", "function": {"name": "warranty_months"}}
    said = await message(chat("Hello", tools=[TOOL], tool_choice=demand))
    assert said["tool_calls"][0]["function"] == {"name": "warranty_months", "arguments": "{}"}


async def test_json_fits_the_schema() -> None:
    schema = Product.model_json_schema()
    form = {"type": "json_schema", "json_schema": {"name": "product", "schema": schema}}
    made = json.loads((await message(chat("Sluice", max_tokens=99, response_format=form)))["content"])
    validate(made, schema)
    assert Product.model_validate(made).name == "Sluice"
    plain = await message(chat("Sluice", response_format={"type": "json_object"}))
    assert json.loads(plain["content"]) == {"text": "Sluice"}


async def test_it_breaks_off_when_told_to() -> None:
    stream = fake(fail_after=2).stream(chat("One two three"))
    chunks = [await anext(stream), await anext(stream)]
    with pytest.raises(UnavailableError):
        await anext(stream)
    assert [chunk["choices"][0]["delta"]["content"] for chunk in chunks] == ["One", " two"]
    with pytest.raises(UnavailableError):
        await fake(fail_after=2).complete(chat())


@given(
    text=st.text(max_size=40) | st.just(CALL),
    stop=st.none() | st.sampled_from([" ", "a", ["e", "o"]]),
    limit=st.integers(1, 50),
    n=st.integers(1, 3),
    logprobs=st.booleans(),
)
async def test_a_stream_always_makes_what_a_whole_completion_is(
    text: str, stop: object, limit: int, n: int, logprobs: bool
) -> None:
    more = {"stop": stop, "max_tokens": limit, "n": n, "logprobs": logprobs, "tools": [TOOL]}
    request = chat(text, **more, stream_options={"include_usage": True})
    whole, made = await fake().complete(request), await streamed(fake(), request)
    assert made["usage"] == whole["usage"]
    for one, other in zip(made["choices"], whole["choices"], strict=True):
        assert (one["message"].get("content") or "") == (other["message"]["content"] or "")
        assert one["message"].get("tool_calls") == other["message"].get("tool_calls")
        assert one["finish_reason"] == other["finish_reason"]
        assert (one.get("logprobs") or {}).get("content", []) == (other["logprobs"] or {}).get("content", [])
