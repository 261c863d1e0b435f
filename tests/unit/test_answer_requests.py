"""What an answer asks of a language model besides the answer: token counts, and follow-ups made whole."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from muniment.answer.briefing import Briefing
from muniment.answer.rewriting import standalone
from muniment.answer.tokens import counter, estimate_tokens
from muniment.errors import UnavailableError
from muniment.protocols import CompletionModel, JsonObject
from muniment.providers.fake_generator import FakeGenerator, FakeGeneratorOptions

HISTORY = Briefing(history=(("user", "Tell me of the Sluice 300."), ("assistant", "It is a pump.")))


class Counting(FakeGenerator):
    """Counts words as its tokens, and remembers what it was asked to count."""

    counted: tuple[str, ...] = ()

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        self.counted = tuple(texts)
        return [len(text.split()) for text in texts]


async def test_the_model_is_not_asked_to_count_what_fits_anyway() -> None:
    generator = Counting("fake", FakeGeneratorOptions())
    count = await counter(generator, ["a few words"], 1000)
    assert generator.counted == ()
    assert count("a few words") == estimate_tokens("a few words")


async def test_where_it_is_tight_the_models_own_count_decides() -> None:
    generator = Counting("fake", FakeGeneratorOptions())
    long = "considerable circumstances " * 50
    count = await counter(generator, [long, "short"], 200)
    assert count(long) == 100
    assert 0 < count(long[: len(long) // 2]) < estimate_tokens(long[: len(long) // 2])


async def test_a_generator_that_cannot_count_gets_the_estimate() -> None:
    count = await counter(FakeGenerator("fake", FakeGeneratorOptions()), ["word " * 500], 10)
    assert count("word") == estimate_tokens("word")


class Rewriter:
    """A chat model that says one thing, or fails."""

    name = "rewriter"
    model = "rewriter"

    def __init__(self, said: str | UnavailableError) -> None:
        self._said = said
        self.asked: list[JsonObject] = []

    @property
    def text(self) -> CompletionModel | None:
        return None

    async def complete(self, request: JsonObject) -> JsonObject:
        self.asked.append(request)
        if isinstance(self._said, UnavailableError):
            raise self._said
        return {"choices": [{"message": {"role": "assistant", "content": self._said}}]}

    def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        raise AssertionError("a follow-up is rewritten in one piece")

    async def check(self) -> None: ...


async def test_a_follow_up_is_made_whole_by_one_short_request() -> None:
    model = Rewriter('"How long is the warranty of the Sluice 300?"\nThat is all.')
    whole = await standalone("How long is its warranty?", HISTORY, model)
    assert whole == "How long is the warranty of the Sluice 300?"
    (request,) = model.asked
    assert request["max_tokens"] <= 100
    assert "Sluice 300" in request["messages"][-1]["content"]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "It is a pump.",
        "word " * 200,
        UnavailableError("No.", code="generator_unavailable", hint="Start it."),
    ],
)
async def test_a_model_that_gives_no_such_question_changes_nothing(said: str | UnavailableError) -> None:
    assert await standalone("How long is its warranty?", HISTORY, Rewriter(said)) is None
