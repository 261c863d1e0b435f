import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.clauses import changed_places, clauses, subject_and_rest
from muniment.answer.ground import ground
from muniment.types import Chunk, ClaimVerdict, ParsedDocument, Passage, Span

VERDI = "Giuseppe Verdi composed Falstaff for the theatre of Milan in 1893."
LEAVE = "Employees receive 28 days of paid leave in each calendar year."
IMPLANT = "Dragon Scale Dental Implants are indestructible and glow faintly in moonlight."
TABOR = "Mount Tabor is a hill of limestone with an old quarry. Visitors need a permit."
SLUICE = "The Sluice 300 is a pump that stops automatically at high pressure."


def reasons(claim: str, *texts: str) -> tuple[str, ...]:
    """Why the check objects to a claim that cites every text; empty when it does not."""
    given, documents = {}, {}
    for number, text in enumerate(texts, 1):
        chunk = Chunk(0, text, "", (), (Span(0, len(text)),), 0)
        given[number] = Passage(number, f"d{number}", f"file {number}", chunk, 0.0)
        documents[f"d{number}"] = ParsedDocument("0" * 64, f"file {number}", text, (), (), "test 1")
    marks = "".join(f"[{number}]" for number in given)
    (found,) = ground(f"{claim} {marks}", given, documents)
    return () if found.verdict is ClaimVerdict.SUPPORTED else found.reasons


@pytest.mark.parametrize(
    "claim",
    [
        "Falstaff composed Verdi for the theatre of Milan in 1893.",
        "Giuseppe Verdi composed Milan for the theatre of Falstaff in 1893.",
    ],
)
def test_names_that_changed_places_are_noticed(claim: str) -> None:
    assert any("each other's place" in reason for reason in reasons(claim, VERDI))


@pytest.mark.parametrize(
    "claim",
    [
        "For the theatre of Milan, Giuseppe Verdi composed Falstaff in 1893.",
        "Falstaff was composed by Giuseppe Verdi for the theatre of Milan.",
        "In 1893 Verdi composed Falstaff.",
    ],
)
def test_a_sentence_turned_round_stays_true(claim: str) -> None:
    assert reasons(claim, VERDI) == ()


def test_the_order_of_a_list_does_not_matter() -> None:
    assert (
        changed_places("It has offices in Rome, Oslo and Paris.", "Offices are in Paris, Oslo and Rome.")
        is None
    )
    assert changed_places("Fort Henry William fell.", "Fort William Henry fell.") == ("Henry", "William")


def test_a_clause_that_nobody_said_is_noticed() -> None:
    said = "Employees receive 28 days of paid leave in each calendar year, and parking spaces cost nothing."
    assert any("parking" in reason for reason in reasons(said, LEAVE))
    assert reasons("Employees receive 28 days of paid leave, in each calendar year.", LEAVE) == ()


def test_a_property_that_is_not_there_is_noticed_in_a_long_sentence() -> None:
    said = "Dragon Scale Dental Implants, fragile and prone to chipping, glow faintly in moonlight."
    assert any("fragile" in reason for reason in reasons(said, IMPLANT))


def test_what_one_passage_says_is_not_said_of_what_another_is_about() -> None:
    mixed = "Mount Tabor is a pump that stops automatically at high pressure."
    assert any("Tabor" in reason for reason in reasons(mixed, TABOR, SLUICE))
    assert reasons("The Sluice 300 is a pump that stops automatically at high pressure.", TABOR, SLUICE) != (
        "the cited passages do not say this of Sluice",
    )


def test_two_passages_may_carry_a_clause_each() -> None:
    both = "Mount Tabor is a hill of limestone, and the Sluice 300 is a pump that stops at high pressure."
    assert reasons(both, TABOR, SLUICE) == ()


def test_clauses_that_say_little_stay_with_their_neighbour() -> None:
    assert clauses("Leave may be carried over, and so on.") == ("Leave may be carried over, so on.",)
    assert len(clauses("Paid leave lasts four weeks; the travel allowance covers train tickets.")) == 2


def test_the_subject_is_what_stands_before_the_verb() -> None:
    assert subject_and_rest("Mount Tabor is a hill.") == (("Mount", "Tabor"), " is a hill.")
    assert subject_and_rest("Nothing known here") == ((), "Nothing known here")


@given(st.text(max_size=80))
def test_a_text_never_contradicts_itself(text: str) -> None:
    assert changed_places(text, text) is None
    assert clauses(text)
    names, rest = subject_and_rest(text)
    assert text.endswith(rest)
    assert all(name in text for name in names)
