import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from muniment.answer.claims import MARK
from muniment.protocols import Embedder, Prompt, PromptPassage
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.nearness import Nearness, embedded_text
from muniment.providers.extractive.question import read_question
from muniment.providers.extractive.shortlist import MOST_CANDIDATES, shortlist
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


FAKE = FakeEmbedder("fake", FakeEmbedderOptions())


async def answer(
    question: str, *texts: str, heading: str = "Handbook", embedder: Embedder | None = None
) -> str:
    given = tuple(PromptPassage(n, passage(n, text, heading)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits())
    prompt = Prompt(question, given, (), embedder=embedder)
    return "".join([piece async for piece in generator.stream(prompt)])


async def test_a_number_is_answered_by_the_sentence_that_holds_it() -> None:
    assert await answer("How many days of paid leave do employees have?", PRICES, HANDBOOK) == (
        "Every employee has 28 days of paid leave a year. [2]"
    )


async def test_a_table_is_answered_by_the_row_with_each_cell_behind_its_columns_name() -> None:
    said = await answer("How much does the Pro plan cost per month?", HANDBOOK, PRICES)
    assert said == "Plan: Pro; Price per month: €24; Users: 25 [2]"


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
@pytest.mark.parametrize("embedder", [None, FAKE], ids=["words alone", "with vectors"])
async def test_a_question_about_something_else_is_not_answered(
    question: str, embedder: Embedder | None
) -> None:
    assert await answer(question, HANDBOOK, PRICES, STEPS, embedder=embedder) == ""


async def test_marks_in_a_document_do_not_pose_as_citations() -> None:
    said = await answer("How many days of paid leave?", "Employees have 28 days of paid leave [3] a year.")
    assert MARK.findall(said) == ["1"]


async def test_one_sentence_answers_one_question() -> None:
    said = await answer("How many days of paid leave do employees have?", HANDBOOK)
    assert said == "Every employee has 28 days of paid leave a year. [1]"


async def test_no_row_of_another_documents_table_follows_an_uncertain_sentence() -> None:
    support = "Support for plan customers costs extra, as the contract says."
    alone = replace(passage(1, support, "Contract"), document_id="contract")
    table = replace(passage(2, PRICES, "Prices"), document_id="prices")
    given = (PromptPassage(1, alone), PromptPassage(2, table))
    stream = ExtractiveGenerator("extractive", Limits()).stream(
        Prompt("What does support cost per month?", given, ())
    )
    assert "".join([piece async for piece in stream]) == f"{support} [1]"


async def test_a_question_in_two_parts_gets_a_sentence_for_each() -> None:
    text = "Visitors use the north gate. The canteen is shut on Sundays. Drivers wear a yellow badge."
    said = await answer("Which gate do visitors use, and which badge do drivers wear?", text)
    assert said == "Visitors use the north gate. [1] Drivers wear a yellow badge. [1]"


async def test_a_sentence_that_refers_back_brings_the_one_before() -> None:
    text = (
        "The pump has a warranty. It lasts 36 months from delivery of the pump. Visitors use the north gate."
    )
    said = await answer("How many months from delivery?", text)
    assert said == "The pump has a warranty. [1] It lasts 36 months from delivery of the pump. [1]"


async def test_a_title_that_repeats_the_question_is_no_answer() -> None:
    text = "Reset of the pump\nPress the red button for 5 seconds to reset it."
    assert "red button" in await answer("How is the reset of the pump done?", text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How much did Helene Brandvold earn?", "Helene Brandvold, who did earn praise, leads the company."),
        ("Which bank lent the syndicated loan?", "The syndicated loan lent to the group is repaid yearly."),
        ("When does the Sluice portal close?", "The Sluice portal does close by itself without activity."),
    ],
)
async def test_what_lacks_the_thing_asked_for_is_no_answer(question: str, text: str) -> None:
    assert await answer(question, text, embedder=FAKE) == ""


