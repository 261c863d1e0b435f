"""Which passages and citations a label is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.evaluation.labels import Place, cites, has_quote, hits, holds, names_document
from muniment.types import PageLabel, SpanLabel

TEXT = "Employees receive 28 days of paid leave a year; unused days expire at the end of March."
PLACE = Place("doc_1", "hr/handbook.pdf", (3, 4), ((100, 187),), TEXT)


@pytest.mark.parametrize(
    "label", ["doc_1", "hr/handbook.pdf", "handbook.pdf", "*.pdf", "hr/*", "**/handbook.*"]
)
def test_a_document_is_named_by_id_name_file_name_or_glob(label: str) -> None:
    assert names_document(label, "doc_1", "hr/handbook.pdf")


@pytest.mark.parametrize("label", ["doc_2", "book.pdf", "hr", "*.docx", "Handbook.pdf"])
def test_another_document_is_not(label: str) -> None:
    assert not names_document(label, "doc_1", "hr/handbook.pdf")


def test_a_name_with_brackets_is_that_name() -> None:
    assert names_document("minutes [final].pdf", "d", "minutes [final].pdf")


def test_a_page_is_a_page_of_its_document() -> None:
    assert holds(PLACE, PageLabel(4, "handbook.pdf"))
    assert holds(PLACE, PageLabel(4))
    assert not holds(PLACE, PageLabel(5, "handbook.pdf"))
    assert not holds(PLACE, PageLabel(4, "other.pdf"))
    assert not holds(PLACE, PageLabel(4), ["other.pdf"])


def test_a_range_is_held_when_half_of_it_is_there_and_cited_when_any_of_it_is() -> None:
    assert holds(PLACE, SpanLabel("handbook.pdf", "", 50, 150))
    assert not holds(PLACE, SpanLabel("handbook.pdf", "", 40, 149))
    assert cites(PLACE, SpanLabel("handbook.pdf", "", 40, 149))
    assert not cites(PLACE, SpanLabel("handbook.pdf", "", 20, 100))


def test_a_quote_is_compared_by_its_words() -> None:
    assert has_quote(TEXT, "28 Days  of paid\nleave")
    assert has_quote("Leave | 28 | days", "leave 28 days")
    assert not has_quote(TEXT, "29 days of paid leave")
    assert not has_quote(TEXT, "28 days of unpaid leave a month")


def test_half_of_a_long_quote_is_enough_where_a_chunk_ends_within_it() -> None:
    assert has_quote(TEXT, "expire at the end of March and cannot be paid out")
    assert has_quote(TEXT, "All our Employees receive 28 days of paid")
    assert not has_quote(TEXT, "days of paid leave a year, which differs from before")
    assert not has_quote(
        TEXT, "expire at the end of March, though they may be paid out if a manager agrees to it"
    )


def test_the_cells_of_a_table_may_be_read_in_another_order() -> None:
    row = "Efficiency at rated load | PC-400-11 | 97.2 % | 96.8 %"
    assert has_quote(row, "Efficiency at rated load 96.8 %")
    assert not has_quote(row, "Efficiency at rated load 95.1 %")


def test_a_scan_may_be_read_with_small_faults_but_not_in_its_numbers() -> None:
    assert has_quote(TEXT, "Employees receive 28 days of paid leave a year; unused davs expire")
    assert not has_quote(TEXT, "Employees receive 23 days of paid leave a year; unused days expire")


def test_a_short_quote_must_be_there_in_full() -> None:
    assert has_quote(TEXT, "end of March")
    assert not has_quote(TEXT, "end of April")


def test_a_citation_of_part_of_the_labelled_sentence_points_at_it() -> None:
    short = Place("doc_1", "hr/handbook.pdf", (3,), ((100, 120),), "28 days of paid leave")
    assert cites(short, SpanLabel("handbook.pdf", TEXT))
    assert not cites(short, SpanLabel("other.pdf", TEXT))
    assert not cites(short, SpanLabel("handbook.pdf", "The daily allowance for travel is 32 euros"))


def test_the_places_that_are_held_are_numbered() -> None:
    assert hits(PLACE, ["other.pdf", PageLabel(3), SpanLabel("", "28 days"), PageLabel(9)]) == (1, 2)


@given(words=st.lists(st.sampled_from(TEXT.split()), min_size=1, max_size=12), before=st.text(max_size=20))
def test_a_text_has_every_quote_that_stands_in_it(words: list[str], before: str) -> None:
    quote = " ".join(words)
    assert has_quote(f"{before} {quote.upper()} and more", quote)
