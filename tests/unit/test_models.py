"""Language models by name, fail-over between them, and plain text through chat."""

from collections.abc import Iterator

import pytest
from chat_endpoint import ChatEndpoint, serve
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.fail_over import FailOverGenerator
from muniment.answer.models import Models
from muniment.answer.text_over_chat import TextOverChat
from muniment.errors import InputError, NotFoundError, UnavailableError
from muniment.protocols import Generator, JsonObject
from muniment.providers.extractive import PROVIDER as EXTRACTIVE
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.providers.fake_generator import FakeChatModel, FakeGenerator, FakeGeneratorOptions
from muniment.providers.openai_generator import OpenAIGenerator, OpenAIGeneratorOptions
from muniment.testing.chat_model import chat, streamed


def fake(name: str, **options: object) -> FakeGenerator:
    return FakeGenerator(name, FakeGeneratorOptions.model_validate(options))


def quoting() -> Generator:
    return ExtractiveGenerator(EXTRACTIVE.name, Limits())


@pytest.fixture
def endpoint() -> Iterator[ChatEndpoint]:
    with serve(ChatEndpoint(models=("org/granite",))) as served:
        yield served


def remote(name: str, endpoint: ChatEndpoint) -> OpenAIGenerator:
    return OpenAIGenerator(name, OpenAIGeneratorOptions(base_url=endpoint.url, retries=0))


async def test_models_go_by_generator_alias_and_upstream_name() -> None:
    models = Models({"big": fake("big", model="org/full"), "small": fake("small"), "quote": quoting()})
    assert [(model.id, model.alias, model.context_tokens) for model in models.listed()] == [
        ("big", "big/org/full", 8192),
        ("small", "small/echo", 8192),
    ]
    for name in ("big", "big/org/full", "org/full"):
        assert (await models.resolve(name)).name == "big"


async def test_a_generators_name_goes_before_anothers_upstream_name() -> None:
    models = Models({"a": fake("a", model="b"), "b": fake("b", model="x"), "c": fake("c", model="b/x")})
    assert (await models.resolve("b")).name == "b"
    assert (await models.resolve("b/x")).name == "b"


async def test_an_unknown_name_lists_the_known_ones() -> None:
    models = Models({"big": fake("big"), "quote": quoting()})
    for name in ("bog", "quote", ""):
        with pytest.raises(NotFoundError) as error:
            await models.resolve(name)
        assert error.value.code == "unknown_model"
        assert "Known: big, big/echo." in error.value.hint


async def test_an_upstream_name_of_several_must_be_told_apart() -> None:
    models = Models({"one": fake("one"), "two": fake("two")})
    with pytest.raises(NotFoundError) as error:
        await models.resolve_text("echo")
    assert error.value.code == "unknown_model"
    assert "one/echo, two/echo" in error.value.hint


async def test_an_endpoints_only_model_is_found_out_when_it_is_asked_for(
    endpoint: ChatEndpoint, unused_tcp_port: int
) -> None:
    gone = remote("gone", ChatEndpoint(url=f"http://127.0.0.1:{unused_tcp_port}/v1"))
    there = remote("big", endpoint)
    models = Models({"gone": gone, "big": there})
    assert [model.alias for model in models.listed()] == [None, None]
    assert (await models.resolve("org/granite")).name == "big"
    assert [model.alias for model in models.listed()] == ["big/org/granite", None]
    await there.aclose()
    await gone.aclose()


async def test_the_next_model_is_asked_when_one_cannot_begin() -> None:
    broken, spare = fake("big", fail_after=0, model="full"), fake("spare")
    model = FailOverGenerator([broken, quoting(), spare]).chat
    assert model is not None
    assert (model.name, model.model) == ("big", "full")
    await model.check()
    for completion in (await model.complete(chat("Hello")), await streamed(model, chat("Hello"))):
        assert completion["choices"][0]["message"]["content"] == "Hello"
        assert completion["model"] == "echo"
    text = await Models({"big": FailOverGenerator([broken, spare])}).resolve_text("big")
    assert (await text.complete({"prompt": "Hello"}))["choices"][0]["text"] == "Hello"
    assert (await streamed(text, {"prompt": "Hello"}))["choices"][0]["text"] == "Hello"


async def test_but_not_after_the_first_chunk_nor_for_a_refused_request() -> None:
    breaking = FailOverGenerator([fake("big", fail_after=1), fake("spare")]).chat
    assert breaking is not None
    stream = breaking.stream(chat("One two"))
    assert (await anext(stream))["choices"][0]["delta"]["content"] == "One"
    with pytest.raises(UnavailableError, match="after 1 pieces"):
        await anext(stream)
    with pytest.raises(InputError):
        await breaking.complete({})


async def test_when_none_can_the_last_says_why() -> None:
    model = FailOverGenerator([fake("big", fail_after=0), fake("spare", fail_after=0)]).chat
    assert model is not None
    for attempt in (model.complete(chat()), streamed(model, chat()), model.check()):
        with pytest.raises(UnavailableError, match="'spare'"):
            await attempt


def test_a_generator_without_a_model_has_none_to_speak_to() -> None:
    assert quoting().chat is None
    assert FailOverGenerator([quoting(), fake("spare")]).chat is None


PLAIN = TextOverChat(FakeChatModel("fake", FakeGeneratorOptions()))


async def test_text_through_chat_has_the_shape_of_text() -> None:
    request = {"prompt": ["a b c", "d"], "n": 2, "max_tokens": 2, "logprobs": 1, "echo": True}
    whole = await PLAIN.complete(request)
    texts = [(choice["index"], choice["text"], choice["finish_reason"]) for choice in whole["choices"]]
    assert texts == [
        (0, "a b ca b", "length"),
        (1, "a b ca b", "length"),
        (2, "dd", "stop"),
        (3, "dd", "stop"),
    ]
    assert whole["usage"] == {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
    assert whole["choices"][0]["logprobs"] == {
        "tokens": ["a", " b"],
        "token_logprobs": [0.0, 0.0],
        "top_logprobs": [{"a": 0.0}, {" b": 0.0}],
        "text_offset": [5, 6],
    }


@pytest.mark.parametrize(
    "more",
    [{"prompt": [1, 2]}, {"prompt": []}, {"prompt": None}, {"suffix": "x"}, {"best_of": 2}, {"n": "x"}],
)
async def test_what_a_chat_cannot_do_is_refused(more: JsonObject) -> None:
    for attempt in (PLAIN.complete({"prompt": "a", **more}), streamed(PLAIN, {"prompt": "a", **more})):
        with pytest.raises(InputError) as error:
            await attempt
        assert error.value.code == "generator_refused"
        assert error.value.hint


@given(
    prompts=st.lists(st.text(max_size=20), min_size=1, max_size=3),
    n=st.integers(1, 2),
    echo=st.booleans(),
    limit=st.integers(1, 6),
)
async def test_streamed_text_always_makes_the_whole_text(
    prompts: list[str], n: int, echo: bool, limit: int
) -> None:
    request = {"prompt": prompts, "n": n, "echo": echo, "max_tokens": limit, "logprobs": 1}
    request["stream_options"] = {"include_usage": True}
    whole, made = await PLAIN.complete(request), await streamed(PLAIN, request)
    assert made["usage"] == whole["usage"]
    for one, other in zip(made["choices"], whole["choices"], strict=True):
        assert {key: one[key] for key in ("index", "text", "finish_reason")} == {
            key: other[key] for key in ("index", "text", "finish_reason")
        }
        for key, values in other["logprobs"].items():
            assert (one.get("logprobs") or {}).get(key, []) == values