async def test_of_two_editions_the_latest_answers_unless_a_year_is_named() -> None:
    given = tuple(
        PromptPassage(n, replace(passage(n, f"Up to {days} days a week at home."), document_name=name))
        for n, (name, days) in enumerate([("remote_2023.pdf", "two"), ("remote_2025.pdf", "three")], start=1)
    )

    async def said(question: str) -> str:
        generator = ExtractiveGenerator("extractive", Limits())
        return "".join([piece async for piece in generator.stream(Prompt(question, given, ()))])

    assert "three" in await said("How many days a week at home?")
    assert "two" in await said("How many days a week at home were there in 2023?")


@pytest.mark.parametrize("code", ["E-512", "PC-200"])
async def test_a_code_that_stands_nowhere_is_not_answered(code: str) -> None:
    text = "E-417 is an earth fault of the PC-400."
    assert await answer(f"What does {code} mean?", text, embedder=FAKE) == ""


class Counting(FakeEmbedder):
    """Remembers which texts it embedded."""

    def __init__(self, dimension: int = 64) -> None:
        super().__init__("counting", FakeEmbedderOptions(dimension=dimension))
        self.embedded: list[str] = []

    async def embed_texts(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        if len(texts) != 1 or not texts[0].endswith("?"):
            self.embedded.extend(texts)
        return await super().embed_texts(texts)


async def test_a_sentence_is_embedded_once_for_each_model() -> None:
    given = tuple(PromptPassage(n, passage(n, text)) for n, text in enumerate([HANDBOOK, PRICES], start=1))
    question = read_question("How many days of paid leave do employees have?")
    candidates = [one.candidate for one in shortlist(question, given).best]
    nearness, small, large = Nearness(), Counting(64), Counting(128)
    first = await nearness.cosines(question.text, candidates, small)
    again = await nearness.cosines(question.text, candidates[::-1], small)
    assert again == first[::-1]
    assert sorted(small.embedded) == sorted({embedded_text(one) for one in candidates})
    await nearness.cosines(question.text, candidates, large)
    assert sorted(large.embedded) == sorted(small.embedded)


async def test_a_row_is_embedded_with_the_names_of_its_columns() -> None:
    (row, *_) = shortlist(
        read_question("How much does the Pro plan cost?"), (PromptPassage(1, passage(1, PRICES)),)
    ).best
    assert embedded_text(row.candidate) == "Plan: Pro; Price per month: €24; Users: 25"


@settings(max_examples=25)  # long passages
@given(st.lists(st.integers(20, 60), min_size=1, max_size=8))
def test_however_long_the_passages_few_candidates_are_compared(lengths: list[int]) -> None:
    texts = [" ".join(f"Pump {n} has {n + 1} valves." for n in range(length)) for length in lengths]
    given = tuple(PromptPassage(n, passage(n, text)) for n, text in enumerate(texts, start=1))
    found = shortlist(read_question("How many valves does pump 7 have?"), given)
    assert 0 < len(found.best) <= MOST_CANDIDATES
    assert [one.score for one in found.best] == sorted((one.score for one in found.best), reverse=True)


WORDS = st.sampled_from(
    "pump valve warranty months 36 the of lasts. Stops. | \n - [2] leave days at 7.5 bar e.g.".split(" ")
)


@given(
    st.lists(st.lists(WORDS, max_size=40).map(" ".join), min_size=1, max_size=4),
    st.sampled_from([None, FAKE]),
)
def test_every_quote_stands_word_for_word_in_its_passage(texts: list[str], embedder: Embedder | None) -> None:
    given = tuple(PromptPassage(n, passage(n, text)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits(0.1, 0.1))
    prompt = Prompt("How many months does the pump warranty last?", given, (), embedder=embedder)
    for candidate in asyncio.run(generator.choose(prompt)):
        text = candidate.passage.passage.chunk.text
        assert candidate.text == text[candidate.unit.start : candidate.unit.end]
        assert re.search(r"\w", candidate.text)


PAPERS = (
    "We need the following papers before your first salary. Late papers are paid for next month.\n"
    "- a copy of your passport\n- your tax number. It is on the tax card.\n"
    "- the details of your bank account\n"
    "The office is open until noon."
)


async def test_a_list_is_answered_whole_with_the_sentence_that_announces_it() -> None:
    said = await answer("Which papers must I bring before my first salary?", HANDBOOK, PAPERS)
    assert said.splitlines()[0] == "We need the following papers before your first salary. [2]"
    assert [line[:6] for line in said.splitlines()[1:]] == ["- a co", "- your", "- the "]
    assert "- your tax number. [2] It is on the tax card. [2]" in said
    assert "noon" not in said
    assert "Late papers" not in said


async def test_the_list_of_a_section_answers_a_question_that_repeats_its_heading() -> None:
    went = "What went well\n- The controllers kept their data.\n- Nobody looked for a culprit."
    said = await answer("What went well in the outage?", went, HANDBOOK, heading="What went well")
    assert said.splitlines() == [
        "- The controllers kept their data. [1]",
        "- Nobody looked for a culprit. [1]",
    ]


async def test_a_definition_is_answered_by_the_sentence_that_defines() -> None:
    text = (
        'The Lead Time is met by the Supplier. (d) "Lead Time" means the period from order to arrival. '
        "A shorter Lead Time costs more."
    )
    assert "means the period from order to arrival. [1]" in await answer("What does Lead Time mean?", text)


async def test_of_a_list_of_definitions_one_is_quoted() -> None:
    text = (
        "The words have these meanings:\n(a) Lead Time means the period from order to arrival.\n"
        "(b) Defect means any deviation from the drawing."
    )
    said = await answer("What does Lead Time mean?", text)
    assert said == "(a) Lead Time means the period from order to arrival. [1]"


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("How many days of leave do part-time employees get?", "20 days"),
        ("How many days of leave do full-time employees get?", "28 days"),
    ],
)
async def test_what_holds_for_others_is_not_quoted(question: str, holds: str) -> None:
    text = "Full-time employees get 28 days of leave.\nPart time employees get 20 days of leave."
    assert await answer(question, text) == next(f"{line} [1]" for line in text.splitlines() if holds in line)


