"""What a question demands: a text without it, however near it stands, is no answer."""

import pytest

from muniment.language.counting import counted
from muniment.protocols import Prompt, PromptPassage
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.testing.generator import passage


async def answer(question: str, *texts: str, heading: str = "Book") -> str:
    given = tuple(PromptPassage(n, passage(n, text, heading)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits())
    return "".join([piece async for piece in generator.stream(Prompt(question, given, ()))])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(17) Under Article 6(2) and Regulation (EU) 2016/679 systems are listed.", []),
        ("3. The forum has 12 members.", ["12"]),
        ("Opened in 1974, see [ note 2 ] and (Hinduja & Patchin, 2018).", []),
        ("At the end of 2024 the bank had 214 employees on page 7.", ["214"]),
        ("Sections 4, 5 and 6 hold for eleven plants.", ["eleven"]),
    ],
)
def test_numbers_that_number_things_count_nothing(text: str, expected: list[str]) -> None:
    assert [one.text for one in counted(text)] == expected


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many seats does the advisory forum have?", "The advisory forum has seats for industry."),
        ("How many entries does the database have?", "Article 71: the database has entries on systems."),
        ("How many pumps does the plant make?", "The plant can make pumps for EUR 400 within two days."),
        ("What is the price of a Torrent pump?", "The Torrent pump has a good price and 11 stages."),
        ("How long does a loan application take?", "A loan application can take the way of the branch."),
        ("What share of the loans is green?", "A share of the loans is green: we keep to it."),
        ("Who audits the bank?", "The bank audits are strict and regular."),
        ("How heavy is the Torrent pump?", "The Torrent pump is heavy: its motor gives 11 kilowatts."),
    ],
)
async def test_a_text_without_the_amount_or_name_asked_for_is_no_answer(question: str, text: str) -> None:
    assert await answer(question, text) == ""


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many seats does the advisory forum have?", "The advisory forum has twelve seats."),
        ("How many of the members must agree?", "At least half of the members must agree."),
        ("How many days of leave do trainees get?", "Trainees get four weeks of leave."),
        ("What is the price of a Torrent pump?", "The price of a Torrent pump is 5,860 euros."),
        ("What does a second card cost?", "A second card does not cost anything: it is free of charge."),
        ("What does support cost?", "What support does cost depends on the contract."),
        ("How long does a loan application take?", "A loan application can take until the papers are in."),
        ("What share of the loans is green?", "A share of 12% of the loans is green."),
        ("Who audits the bank?", "The bank audits are made by Brandt & Partner."),
        ("Who approves trips?", "Trips are approved by the head of department."),
        ("Is it said how many seats the forum has?", "How many seats the forum has is said by its statute."),
    ],
)
async def test_whatever_may_be_the_amount_or_name_is_let_pass(question: str, text: str) -> None:
    assert text[:20] in await answer(question, text)


async def test_somebody_is_named_by_a_sentence_further_down() -> None:
    text = "The Brattvik plant runs in two shifts. At the Brattvik plant Oskar Lund runs things."
    assert "Oskar Lund" in await answer("Who runs the Brattvik plant?", text)


YEARS = " | 2024 | 2023\nProfit before tax | 390 | 325"
"""A table of two years."""


async def test_the_amount_of_another_year_is_no_answer() -> None:
    assert await answer("What was the profit before tax in 2021?", YEARS) == ""
    assert "325" in await answer("What was the profit before tax in 2023?", YEARS)


async def test_what_has_no_year_holds_for_the_year_asked() -> None:
    assert "28 days" in await answer(
        "How many days of leave are there in 2025?", "There are 28 days of leave."
    )


async def test_a_year_in_the_heading_is_that_of_the_text() -> None:
    said = await answer(
        "What was the dividend for 2023?",
        "The dividend was NOK 7, after NOK 6 in 2022.",
        heading="Annual report 2023",
    )
    assert "NOK 7" in said


async def test_what_is_said_of_another_model_is_no_answer() -> None:
    small = "Flow 300\nThe Flow 300 has a weight of 2.4 kg."
    large = "Flow 500\nThe Flow 500 has a weight of 6.8 kg."
    assert await answer("What is the weight of the Flow 700?", small, large) == ""
    assert "6.8 kg" in await answer("What is the weight of the Flow 500?", small, large)


async def test_what_holds_for_all_models_answers_for_each() -> None:
    said = await answer(
        "What warranty does the Flow 700 have?", "All Flow pumps have a warranty of two years."
    )
    assert "two years" in said


async def test_a_name_in_a_row_that_is_about_something_else_names_nobody() -> None:
    table = "Card | Fee\nVisa Debit | 290\nMastercard Gold | 890"
    assert await answer("Who is the chief executive of Hallvik Bank?", table, heading="Hallvik Bank") == ""
