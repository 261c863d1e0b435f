import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.language.units import UnitKind, split_units


def parts(text: str) -> list[str]:
    return [unit.of(text) for unit in split_units(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Saarelund pays 3.5 % after approx. 14 days, e.g. under No. 5 of Art. 3.",
        "The U.S. Army bought pumps from Acme Inc. for 1.5 million euros.",
        "It stops at 7.5 bar (see Fig. 3).",
        "A copy costs Fr. 3 and a bound one Rs. 500, kr. 60 or 1.2 Mio. francs.",
        "J. R. Hellqvist signed it.",
    ],
)
def test_abbreviations_and_decimals_do_not_end_a_sentence(text: str) -> None:
    assert parts(text) == [text]


def test_sentences_are_split_where_they_end() -> None:
    assert parts('It works. "Really?" she asked. Yes! 14 days remain.') == [
        "It works.", '"Really?" she asked.', "Yes!", "14 days remain."
    ]  # fmt: skip


def test_list_items_keep_their_marks_and_are_known_as_items() -> None:
    units = split_units("Bring:\n- a coat\n2. a pump\n(a) water")
    assert [unit.kind for unit in units[1:]] == [UnitKind.LIST_ITEM] * 3


def test_table_rows_know_their_header() -> None:
    text = "Plan | Price\n---|---\nPro | 14\nMax | 20"
    header, *rows = split_units(text)
    assert header.kind is UnitKind.TABLE_HEADER
    assert [row.of(text) for row in rows] == ["Pro | 14", "Max | 20"]
    assert {row.header for row in rows} == {(header.start, header.end)}


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    text = "This line was wrapped by an editor long ago and\ngoes on here. The end."
    assert parts(text) == [text[:61], "The end."]


@given(st.text(alphabet=st.sampled_from("abA1. \n|-!?:;,()[]\"'€%"), max_size=200))
def test_no_word_is_lost_and_units_do_not_overlap(text: str) -> None:
    units = split_units(text)
    assert all(one.end <= two.start for one, two in itertools.pairwise(units))
    kept = "".join(unit.of(text) for unit in units)
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]