async def test_a_sentence_that_contradicts_the_qualifier_asked_for_is_no_answer() -> None:
    text = "Full-time employees get 28 days of leave. From the fifth year it is 30 days of leave."
    assert await answer("How many days of leave do part-time employees get?", text) == ""


async def test_a_number_without_a_unit_comes_with_the_line_that_names_it() -> None:
    limits = "Table 1 Hotel limits in euros\nCountry | Limit\nDenmark | 185\nPoland | 110"
    said = await answer("What is the hotel limit in Denmark?", HANDBOOK, limits)
    assert said == "Table 1 Hotel limits in euros [2]\nCountry: Denmark; Limit: 185 [2]"


async def test_of_a_wide_row_the_cells_asked_for_are_quoted() -> None:
    prices = (
        "Article | Description | Power kW | Price EUR | Weeks | Remarks\n"
        "TR-80 | small pump | 3 | 1980 | 4 | bronze\nTR-200 | large pump | 11 | 5860 | 7 | steel"
    )
    assert await answer("What is the price of the TR-200?", prices) == "Article: TR-200; Price EUR: 5860 [1]"


async def test_a_table_of_names_and_values_needs_no_header() -> None:
    said = await answer("What is the weight of the pump?", "Power | 7.5 kW\nWeight of the pump | 8.9 kg")
    assert said == "Weight of the pump: 8.9 kg [1]"


@pytest.mark.parametrize(
    "metadata", [({"version": "1.0"}, {"version": "2.0"}), ({"date": "2021-05-01"}, {"date": "2024"})]
)
async def test_the_metadata_tell_which_edition_is_the_latest(metadata: tuple[dict[str, str], ...]) -> None:
    given = tuple(
        PromptPassage(
            n,
            replace(
                passage(n, f"Up to {days} days a week at home."),
                document_name=name,
                metadata=dict(told),
            ),
        )
        for n, (name, days, told) in enumerate(
            [("remote.pdf", "two", metadata[0]), ("Remote.docx", "three", metadata[1])], start=1
        )
    )
    generator = ExtractiveGenerator("extractive", Limits())
    prompt = Prompt("How many days a week at home?", given, ())
    assert "three" in "".join([piece async for piece in generator.stream(prompt)])
