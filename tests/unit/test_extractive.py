import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.claims import MARK
from muniment.protocols import Embedder, Prompt, PromptPassage
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.testing.generator import passage

HANDBOOK = (
    "Leave\nEvery employee has 28 days of paid leave a year. Leave must be asked for two weeks ahead.\n"
    "Sick leave needs a note from a doctor after the third day. The note goes to Human Resources."
)
PRICES = "Plan | Price per month | Users\nBasic | €9 | 5\nPro | €24 | 25\nEnterprise | €99 | unlimited"
STEPS = (
    "To reset the pump, follow these steps:\n"
    "1. Close the valve.\n2. Hold the red button for 5 seconds.\n3. Open the valve."
)


async def answer(question: str, *texts: str, heading: str = "Handbook") -> str:
    given = tuple(PromptPassage(n, passage(n, text, heading)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits())
    return "".join([piece async for piece in generator.stream(Prompt(question, given, ()))])


async def test_a_number_is_answered_by_the_sentence_that_holds_it() -> None:
    assert await answer("How many days of paid leave do employees have?", PRICES, HANDBOOK) == (
        "Every employee has 28 days of paid leave a year. [2]"
    )


async def test_a_table_is_answered_by_the_row_under_its_header() -> None:
    said = await answer("How much does the Pro plan cost per month?", HANDBOOK, PRICES)
    assert said == "Plan | Price per month | Users\nPro | €24 | 25 [2]"


async def test_steps_are_answered_by_the_whole_list() -> None:
    said = await answer("What are the steps to reset the pump?", HANDBOOK, STEPS)
    assert [line[:2] for line in said.splitlines()] == ["To", "1.", "2.", "3."]
    assert said.count("[2]") == 4


async def test_headings_alone_answer_nothing() -> None:
    assert not (await answer("Leave?", "Leave\nSee the intranet.", heading="Leave")).startswith("Leave [")


@pytest.mark.parametrize(
    "question",
    [
        "Who won the chess championship in 1972?",
        "What is the boiling point of helium?",
        "???",
        "Who are you?",
    ],
)
async def test_a_question_about_something_else_is_not_answered(question: str) -> None:
    assert await answer(question, HANDBOOK, PRICES, STEPS) == ""


async def test_marks_in_a_document_do_not_pose_as_citations() -> None:
    said = await answer("How many days of paid leave?", "Employees have 28 days of paid leave [3] a year.")
    assert MARK.findall(said) == ["1"]


WORDS = st.sampled_from(
    "pump valve warranty months 36 the of lasts. Stops. | \n - [2] leave days at 7.5 bar e.g.".split(" ")
)


@given(
    st.lists(st.lists(WORDS, max_size=40).map(" ".join), min_size=1, max_size=4),
    st.sampled_from([None, FakeEmbedder("fake", FakeEmbedderOptions())]),
)
def test_every_quote_stands_word_for_word_in_its_passage(texts: list[str], embedder: Embedder | None) -> None:
    given = tuple(PromptPassage(n, passage(n, text)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits(0.1, 0.1))
    prompt = Prompt("How many months does the pump warranty last?", given, (), embedder=embedder)
    for candidate in asyncio.run(generator.choose(prompt)):
        text = candidate.passage.passage.chunk.text
        assert candidate.text == text[candidate.unit.start : candidate.unit.end]
        assert re.search(r"\w", candidate.text)
