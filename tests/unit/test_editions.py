from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.answerer import Answerer, AnswerSettings
from muniment.answer.editions import newest_first, superseded
from muniment.answer.prompt import build_prompt
from muniment.language import editions
from muniment.language.editions import Excerpt, edition
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.retrieve import Retrieval
from muniment.testing.generator import passage
from muniment.types import AnswerVerdict, Filter, ParsedDocument, Passage, SearchMode

OLD = replace(
    passage(1, "Employees may work from home on up to two days a week."), document_name="remote_2023.pdf"
)
NEW = replace(
    passage(2, "Employees may work from home on up to three days a week."), document_name="remote_2025.pdf"
)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (("policy_2025.pdf", {}), ("policy_2023.docx", {})),
        (("Policy 2024-11.pdf", {}), ("policy 2024-02.pdf", {})),
        (("policy v2.1.pdf", {}), ("policy v2.pdf", {"version": "1.9"})),
        (("a.pdf", {"effective_date": "2025-02-01"}), ("b.pdf", {"date": "2021"})),
        (("policy.pdf", {"Version": 10}), ("policy.pdf", {"Version": 9})),
    ],
)
def test_names_and_metadata_tell_the_newer(
    newer: tuple[str, dict[str, str | int | float | bool]],
    older: tuple[str, dict[str, str | int | float | bool]],
) -> None:
    assert edition(*newer).newer_than(edition(*older))
    assert edition(*older).newer_than(edition(*newer)) is False


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_two_documents_are_each_newer_than_the_other(one: str, other: str) -> None:
    left, right = edition(one, {}), edition(other, {})
    assert not (left.newer_than(right) and right.newer_than(left))
    assert edition(one, {}).newer_than(edition(one, {})) is None


def test_an_older_edition_stands_last_and_is_marked_in_the_prompt() -> None:
    ordered = newest_first("How many days at home?", [OLD, NEW])
    assert ordered == (NEW, OLD)
    content = build_prompt("How many days at home?", ordered, 1000, lambda text: len(text.split())).messages[
        -1
    ][1]
    assert content.count('older="yes"') == 1
    assert content.index("three days") < content.index('older="yes"') < content.index("two days")


def test_a_question_that_names_a_year_may_mean_the_older_edition() -> None:
    assert superseded("How many days at home in 2023?", [OLD, NEW]) == {}


class Shelf:
    """Finds its passages, whatever is asked."""

    def __init__(self, *passages: Passage) -> None:
        self.passages = passages

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        return Retrieval(self.passages[:limit], {})

    async def document(self, passage: Passage) -> ParsedDocument:
        return ParsedDocument("0" * 64, "Policy", passage.chunk.text, (), (), "test 1")


async def notes(*passages: Passage) -> tuple[str, tuple[str, ...]]:
    shelf = Shelf(*passages)
    generator = ExtractiveGenerator("extractive", Limits())
    answer = await Answerer(shelf, generator, shelf.document, AnswerSettings("docs")).answer(
        "How many days a week may employees work from home?"
    )
    assert answer.verdict is AnswerVerdict.GROUNDED
    return answer.text, answer.notes


async def test_the_newest_edition_answers_and_the_conflict_is_said() -> None:
    text, (note,) = await notes(OLD, NEW)
    assert "three days" in text
    assert "two days" not in text
    assert note == (
        "Documents disagree: remote_2023.pdf, page 1, says otherwise: "
        "“Employees may work from home on up to two days a week.”. remote_2025.pdf is the newer."
    )


async def test_documents_that_agree_or_speak_of_other_things_make_no_note() -> None:
    same = replace(OLD, chunk=replace(OLD.chunk, text=NEW.chunk.text), document_name="summary.pdf")
    other = replace(
        OLD,
        chunk=replace(OLD.chunk, text="Drivers may park the lorry for up to two days a week."),
        document_name="lorries.pdf",
    )
    assert (await notes(NEW, same, other))[1] == ()


def test_what_a_newer_edition_says_anew_is_superseded() -> None:
    old = Excerpt("a", edition("leave-2023.txt", {}), "Employees have 25 days of paid leave a year.")
    new = Excerpt("b", edition("leave-2025.txt", {}), "Employees have 28 days of paid leave a year.")
    assert editions.superseded([old, new]) == {0: 1}


def test_numbers_that_look_like_years_make_no_editions_of_different_things() -> None:
    pump = Excerpt("a", edition("sheet-1998.txt", {}), "The pump stops at 7.5 bar.")
    oven = Excerpt("b", edition("sheet-2001.txt", {}), "Bread is baked for forty minutes.")
    assert editions.superseded([pump, oven]) == {}


def test_chunks_of_one_document_supersede_each_other_never() -> None:
    said = "Employees have 28 days of paid leave a year."
    chunks = [Excerpt("a", edition("leave", {"year": year}), said) for year in (2024, 2025)]
    assert editions.superseded(chunks) == {}
