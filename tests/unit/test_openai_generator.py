import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_endpoint import ChatEndpoint, Reply, serve

from muniment.answer.fail_over import FailOverGenerator, begin, with_fallbacks
from muniment.errors import InputError, MunimentError, SettingsError, TimeoutExceededError, UnavailableError
from muniment.protocols import ProviderContext
from muniment.providers.fake_generator import FakeGenerator, FakeGeneratorOptions
from muniment.providers.openai_generator import PROVIDER, OpenAIGenerator, OpenAIGeneratorOptions
from muniment.testing.generator import prompt

TEXT = "The warranty lasts 36 months [1]."
KEY = "sk-very-secret"
BUSY = Reply(status=429, body='{"error": {"message": "busy"}}', headers=(("retry-after", "0.01"),))


@pytest.fixture
def endpoint() -> Iterator[ChatEndpoint]:
    with serve(ChatEndpoint()) as served:
        yield served


def generator(endpoint: ChatEndpoint, **options: object) -> OpenAIGenerator:
    fast = {"base_url": endpoint.url, "retry_pause_s": 0.001, **options}
    return OpenAIGenerator("big", OpenAIGeneratorOptions.model_validate(fast), KEY)


async def read(generator: OpenAIGenerator | FailOverGenerator) -> list[str]:
    try:
        return [piece async for piece in generator.stream(prompt())]
    finally:
        await generator.aclose()


async def failure(generator: OpenAIGenerator | FailOverGenerator) -> MunimentError:
    with pytest.raises(MunimentError) as error:
        await read(generator)
    assert KEY not in error.value.message + error.value.hint
    assert error.value.hint
    return error.value


async def test_streams_the_words_as_they_come(endpoint: ChatEndpoint) -> None:
    assert await read(generator(endpoint)) == ["The ", "warranty ", "lasts 36 months [1]."]
    (request,) = endpoint.asked
    assert (request["model"], request["stream"], request["temperature"]) == ("granite", True, 0.0)
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert set(endpoint.keys) == {f"Bearer {KEY}"}


