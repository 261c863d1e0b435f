"""The OpenAI-compatible provider's language model: what is passed on, and how errors are told."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from chat_endpoint import ChatEndpoint, Reply, serve
from model_endpoint import ModelEndpoint

from muniment.answer.text_over_chat import text_model_of
from muniment.errors import InputError, MunimentError, TimeoutExceededError, UnavailableError
from muniment.protocols import ChatModel, JsonObject
from muniment.providers.openai_generator import OpenAIGenerator, OpenAIGeneratorOptions
from muniment.testing.chat_model import TOOL, chat, streamed

KEY = "sk-very-secret"
EVERYTHING = {
    "tools": [TOOL],
    "tool_choice": "none",
    "response_format": {"type": "json_object"},
    "logprobs": True,
    "top_logprobs": 1,
    "n": 2,
    "seed": 7,
    "stop": ["END"],
    "user": "anna",
    "chat_template_kwargs": {"enable_thinking": False},
}


@pytest.fixture
def endpoint() -> Iterator[ChatEndpoint]:
    with serve(ChatEndpoint()) as served:
        yield served


@pytest.fixture
def real() -> Iterator[ModelEndpoint]:
    with serve(ModelEndpoint()) as served:
        yield served


@asynccontextmanager
async def model(endpoint: ChatEndpoint | ModelEndpoint, **options: object) -> AsyncIterator[ChatModel]:
    fast = {"base_url": endpoint.url, "retry_pause_s": 0.001, **options}
    made = OpenAIGenerator("big", OpenAIGeneratorOptions.model_validate(fast), KEY)
    yield made.chat
    await made.aclose()


async def failures(endpoint: ChatEndpoint, request: JsonObject, **options: object) -> list[MunimentError]:
    """The errors of the request whole and streamed."""
    met = []
    async with model(endpoint, model="granite", **options) as asked:
        for attempt in (asked.complete(request), streamed(asked, request)):
            with pytest.raises(MunimentError) as error:
                await attempt
            assert KEY not in error.value.message + error.value.hint
            assert error.value.hint
            met.append(error.value)
    return met


async def test_every_parameter_is_passed_on_and_the_model_named(real: ModelEndpoint) -> None:
    async with model(real) as asked:
        await asked.complete(chat(**EVERYTHING, model="big", stream=True, stream_options={}))
        await streamed(asked, chat(**EVERYTHING, stream_options={"include_usage": True}))
    (_, whole), (_, stream) = real.asked
    assert whole == chat(**EVERYTHING, model="echo")
    assert stream == chat(**EVERYTHING, model="echo", stream=True, stream_options={"include_usage": True})


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request_is_the_callers_mistake(endpoint: ChatEndpoint, status: int) -> None:
    endpoint.replies = [Reply(status=status, body=f'{{"error": {{"message": "bad tools, key {KEY}"}}}}')]
    for error in await failures(endpoint, chat()):
        assert isinstance(error, InputError)
        assert error.code == "generator_refused"
        assert "bad tools, key ***" in error.message
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_key_or_model_is_not(endpoint: ChatEndpoint, status: int) -> None:
    endpoint.replies = [Reply(status=status, body='{"error": "no"}')]
    for error in await failures(endpoint, chat()):
        assert isinstance(error, UnavailableError)
        assert error.code == "generator_refused"


async def test_too_long_a_chat_has_its_own_code(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(status=400, body='{"message": "maximum context length is 512"}')]
    assert {error.code for error in await failures(endpoint, chat())} == {"prompt_too_long"}


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_again_but_not_for_ever(endpoint: ChatEndpoint, status: int) -> None:
    endpoint.replies = [Reply(status=status, body='{"error": {"message": "busy"}}')]
    for error in await failures(endpoint, chat(), retries=1):
        assert error.code == "generator_unavailable"
        assert f"{status}: busy" in error.message
    assert len(endpoint.asked) == 4


async def test_a_request_that_is_no_json_is_the_callers_mistake(endpoint: ChatEndpoint) -> None:
    for error in await failures(endpoint, chat(temperature=float("nan"))):
        assert isinstance(error, InputError)
    assert endpoint.asked == []


async def test_a_slow_completion_times_out_and_is_not_begun_again(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(pauses=(5.0,))]
    met = await failures(endpoint, chat(), completion_timeout_s=0.05, first_token_timeout_s=0.05, retries=0)
    for error, limit in zip(met, ("completion_timeout_s", "first_token_timeout_s"), strict=True):
        assert isinstance(error, TimeoutExceededError)
        assert limit in error.hint
    endpoint.asked.clear()
    async with model(endpoint, model="granite", completion_timeout_s=0.05, retries=3) as asked:
        with pytest.raises(TimeoutExceededError):
            await asked.complete(chat())
    assert len(endpoint.asked) == 1


async def test_an_answer_that_is_no_completion_is_told(endpoint: ChatEndpoint) -> None:
    async with model(endpoint, model="granite", retries=0) as asked:
        with pytest.raises(UnavailableError, match="it sent no part of a completion"):
            await asked.complete(chat())  # this endpoint streams whatever it is asked


async def test_a_stream_that_breaks_is_begun_again_only_before_it_says_anything(
    endpoint: ChatEndpoint,
) -> None:
    endpoint.replies = [Reply(words=(), cut=True), Reply(), Reply(words=("The ",), cut=True), Reply()]
    async with model(endpoint, model="granite") as asked:
        chunks = [chunk async for chunk in asked.stream(chat())]
        roles = [chunk for chunk in chunks if chunk["choices"][0]["delta"].get("role")]
        assert len(roles) == 1
        with pytest.raises(UnavailableError, match="ended before the answer did"):
            await streamed(asked, chat())
    assert len(endpoint.asked) == 3


async def test_an_endpoint_that_is_not_there(unused_tcp_port: int) -> None:
    nowhere = ChatEndpoint(url=f"http://127.0.0.1:{unused_tcp_port}/v1")
    for error in await failures(nowhere, chat(), retries=0):
        assert error.code == "generator_unavailable"
        assert str(unused_tcp_port) in error.message


async def test_text_goes_to_completions_and_through_chat_where_there_are_none(real: ModelEndpoint) -> None:
    request = {"prompt": "One two three", "max_tokens": 2}
    async with model(real) as asked:
        own = await text_model_of(asked).complete(request)
        real.texts = False
        other = await text_model_of(asked).complete(request)
        chunks = await streamed(text_model_of(asked), request)
    assert [path for path, _ in real.asked] == ["completions", *["completions", "chat/completions"] * 2]
    for completion in (own, other, chunks):
        assert completion["object"] == "text_completion"
        assert completion["choices"][0]["text"] == "One two"
        assert completion["choices"][0]["finish_reason"] == "length"


async def test_a_wrong_key_is_told_for_text_too(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(status=401, body='{"error": "who are you?"}')]
    async with model(endpoint, model="granite") as asked:
        text = text_model_of(asked)
        for attempt in (text.complete({"prompt": "a"}), streamed(text, {"prompt": "a"})):
            with pytest.raises(UnavailableError, match="who are you"):
                await attempt
