"""The language model's opinion on whether the passages answer, and what becomes of it."""

import math
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.answerer import Answerer, AnswerSettings
from muniment.answer.opinion import ASK, SURE, opinion, pooled
from muniment.answer.prompt import ABSTENTION
from muniment.answerability import Answerability
from muniment.errors import InputError, UnavailableError
from muniment.protocols import CompletionModel, JsonObject, Prompt
from muniment.providers.fake_generator import FakeGenerator, FakeGeneratorOptions
from muniment.retrieve import Retrieval
from muniment.testing.generator import TEXT, passage
from muniment.types import AnswerVerdict, Filter, ParsedDocument, Passage, SearchMode

QUESTION = "How long does the warranty of the Sluice 300 last?"
PROMPT = Prompt(QUESTION, (), (("system", "Rules."), ("user", f"Passages.\n\nQuestion: {QUESTION}")))


class Opinionated:
    """A chat model with one opinion; ``refuses`` the fields that some servers do not know."""

    name = "opinionated"
    model = "opinionated"

    def __init__(self, choice: JsonObject | Exception, refuses: tuple[str, ...] = ()) -> None:
        self._choice = choice
        self._refuses = refuses
        self.asked: list[JsonObject] = []

    @property
    def text(self) -> CompletionModel | None:
        return None

    async def complete(self, request: JsonObject) -> JsonObject:
        self.asked.append(request)
        if set(request) & set(self._refuses):
            raise InputError("No such field.", code="generator_refused", hint="Leave it out.")
        if isinstance(self._choice, Exception):
            raise self._choice
        return {"choices": [self._choice]}

    def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        raise AssertionError("an opinion is asked for in one piece")

    async def check(self) -> None: ...


class Judged(FakeGenerator):
    """A scripted generator whose model has an opinion."""

    def __init__(self, model: Opinionated) -> None:
        super().__init__("fake", FakeGeneratorOptions(answers={QUESTION: "It lasts 36 months [1]."}))
        self.model = model

    @property
    def chat(self) -> Opinionated:  # type: ignore[override]
        return self.model


def said(text: str, **probabilities: float) -> JsonObject:
    choice: JsonObject = {"message": {"role": "assistant", "content": text}}
    if probabilities:
        top = [{"token": f" {word}", "logprob": math.log(p)} for word, p in probabilities.items()]
        choice["logprobs"] = {"content": [{"token": "\n", "logprob": 0.0}, {**top[0], "top_logprobs": top}]}
    return choice


@pytest.mark.parametrize(
    ("choice", "probability"),
    [
        (said("Yes", Yes=0.6, yes=0.2, no=0.2), 0.8),
        (said("No.", No=0.9, Yes=0.1), 0.1),
        (said("yes", Yes=0.999999, no=0.000001), 0.99),
        (said("Yes."), SURE),
        (said("**No**, they do not"), 1 - SURE),
        (said("The documents do not"), 1 - SURE),
        (said(ABSTENTION), 1 - SURE),
    ],
)
async def test_its_word_is_read_as_a_probability(choice: JsonObject, probability: float) -> None:
    assert await opinion(PROMPT, Opinionated(choice)) == pytest.approx(probability, abs=1e-3)


@pytest.mark.parametrize(
    "choice",
    [
        {},
        said(""),
        said("The warranty lasts"),
        UnavailableError("It is down.", code="generator_unavailable", hint="Start it."),
    ],
)
async def test_what_is_no_opinion_is_none(choice: JsonObject | Exception) -> None:
    assert await opinion(PROMPT, Opinionated(choice)) is None


async def test_the_request_begins_like_the_one_for_the_answer() -> None:
    model = Opinionated(said("Yes"))
    await opinion(PROMPT, model)
    system, asked = model.asked[0]["messages"]
    assert system == {"role": "system", "content": "Rules."}
    assert asked["content"].startswith(PROMPT.messages[-1][1])
    assert asked["content"].endswith(ASK)


async def test_a_server_without_probabilities_of_tokens_is_asked_for_the_word_alone() -> None:
    model = Opinionated(said("no"), refuses=("logprobs",))
    assert await opinion(PROMPT, model) == pytest.approx(1 - SURE)
    assert len(model.asked) == 2


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_pooling_stays_between_the_opinions(probabilities: list[float]) -> None:
    assert min(probabilities) - 1e-5 <= pooled(*probabilities) <= max(probabilities) + 1e-5


class Shelf:
    """A retriever that always finds the same passage."""

    found = passage(1, TEXT)

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        return Retrieval((self.found,), {})

    async def document(self, of: Passage) -> ParsedDocument:
        return ParsedDocument("0" * 64, "Manual", of.chunk.text, (), (), "test 1")


def answerer(model: Opinionated, *, ask_model: bool, below: float) -> Answerer:
    shelf, settings = Shelf(), AnswerSettings("docs", min_confidence=below, ask_model=ask_model)
    return Answerer(shelf, Judged(model), shelf.document, settings, answerability=Answerability())


async def test_the_models_opinion_decides_with_the_judges() -> None:
    alone = (await answerer(Opinionated({}), ask_model=False, below=0).answer(QUESTION)).confidence
    assert alone is not None
    for word, sure in (("Yes", SURE), ("No", 1 - SURE)):
        answer = await answerer(Opinionated(said(word)), ask_model=True, below=0).answer(QUESTION)
        assert answer.confidence == pytest.approx(pooled(alone, sure))
        assert answer.verdict is AnswerVerdict.GROUNDED
    below = pooled(alone, 0.5)
    refused = await answerer(Opinionated(said("No")), ask_model=True, below=below).answer(QUESTION)
    assert refused.verdict is AnswerVerdict.ABSTAINED
    heard = await answerer(Opinionated(said("Yes")), ask_model=True, below=below).answer(QUESTION)
    assert heard.verdict is AnswerVerdict.GROUNDED


async def test_a_model_that_is_not_to_be_asked_is_not() -> None:
    model = Opinionated(said("No"))
    await answerer(model, ask_model=False, below=0).answer(QUESTION)
    assert model.asked == []
