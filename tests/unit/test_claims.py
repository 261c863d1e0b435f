import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.claims import MARK, StatementKind, split_claims

PIECES = ["The pump stops", " at 7.5 bar.", " [1]", "[2, 3]", "【4】", " [1][3]", "\n", "- item", "|", " No.",
          " It is so!",
          "[12–14]", "**bold**", "# Title\n", ":", " e.g. this", "\n\n", "1. first"]  # fmt: skip


def cited(text: str) -> list[tuple[int, ...]]:
    return [statement.cited for statement in split_claims(text)]


def test_marks_belong_to_the_sentence_before_them() -> None:
    assert cited("One holds. [1] Two holds [2]. Three holds.[1, 3] Four【5】.") == [(1,), (2,), (1, 3), (5,)]


def test_marks_side_by_side_and_ranges_are_read() -> None:
    assert cited("It holds [1][3].") == [(1, 3)]
    assert cited("It holds [2-4].") == [(2, 3, 4)]


def test_a_claims_text_has_no_marks_but_the_answer_keeps_them() -> None:
    text = "**Refunds** take 14 days [2]. They are free [1]."
    first, second = split_claims(text)
    assert first.text == "Refunds take 14 days."
    assert text[first.start : first.end] == "**Refunds** take 14 days [2]."
    assert text[second.start : second.end] == "They are free [1]."


def test_list_items_take_the_marks_of_their_lead_in() -> None:
    assert cited("Bring these [2]:\n- a coat\n- boots [1]") == [(2,), (2,), (1,)]


def test_headings_lead_ins_and_table_headers_need_no_evidence() -> None:
    statements = split_claims(
        "## Steps\n\nHere are the steps:\n1. Open it. [1]\n\n| Plan | Price |\n|---|---|\n| Pro | 14 [2] |"
    )
    frames = [s.text for s in statements if s.kind is StatementKind.FRAME]
    assert frames == ["Steps", "Here are the steps:", "Plan | Price"]
    assert statements[-1].lead_in == "Plan | Price"


def test_a_lead_in_that_states_a_fact_is_a_claim() -> None:
    (statement,) = split_claims("The warranty of 36 months is limited as follows:")
    assert statement.kind is StatementKind.CLAIM


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_ranges_are_exact_ordered_and_hold_every_mark(text: str) -> None:
    statements = split_claims(text)
    assert all(one.end <= two.start for one, two in itertools.pairwise(statements))
    for statement in statements:
        inside = text[statement.start : statement.end]
        assert inside == inside.strip()
        bare = re.sub(r"\W+", "", MARK.sub("", inside))
        assert re.sub(r"\W+", "", statement.text) in bare
    if statements:
        within = sum(len(MARK.findall(text[s.start : s.end])) for s in statements)
        assert within <= len(MARK.findall(text))
