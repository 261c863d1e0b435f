"""Claims that a careless writer makes of a passage's own words, and true ones in other words."""

from pathlib import Path

import pytest

from muniment.answer.ground import ground
from muniment.answer.paraphrases import IN_OTHER_WORDS, in_other_words
from muniment.protocols import ProviderContext
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.types import Chunk, CitationVerdict, Claim, ClaimVerdict, ParsedDocument, Passage, Span, text_of

FIGURES = (
    "Amounts in NOK million\n| 2024 | 2023 | 2022\nOperating expenses | 338 | 321 | 305\n"
    "Losses on loans | 27 | 41 | 12\nProfit before tax | 390 | 325 | 285"
)
CARDS = "Card | Annual fee | Replacement\nVisa Debit | 290 | 150\nGold | 890 | 0\nYouth | 0 | 150"
BOARD = (
    "Its chair is Torbjørn Aase; the deputy chair is Marit Lunde. "
    "Two of the eight members are elected by the employees. "
    "The bank opened a branch in Sandnes and closed the one in Brattvåg. "
    "Women held 46% of the leading positions. The merger was called off in November."
)
TRAVEL = (
    "Travel is approved by the head of department. Trips outside the Nordic countries are approved by the "
    "chief administrative officer. Premium economy may be booked on flights of more than seven hours. "
    "Hotels cost at most 1,800 kroner a night, in Oslo, Bergen and Turku at most 2,300 kroner. "
    "The allowance is reduced by 20% for breakfast, 30% for lunch and 50% for dinner. "
    "A lost card is blocked immediately. Changes are charged to the person who asked for them. "
    "Later bookings need the line manager's confirmation. Never run the pump dry."
)


def grounded(claim: str, text: str, title: str = "") -> tuple[tuple[Claim, ...], dict, dict]:
    chunk = Chunk(0, text, title, (title,) if title else (), (Span(0, len(text)),), 0)
    given = {1: Passage(1, "d1", title, chunk, 0.0)}
    documents = {"d1": ParsedDocument("0" * 64, title, text, (), (), "test 1")}
    return ground(f"{claim.rstrip('.')} [1].", given, documents), given, documents


def holds(claim: str, text: str, title: str = "") -> bool:
    claims, _, _ = grounded(claim, text, title)
    return all(one.verdict is ClaimVerdict.SUPPORTED for one in claims)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Profit before tax was NOK 325 million in 2024.", FIGURES),
        ("Operating expenses fell from NOK 321 million in 2023 to NOK 338 million in 2024.", FIGURES),
        ("Losses on loans rose in 2024.", FIGURES),
        ("Losses on loans were higher than operating expenses in 2024.", FIGURES),
        ("The Gold card has the lowest annual fee.", CARDS),
        ("The chair is Marit Lunde.", BOARD),
        ("The bank closed the branch in Sandnes.", BOARD),
        ("Men held 46% of the leading positions.", BOARD),
        ("The merger was completed in November.", BOARD),
        ("Trips outside the Nordic countries are approved by the head of department.", TRAVEL),
        ("Premium economy may be booked on all flights.", TRAVEL),
        ("The allowance is reduced by 50% for lunch.", TRAVEL),
        ("A lost card is blocked within a day.", TRAVEL),
        ("Changes are charged to the line manager.", TRAVEL),
        ("The pump may be run dry.", TRAVEL),
    ],
)
def test_words_of_the_passage_put_together_wrongly_do_not_hold(claim: str, text: str) -> None:
    assert not holds(claim, text, "Annual report 2024" if text is FIGURES else "")


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Profit before tax rose from NOK 325 million in 2023 to NOK 390 million in 2024.", FIGURES),
        ("Losses on loans fell to NOK 27 million in 2024.", FIGURES),
        ("Profit before tax was higher than operating expenses in 2024.", FIGURES),
        ("The Gold card has the highest annual fee.", CARDS),
        ("Torbjørn Aase is the chair.", BOARD),
        ("Marit Lunde is the deputy chair.", BOARD),
        ("Two of the eight members are elected by the employees.", BOARD),
        ("In Bergen hotels cost at most 2,300 kroner a night.", TRAVEL),
        ("The chief administrative officer approves trips outside the Nordic countries.", TRAVEL),
        ("The allowance is reduced by 30% for lunch.", TRAVEL),
    ],
)
def test_what_the_passage_says_holds_in_another_order(claim: str, text: str) -> None:
    assert holds(claim, text, "Annual report 2024" if text is FIGURES else "")


def test_an_abbreviation_stands_for_its_words() -> None:
    assert holds("Work from the EU is possible.", "Work from the European Union is possible.")


MILES = (
    "Bonus miles earned on business journeys belong to the company and may not be used for private travel."
)
IN_WORDS = "Bonus miles gathered on trips for work are corporate property, off limits for holidays."


async def reconsidered(claim: str, text: str, folder: Path) -> Claim:
    claims, given, documents = grounded(claim, text)
    embedder = await ENCODER.create(ENCODER.options(), ProviderContext(folder, "all-MiniLM-L6-v2"))
    try:
        (found,) = await in_other_words(claims, given, documents, embedder)
    finally:
        await embedder.aclose()
    return found


async def test_a_claim_in_other_words_holds_by_its_meaning_and_quotes_the_sentence(tmp_path: Path) -> None:
    text = f"Tickets are booked through the travel desk. {MILES}"
    claims, _, documents = grounded(IN_WORDS, text)
    assert claims[0].verdict is ClaimVerdict.UNSUPPORTED
    found = await reconsidered(IN_WORDS, text, tmp_path)
    assert found.verdict is ClaimVerdict.SUPPORTED
    assert found.reasons == (IN_OTHER_WORDS,)
    (citation,) = found.citations
    assert citation.verdict is CitationVerdict.VERIFIED
    assert MILES in citation.quote
    assert citation.quote == text_of(documents["d1"].text, citation.spans)


@pytest.mark.parametrize(
    "claim",
    [
        "Miles collected by flying for work lapse after 36 months without any replacement.",
        "Whatever staff collect by flying with Lufthansa for work is company property.",
        "The canteen serves vegetarian dishes and soup on weekdays.",
    ],
)
async def test_meaning_does_not_outweigh_a_number_a_name_or_another_matter(
    claim: str, tmp_path: Path
) -> None:
    assert (await reconsidered(claim, MILES, tmp_path)).verdict is ClaimVerdict.UNSUPPORTED


@pytest.mark.parametrize("claim", ["Finance costs rose in 2024.", "Finance costs fell in 2024."])
def test_what_stands_in_brackets_may_rise_or_fall(claim: str) -> None:
    assert holds(claim, "EUR thousand | 2024 | 2023\nRevenue | 214 | 198\nFinance costs | (21) | (19)")


WARS = (
    "The Crimean War and the American Civil War were covered. Red Hat ships Open Data Hub. "
    "Marit Lunde reports to Ola Nes, who reports to the board."
)


@pytest.mark.parametrize(
    "claim", ["The American War and the Crimean Civil War were covered.", "Red Data ships Open Hat Hub."]
)
def test_a_name_put_together_of_two_is_noticed(claim: str) -> None:
    assert not holds(claim, WARS)


@pytest.mark.parametrize(
    "claim",
    ["The American Civil War and the Crimean War were covered.", "Open Data Hub is shipped by Red Hat."],
)
def test_names_in_another_order_hold(claim: str) -> None:
    assert holds(claim, WARS)
