"""What answers "how much" and "how long", with a number or without."""

import pytest

from muniment.protocols import Prompt, PromptPassage
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.question import Expects, read_question
from muniment.providers.extractive.scoring import holds_expected
from muniment.providers.extractive.support import Limits
from muniment.testing.generator import passage


@pytest.mark.parametrize(
    "text",
    [
        "The permit costs NOK 1 200.",
        "Storage is billed at CHF 15 a pallet.",
        "The consultant received SEK 4.1 million.",
        "Delivery is free of charge above this.",
        "Membership is free for students.",
        "There is no charge for a second copy.",
        "The first hour is not charged.",
        "Parking is included in the rent.",
        "The office shall not levy; the fee is waived.",
        "A commission of 0.4% of the purchase price is due.",
        "The margin is 25 basis points a year.",
    ],
)
def test_what_it_costs_is_said(text: str) -> None:
    assert holds_expected(Expects.MONEY, text)


@pytest.mark.parametrize(
    "text",
    [
        "The permit is issued by the harbour master.",
        "The room must be free of dust.",
        "Feel free to ask the office.",
        "The price rose by 5% last year.",
        "ALL 24 members pay in spring.",
        "Costs are shown in table 3.",
    ],
)
def test_what_it_costs_is_not_said(text: str) -> None:
    assert not holds_expected(Expects.MONEY, text)


@pytest.mark.parametrize(
    "text",
    [
        "Objections are decided within 20 working days.",
        "The loan runs for 60 calendar months.",
        "Records are kept for seven full years.",
        "A trial lasts six (6) months.",
        "Goods may be returned for a fortnight.",
        "The ban holds until 31 December.",
        "The licence is granted indefinitely.",
        "It stays in force as long as the contract runs.",
    ],
)
def test_how_long_is_said(text: str) -> None:
    assert holds_expected(Expects.DURATION, text)


@pytest.mark.parametrize(
    "text",
    [
        "Permanent employees apply to the office.",
        "The plan offers unlimited storage.",
        "20 working groups meet in the hall.",
        "Signs hang throughout the building.",
    ],
)
def test_how_long_is_not_said(text: str) -> None:
    assert not holds_expected(Expects.DURATION, text)


def test_a_question_for_a_price_asks_for_any_currency() -> None:
    asked = read_question("What is the price of a berth?").units
    assert {"NOK", "EUR", "dollar"} <= asked
    assert "business day" in read_question("How many working days are there?").units


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much does a day ticket cost?", "A day ticket costs DKK 85."),
        ("How much was the architect paid?", "The architect was paid NOK 4.1 million for the drawings."),
        ("How much does a replacement badge cost?", "A replacement badge is free of charge."),
        ("How much does a bank transfer cost?", "A bank transfer costs 0.2% of the amount."),
        (
            "How long does the appeal board take to decide?",
            "The appeal board decides within 30 business days.",
        ),
        ("How long may a guest stay?", "A guest may stay for 6 (six) months."),
        ("How long is the bridge closed?", "The bridge is closed until 31 December."),
    ],
)
async def test_what_is_said_so_is_answered(question: str, said: str) -> None:
    texts = (said, "The canteen opens at noon. Bicycles are left in the yard.")
    given = tuple(PromptPassage(n, passage(n, text, "Guide")) for n, text in enumerate(texts, start=1))
    prompt = Prompt(question, given, ())
    pieces = [piece async for piece in ExtractiveGenerator("extractive", Limits()).stream(prompt)]
    assert "".join(pieces) == f"{said} [1]"