async def test_a_busy_endpoint_is_asked_again(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [BUSY, Reply(status=503), Reply()]
    assert "".join(await read(generator(endpoint))) == TEXT
    assert len(endpoint.asked) == 3


async def test_but_not_for_ever(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [BUSY]
    error = await failure(generator(endpoint, retries=2))
    assert (error.code, len(endpoint.asked)) == ("generator_unavailable", 3)
    assert "429: busy" in error.message


async def test_a_stream_that_breaks_is_an_error_and_is_not_begun_again(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(cut=True), Reply()]
    error = await failure(generator(endpoint))
    assert (error.code, len(endpoint.asked)) == ("generator_unavailable", 1)
    assert "ended before the answer did" in error.message


async def test_a_stream_that_breaks_before_the_first_word_is_begun_again(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(words=(), cut=True), Reply()]
    assert "".join(await read(generator(endpoint))) == TEXT


async def test_an_error_inside_the_stream_is_told(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(error_inside=f"engine died, key {KEY}")]
    assert "engine died, key ***" in (await failure(generator(endpoint))).message


async def test_a_slow_first_token_times_out(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(pauses=(5.0,))]
    error = await failure(generator(endpoint, first_token_timeout_s=0.05, retries=0))
    assert isinstance(error, TimeoutExceededError)
    assert error.code == "generator_timeout"


async def test_a_stall_between_tokens_times_out(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(pauses=(0.0, 5.0))]
    error = await failure(generator(endpoint, token_timeout_s=0.05))
    assert (error.code, len(endpoint.asked)) == ("generator_timeout", 1)


async def test_a_slow_reader_is_no_timeout(endpoint: ChatEndpoint) -> None:
    slow = generator(endpoint, first_token_timeout_s=0.3, token_timeout_s=0.3)
    pieces = []
    async for piece in slow.stream(prompt()):
        pieces.append(piece)
        await asyncio.sleep(0.4)
    assert "".join(pieces) == TEXT
    await slow.aclose()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_tells_the_servers_message_and_is_final(endpoint: ChatEndpoint, status: int) -> None:
    endpoint.replies = [Reply(status=status, body=f'{{"error": {{"message": "no model small for {KEY}"}}}}')]
    error = await failure(generator(endpoint, model="small"))
    assert (error.code, len(endpoint.asked)) == ("generator_refused", 1)
    assert f"answered {status}: no model small for ***" in error.message


async def test_a_prompt_too_long_is_the_callers_error(endpoint: ChatEndpoint) -> None:
    told = '{"message": "This model\'s maximum context length is 512 tokens", "code": 400}'
    endpoint.replies = [Reply(status=400, body=told)]
    error = await failure(generator(endpoint))
    assert isinstance(error, InputError)
    assert error.code == "prompt_too_long"


async def test_an_endpoint_that_is_not_there(unused_tcp_port: int) -> None:
    options = OpenAIGeneratorOptions(base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", retries=0, model="m")
    error = await failure(OpenAIGenerator("big", options, KEY))
    assert error.code == "generator_unavailable"
    assert str(unused_tcp_port) in error.message


async def test_without_a_model_several_served_ones_are_listed(endpoint: ChatEndpoint) -> None:
    endpoint.models = ("full", "quantised")
    assert "full, quantised" in (await failure(generator(endpoint))).message


async def test_check_knows_the_models(endpoint: ChatEndpoint) -> None:
    known, unknown = generator(endpoint, model="granite"), generator(endpoint, model="other")
    await known.check()
    with pytest.raises(UnavailableError, match="does not serve 'other'; it serves granite"):
        await unknown.check()
    await known.aclose()
    await unknown.aclose()


async def test_fails_over_before_the_first_word_only(
    endpoint: ChatEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.replies = [Reply(status=500)]
    spare = FakeGenerator("spare", FakeGeneratorOptions(answers={prompt().question: "Spare words."}))
    with caplog.at_level(logging.DEBUG):
        said = await read(FailOverGenerator([generator(endpoint, retries=0), spare]))
    assert "".join(said) == "Spare words."
    both = FailOverGenerator([generator(endpoint, retries=0), spare])
    begun = await begin(both, prompt())
    assert begun.generator == "spare"
    assert begun.notes[0].startswith("Generator big could not answer (")
    assert "".join([piece async for piece in begun.pieces]) == "Spare words."
    await both.aclose()
    assert KEY not in caplog.text
    endpoint.replies = [Reply(cut=True)]
    await failure(FailOverGenerator([generator(endpoint), spare]))


async def test_when_all_fail_all_are_named(endpoint: ChatEndpoint) -> None:
    endpoint.replies = [Reply(status=500)]
    spare = FakeGenerator("spare", FakeGeneratorOptions(fail_after=0))
    error = await failure(FailOverGenerator([generator(endpoint, retries=0), spare]))
    assert "big: " in error.message
    assert "spare: " in error.message


def test_fallbacks_are_chained_by_name_and_must_end() -> None:
    generators = {name: FakeGenerator(name) for name in ("full", "small", "extractive")}
    chained = with_fallbacks(generators, {"full": "small", "small": "extractive"})
    assert isinstance(chained["full"], FailOverGenerator)
    assert chained["full"].name == "full"
    assert chained["extractive"] is generators["extractive"]
    with pytest.raises(SettingsError, match="full -> small -> full"):
        with_fallbacks(generators, {"full": "small", "small": "full"})
    with pytest.raises(SettingsError, match="no generator 'huge'"):
        with_fallbacks(generators, {"full": "huge"})


async def test_the_key_comes_from_a_file_or_the_environment(
    endpoint: ChatEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("CHAT_KEY", "from-environment")
    for option in ({"api_key_file": str(tmp_path / "key")}, {"api_key_env": "CHAT_KEY"}):
        options = PROVIDER.options.model_validate({"base_url": endpoint.url, **option})
        made = await PROVIDER.create(options, ProviderContext(tmp_path, "big"))
        await made.check()
        await made.aclose()
    assert endpoint.keys == ["Bearer from-file", "Bearer from-environment"]


async def test_a_key_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    options = PROVIDER.options.model_validate(
        {"base_url": "http://127.0.0.1/v1", "api_key_env": "NOT_SET_HERE"}
    )
    with pytest.raises(SettingsError, match="environment variable NOT_SET_HERE holds no key"):
        await PROVIDER.create(options, ProviderContext(tmp_path, "big"))
