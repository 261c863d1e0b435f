from dataclasses import replace

import pytest

from muniment.answer.editions import conflicts
from muniment.language.abbreviations import spelled_as
from muniment.language.people import of_others
from muniment.protocols import Prompt, PromptPassage
from muniment.providers.extractive.defining import defines, wants_definition
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.headings import option_names
from muniment.providers.extractive.sorts import Sort, names_one
from muniment.providers.extractive.support import Limits
from muniment.testing.generator import passage
from muniment.types import Citation, CitationVerdict, Claim, ClaimVerdict, Passage

CREW = (
    "Permanent deckhands are on board for 90 days. Temporary deckhands stay as long as the voyage lasts.\n"
    "Trainees are on board for 30 days."
)


async def quoted(question: str, *passages: Passage) -> str:
    given = tuple(PromptPassage(n, one) for n, one in enumerate(passages, start=1))
    generator = ExtractiveGenerator("extractive", Limits())
    return "".join([piece async for piece in generator.stream(Prompt(question, given, ()))])


async def answer(question: str, *texts: str, heading: str = "Handbook") -> str:
    return await quoted(question, *(passage(n, text, heading) for n, text in enumerate(texts, start=1)))


# Which X


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("In which town was the brewery opened?", "The brewery was opened in Randers in 1899."),
        ("Which company insures the turbines?", "The turbines are insured with Nordlys Forsikring."),
        ("Which person signs the export papers?", "Export papers are signed by Dr. Ines Caballero."),
        ("In which decade was the dam raised?", "The dam was raised in 1974."),
        ("Which solvent must never touch the lens coating?", "Acetone must never touch the lens coating."),
    ],
)
async def test_what_may_be_of_the_sort_asked_for_need_not_be_called_so(question: str, text: str) -> None:
    assert await answer(question, text) == f"{text} [1]"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Which company insures the turbines?", "The turbines are insured against lightning."),
        ("In which town was the brewery opened?", "The brewery was opened in a hurry, with much beer."),
        ("Which person signs the export papers?", "The export papers are signed in blue ink."),
        ("Which bank holds the deposit?", "The deposit of EUR 900 is held for two years."),
    ],
)
async def test_what_names_nothing_of_the_sort_is_no_answer(question: str, text: str) -> None:
    assert await answer(question, text) == ""


def test_currencies_legal_forms_and_words_of_the_question_are_no_names() -> None:
    assert not names_one(Sort.NAME, "It was paid NOK 4 million.", "Which bank was paid?")
    assert not names_one(Sort.NAME, "Later the Oresund Group paid.", "Which firm did Oresund pay?")
    assert names_one(Sort.NAME, "Later Oresund paid Halmstad Verft.", "Which firm did Oresund pay?")


# Groups of people


async def test_the_sentence_about_the_group_asked_for_answers_even_without_a_number() -> None:
    said = await answer("How many days are temporary deckhands on board?", CREW)
    assert said == "Temporary deckhands stay as long as the voyage lasts. [1]"


async def test_a_group_of_which_nothing_is_said_is_not_answered_with_anothers_number() -> None:
    assert await answer("How many days are volunteers on board?", CREW) == ""


async def test_a_group_gets_its_own_number() -> None:
    assert await answer("How many days are trainees on board?", CREW) == (
        "Trainees are on board for 30 days. [1]"
    )


async def test_what_is_said_of_all_holds_for_each_group() -> None:
    text = "All staff wear a helmet for 8 hours. Visitors wear a vest."
    assert (await answer("How many hours do apprentices wear a helmet?", text)).startswith("All staff wear")


def test_internal_rules_are_of_no_interns() -> None:
    assert not of_others("How many staff are there?", "Internal rules name 30 of them.")
    assert of_others("How many staff are there?", "Interns are 30 of them.")


# Definitions


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("Who is a carrier under the convention?", {"carrier"}),
        ("Under the Policy, what is a “Major Loss”?", {"major", "loss"}),
        ("What is meant by laytime?", {"laytim"}),
        ("Who is the carrier?", set()),
        ("Who is a director of Nordlys?", set()),
    ],
)
def test_what_is_to_be_defined_is_read_from_the_question(question: str, term: set[str]) -> None:
    assert wants_definition(question)[0] == term


def test_a_definition_says_what_its_term_means_and_not_another() -> None:
    term = frozenset({"carrier"})
    assert defines(term, "(4) ‘carrier’ means whoever carries the goods;") == 1
    assert defines(term, "“Carrier” shall mean whoever carries the goods.") == 1
    assert defines(term, "A carrier is a person who carries goods.") == 0.5
    assert defines(term, "The carrier pays within ten days.") == 0
    assert defines(term, "“Sub-carrier” means whoever helps.") == 0


async def test_who_is_a_is_answered_by_the_definition() -> None:
    text = (
        "The convention binds every carrier of goods.\n(1) ‘shipper’ means whoever hands over the goods;\n"
        "(2) ‘carrier’ means whoever carries the goods or has them carried."
    )
    assert await answer("Who is a carrier under the convention?", text, heading="Convention") == (
        "(2) ‘carrier’ means whoever carries the goods or has them carried. [1]"
    )


async def test_an_age_is_no_sum_of_money() -> None:
    text = "Family card | 12.00\nThe card is free for children under 14 years of age."
    assert "14 years" in await answer("Up to what age is the card free of charge?", text, heading="Card")


# Headings, lists and lines of plain text


