import pytest

from muniment.language.provisions import Reference, heads, references
from muniment.protocols import Prompt, PromptPassage
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.retrieve.provisions import names_provision, provisions_first
from muniment.testing.generator import passage
from muniment.types import StoredHit

LEASE = "Lease of the warehouse"
TERM = "Clause 4 Term\n4.1 The lease runs for six years.\n4.2 It ends on 31 May 2031."
REPAIRS = (
    "Clause 5 Repairs\n1. The tenant repairs the gates.\n2. The landlord repairs the roof within 14 days.\n"
    "Clause 6 Insurance\nThe landlord insures the building against fire."
)
USE = (
    "Clause 9 Use\nThe tenant may store paper. Clause 5 applies to what the tenant breaks. "
    "No animals are kept."
)


async def answer(question: str, *texts: str, heading: str = LEASE) -> str:
    given = tuple(PromptPassage(n, passage(n, text, heading)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits())
    return "".join([piece async for piece in generator.stream(Prompt(question, given, ()))])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What does Article 9 say?", [("article", "9", "")]),
        ("Art. 10(2) and § 4", [("article", "10", "2"), ("section", "4", "")]),
        ("paragraph 3 of Article 7", [("article", "7", "3")]),
        ("What does Annex III list?", [("annex", "III", "")]),
        ("section 4.2.1 of the handbook", [("section", "4.2.1", "")]),
        ("What part does the seal play?", []),
        ("the part I had in it", []),
        ("a point of 20% more", []),
        ("What is in the article?", []),
    ],
)
def test_provisions_are_read_from_a_question(text: str, found: list[tuple[str, str, str]]) -> None:
    assert list(references(text)) == [Reference(*one) for one in found]


@pytest.mark.parametrize(
    ("line", "reference", "expected"),
    [
        ("Article 9 Protected zones", Reference("article", "9"), True),
        ("ARTICLE 9", Reference("article", "9"), True),
        ("Article 9 — Risk management", Reference("article", "9"), True),
        ("Article 9 shall apply from 2026", Reference("article", "9"), False),
        ("Article 9 of the Treaty", Reference("article", "9"), False),
        ("Article 90 Fees", Reference("article", "9"), False),
        ("5. Expense claims", Reference("section", "5"), True),
        ("5.1 Receipts", Reference("section", "5"), False),
        ("5. Expense claims", Reference("article", "5"), False),
        ("5 litres of oil", Reference("section", "5"), False),
    ],
)
def test_a_heading_is_told_from_a_mention(line: str, reference: Reference, expected: bool) -> None:
    assert heads(line, reference) is expected


async def test_what_a_clause_says_is_all_that_stands_under_its_heading() -> None:
    assert await answer("What does clause 5 of the lease say?", TERM, USE, REPAIRS) == (
        "1. The tenant repairs the gates. [3]\n2. The landlord repairs the roof within 14 days. [3]"
    )


async def test_a_part_of_a_provision_is_quoted_alone() -> None:
    said = await answer("What does clause 5(2) provide?", USE, REPAIRS)
    assert said == "2. The landlord repairs the roof within 14 days. [2]"


async def test_a_question_within_a_provision_is_answered_from_it() -> None:
    said = await answer("What does the landlord insure under clause 6?", TERM, REPAIRS)
    assert said == "The landlord insures the building against fire. [2]"


async def test_a_sentence_that_names_the_provision_may_answer_too() -> None:
    said = await answer("What does clause 5 apply to?", REPAIRS, USE)
    assert "Clause 5 applies to what the tenant breaks." in said


async def test_a_numbered_line_of_plain_text_heads_a_section() -> None:
    text = "5. Parking\nVisitors park behind hall C.\n6. Canteen\nLunch is served until two."
    assert await answer("What is in section 6?", text) == "Lunch is served until two. [1]"


async def test_another_law_of_which_nothing_was_found_is_not_answered_from_this_one() -> None:
    said = await answer("What does clause 5 of the Helsinki Charter on Whales say?", REPAIRS)
    assert said == ""


def test_chunks_under_the_heading_come_first_and_the_others_keep_their_order() -> None:
    hits = [
        StoredHit(n, "lease", passage(n, text, LEASE).chunk, 1 / n)
        for n, text in enumerate([USE, TERM, REPAIRS], start=1)
    ]
    assert [hit.id for hit in provisions_first("What does clause 6 say?", hits)] == [3, 1, 2]
    assert [hit.id for hit in provisions_first("What does clause 77 say?", hits)] == [1, 2, 3]
    assert not names_provision("Who repairs the roof?")
