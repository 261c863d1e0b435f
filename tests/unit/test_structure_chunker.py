"""Chunks lose nothing, keep to the limit, and point exactly at the text they hold."""

from dataclasses import replace

import pytest
from any_document import (
    CAPTION,
    HEADING,
    TABLE,
    TEXT,
    TOKENIZERS,
    SyllableTokenizer,
    WordTokenizer,
    documents,
)
from hypothesis import given
from hypothesis import strategies as st

from muniment.providers.structure_chunker import StructureChunker
from muniment.testing.chunker import ChunkerContract, check_chunks, document_of
from muniment.types import Block, Box, ParsedDocument, Span


class TestContract(ChunkerContract):
    max_tokens = 40

    @pytest.fixture
    def tokenizer(self):
        return SyllableTokenizer()

    @pytest.fixture
    def chunker(self, tokenizer):
        return StructureChunker(tokenizer, 40, 8)


@given(documents(), st.sampled_from(TOKENIZERS), st.integers(20, 90), st.integers(0, 19))
def test_nothing_is_lost_and_no_chunk_is_too_large(document, tokenizer, max_tokens, min_tokens):
    chunks = StructureChunker(tokenizer, max_tokens, min_tokens).chunk(document)
    check_chunks(document, chunks, tokenizer=tokenizer, max_tokens=max_tokens)


@given(documents(), st.sampled_from(TOKENIZERS))
def test_places_do_not_change_how_text_is_cut(document, tokenizer):
    chunker = StructureChunker(tokenizer, 40, 8)
    bare = replace(document, blocks=tuple(replace(block, spans=()) for block in document.blocks))
    assert [chunk.text for chunk in chunker.chunk(document)] == [chunk.text for chunk in chunker.chunk(bare)]


@given(st.integers(2, 60), st.integers(1, 3))
def test_each_piece_of_a_table_is_led_by_its_header(count, headers):
    lines = [f"name{n} | price{n}" for n in range(headers)] + [f"item {n} | {n} euro" for n in range(count)]
    document = document_of((TEXT, "Prices follow."), (TABLE, "\n".join(lines)))
    table = document.blocks[1]
    rows = tuple(replace(row, header=number < headers) for number, row in enumerate(table.rows))
    document = replace(document, blocks=(document.blocks[0], replace(table, rows=rows)))
    head = "\n".join(lines[:headers])
    for chunk in StructureChunker(WordTokenizer(), 40, 8).chunk(document):
        if "item" in chunk.text:
            assert head in chunk.text.removeprefix("Prices follow.\n")


def test_a_giant_row_is_split_between_cells_under_its_header():
    row = " | ".join(f"cell {n} with words" for n in range(40))
    chunks = StructureChunker(WordTokenizer(), 40, 8).chunk(document_of((TABLE, f"what | is | it\n{row}")))
    assert len(chunks) > 3
    assert all(chunk.text.startswith("what | is | it\n") for chunk in chunks)


def test_a_heading_goes_with_what_follows():
    document = document_of(
        (TEXT, "before " * 30),
        (HEADING, "Duties"),
        (TEXT, "after " * 30),
        (HEADING, "Rights"),
        (TEXT, "end " * 30),
    )
    texts = [chunk.text for chunk in StructureChunker(WordTokenizer(), 40, 8).chunk(document)]
    assert [text.split("\n")[0] for text in texts if "\n" in text] == ["Duties", "Rights"]
    assert not any(text.endswith(("Duties", "Rights")) for text in texts)


def test_a_caption_goes_with_its_table():
    document = document_of(
        (TEXT, "word " * 30), (CAPTION, "Table 1"), (TABLE, "a | b\n" + "c | d\n" * 9 + "e | f")
    )
    texts = [chunk.text for chunk in StructureChunker(WordTokenizer(), 60, 8).chunk(document)]
    assert any(text.startswith("Table 1\na | b") for text in texts)


def test_neighbours_under_one_heading_are_joined_and_other_sections_are_not():
    document = document_of((HEADING, "A"), (TEXT, "one " * 9), (TEXT, "two " * 9))
    chunks = StructureChunker(WordTokenizer(), 60, 8).chunk(document)
    assert len(chunks) == 1
    assert chunks[0].pages == (1, 2, 3)

    first = Block(HEADING, 0, 1, (), 1, (Span(0, 1),))
    body = Block(TEXT, 3, 42, ("A",), 0, (Span(3, 42),))
    second = Block(HEADING, 44, 45, (), 1, (Span(44, 45),))
    last = Block(TEXT, 47, 50, ("B",), 0, (Span(47, 50),))
    text = "A\n\n" + "w " * 19 + "w" + "\n\nB\n\nend"
    parted = ParsedDocument("0" * 64, "", text, (first, body, second, last), (), "made")
    assert [c.headings for c in StructureChunker(WordTokenizer(), 60, 8).chunk(parted)] == [("A",), ("B",)]
    assert len(StructureChunker(WordTokenizer(), 60, 30).chunk(parted)) == 1


def test_context_is_capped_and_prefers_the_innermost_heading():
    outer, inner = "outer " * 20, "inner words"
    document = document_of((HEADING, outer.strip()), (HEADING, inner), (TEXT, "text " * 100), title="A title")
    chunks = StructureChunker(WordTokenizer(), 40, 8).chunk(document)
    assert chunks[-1].context == "inner words"
    assert chunks[-1].headings == (outer.strip(), inner)
    assert all(len(WordTokenizer().offsets(chunk.context)) <= 10 for chunk in chunks)


def test_context_stands_in_the_embedding_text_but_never_in_the_quote():
    document = document_of((HEADING, "Leave"), (TEXT, "day " * 100), title="Handbook")
    last = StructureChunker(WordTokenizer(), 40, 8).chunk(document)[-1]
    assert last.embedding_text.startswith("Handbook\nLeave\nday")
    assert last.text.startswith("day")


def test_part_of_a_paragraph_over_two_pages_names_only_the_page_it_stands_on():
    text = "one " * 50 + "two " * 49 + "two"
    spans = (Span(0, 200, 1, Box(0, 0, 1, 1)), Span(200, len(text), 2, Box(0, 0, 2, 2)))
    document = ParsedDocument("0" * 64, "", text, (Block(TEXT, 0, len(text), (), 0, spans),), (), "made")
    chunks = StructureChunker(WordTokenizer(), 30, 8).chunk(document)
    assert chunks[0].pages == (1,)
    assert chunks[-1].pages == (2,)
    assert any(chunk.pages == (1, 2) for chunk in chunks)


def test_sentences_stay_whole_where_they_fit():
    text = " ".join(f"Sentence number {n} ends here." for n in range(30))
    for chunk in StructureChunker(WordTokenizer(), 32, 8).chunk(document_of((TEXT, text), title="")):
        assert chunk.text.startswith("Sentence")
        assert chunk.text.endswith("here.")


def test_blanks_without_end_cost_their_share():
    text = "a" + " " * 50_000 + "b"
    chunks = StructureChunker(WordTokenizer(), 40, 8).chunk(document_of((TEXT, text), title=""))
    assert "".join(chunk.text for chunk in chunks).split() == ["a", "b"]
    assert all(len(chunk.text) < 40 * 24 for chunk in chunks)