async def test_a_numbered_heading_is_no_statement() -> None:
    text = "4. Lost Keys\nWhoever loses a key tells the porter at once.\n5. Parking\nThe yard is for lorries."
    said = await answer("What about lost keys?", text)
    assert said == "Whoever loses a key tells the porter at once. [1]"


async def test_the_steps_of_a_list_are_no_headings() -> None:
    steps = "1. Turn the pump off\n2. Open the valve\n3. Close the valve"
    text = f"To bleed the radiator:\n{steps}\nThe water may be hot."
    said = await answer("What are the steps to bleed the radiator?", text)
    assert [line[:2] for line in said.splitlines()] == ["To", "1.", "2.", "3."]


async def test_a_list_ends_where_another_mark_begins() -> None:
    text = (
        "1. The tender shall hold the following:\n- the price;\n- the time of delivery;\n"
        "2. The office opens tenders within 10 days."
    )
    said = await answer("What must a tender hold?", text)
    assert "the time of delivery" in said
    assert "opens tenders" not in said


async def test_a_list_goes_on_behind_the_list_inside_it() -> None:
    text = (
        "Before the dive:\n1. Check the tank.\n2. Take along:\n- a lamp\n- a knife\n3. Tell the skipper.\n"
        "The sea is cold."
    )
    said = await answer("What are the steps before the dive?", text)
    assert "a knife" in said
    assert "Tell the skipper" in said
    assert "cold" not in said


async def test_lines_of_a_text_file_are_folded() -> None:
    text = (
        "The   generator in the cellar of the old mill\n     is tested every  Monday by the miller himself."
    )
    said = await answer("When is the generator tested?", text)
    assert (
        said
        == "The generator in the cellar of the old mill is tested every Monday by the miller himself. [1]"
    )


async def test_an_option_keeps_its_name() -> None:
    text = "-q, --quiet\n       print no names of files\n-r, --reverse\n       sort the files backwards"
    assert await answer("What does lsdisk -r do?", text, heading="lsdisk") == (
        "-r, --reverse [1]\nsort the files backwards [1]"
    )
    assert option_names("Is the co-pilot -20 degrees cold?") == frozenset()


async def test_a_second_amount_that_says_no_more_of_the_question_is_left_out() -> None:
    tank = "The tank is emptied every 18 months."
    said = await answer("How often is the tank emptied?", tank, "The tank is painted for 3 days.")
    assert said == f"{tank} [1]"


# Abbreviations and editions


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("What does the COO earn?", "The chief operating officer earns 9.", "chief operating officer"),
        ("What does the chief operating officer earn?", "The COO earns 9.", "COO"),
        ("What may the HMC do?", "A Harbour Master's Clerk (HMC) signs. The clerk ...", "HMC"),
        ("Who pays the FMT?", "The Fairway Maintenance Toll (FMT). The fairway maintenance toll is 3.",
         "Fairway Maintenance Toll"),
        ("Who is the CEO?", "The CEO is Ann; the chief executive officer signs.", "CEO"),
        ("Who is the CEO?", "Nobody leads the club.", "CEO"),
        ("Is it open?", "Information technology (IT) is on floor 3.", "it"),
    ],
)  # fmt: skip
def test_a_question_is_put_in_the_form_that_the_documents_use(
    question: str, text: str, expected: str
) -> None:
    said = spelled_as(question, [text])
    assert expected in said
    assert ("CEO" in said) == ("CEO" in question)


def edition_of(number: int, name: str, text: str) -> Passage:
    return replace(passage(number, text, "Boiler manual"), document_name=name)


async def test_a_named_version_answers_and_not_the_newest() -> None:
    old = edition_of(1, "boiler_v1.md", "Code | Meaning\nF3 | Blow-out\nF4 | Low water")
    new = edition_of(2, "boiler_v2.md", "Code | Meaning\nF3 | Fan blocked\nF4 | Low water")
    assert "Blow-out" in await quoted("What does F3 mean in version 1 of the boiler manual?", new, old)
    assert "Fan blocked" in await quoted("What does F3 mean in version 2.0 of the boiler manual?", old, new)
    assert "Fan blocked" in await quoted("What does F3 mean?", old, new)


def noted(quote: str, mine: Passage, other: Passage) -> tuple[str, ...]:
    citation = Citation(mine.id, mine.document_id, mine.document_name, quote, (), CitationVerdict.VERIFIED)
    claim = Claim(quote, 0, len(quote), (citation,), ClaimVerdict.SUPPORTED)
    return conflicts([claim], [mine, other])


HARBOUR = "Berth | Dues per day (EUR) | Depth\nNorth quay | 40.00 | 8 m\nSouth quay | 35.00 | 6 m"


def test_rows_of_two_documents_that_state_another_value_are_noted() -> None:
    old = edition_of(1, "dues_2023.md", HARBOUR)
    new = edition_of(2, "dues_2025.md", HARBOUR.replace("40.00", "44.00"))
    (note,) = noted("North quay | 44.00 | 8 m", new, old)
    assert "dues_2023.md" in note
    assert "40.00" in note
    assert noted("South quay | 35.00 | 6 m", new, old) == ()


def test_rows_of_tables_with_only_years_for_columns_are_not_compared() -> None:
    mine = edition_of(1, "a.pdf", "Item | 2024 | 2023\nRevenue | 918 | 870")
    other = edition_of(2, "b.pdf", "Item | 2024 | 2023\nRevenue | 12 | 11")
    assert noted("Revenue | 918 | 870", mine, other) == ()
