"""Windows lose nothing, keep to their size, share what was asked for, and point exactly at their text."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from any_document import HEADING, TABLE, TEXT, TOKENIZERS, SyllableTokenizer, WordTokenizer, documents
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import InputError
from muniment.providers.encoder.tokens import EncoderTokenizer
from muniment.providers.window_chunker import WindowChunker
from muniment.testing.chunker import ChunkerContract, check_chunks, document_of
from muniment.types import Block, Box, ParsedDocument, Span, text_of

ENCODERS = Path(__file__).parents[1] / "fixtures" / "encoders"
WORDPIECE = EncoderTokenizer(ENCODERS / "bert" / "tokenizer.json", 64)
BYTES = EncoderTokenizer(ENCODERS / "roberta" / "tokenizer.json", 64)
ALL_TOKENIZERS = (*TOKENIZERS, WORDPIECE, BYTES)


class TestContract(ChunkerContract):
    max_tokens = 40

    @pytest.fixture(params=ALL_TOKENIZERS, ids=["words", "syllables", "wordpiece", "bytes"])
    def tokenizer(self, request):
        return request.param

    @pytest.fixture
    def chunker(self, tokenizer):
        return WindowChunker(tokenizer, 40, 20)


def covered(chunk) -> set[int]:
    return {at for span in chunk.spans for at in range(span.start, span.end)}


def shared(document, before, after) -> str:
    """The text that two windows have in common."""
    both = sorted(covered(before) & covered(after))
    return text_of(document.text, [Span(at, at + 1) for at in both])


def words_of(count: int) -> str:
    return " ".join(f"w{n}" for n in range(count))


SIZES = st.integers(16, 90).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@given(documents(), st.sampled_from(ALL_TOKENIZERS), SIZES)
def test_nothing_is_lost_and_no_window_is_too_large(document, tokenizer, sizes):
    chunks = WindowChunker(tokenizer, *sizes).chunk(document)
    check_chunks(document, chunks, tokenizer=tokenizer, max_tokens=sizes[0])


@given(documents(), st.sampled_from(ALL_TOKENIZERS), SIZES)
def test_windows_advance_at_both_ends_and_never_share_more_than_asked(document, tokenizer, sizes):
    chunks = WindowChunker(tokenizer, *sizes).chunk(document)
    for before, after in pairwise(chunks):
        assert before.spans[0].start < after.spans[0].start
        assert before.spans[-1].end < after.spans[-1].end
        assert tokenizer.count(shared(document, before, after)) <= sizes[1]


@given(documents(), st.sampled_from(ALL_TOKENIZERS), SIZES)
def test_places_do_not_change_how_text_is_cut(document, tokenizer, sizes):
    chunker = WindowChunker(tokenizer, *sizes)
    bare = replace(document, blocks=tuple(replace(block, spans=()) for block in document.blocks))
    assert [chunk.text for chunk in chunker.chunk(document)] == [chunk.text for chunk in chunker.chunk(bare)]


@given(st.integers(0, 300), SIZES)
def test_windows_over_plain_words_are_full_and_share_exactly_the_overlap(count, sizes):
    size, overlap = sizes
    document = document_of((TEXT, words_of(count)), title="") if count else document_of()
    chunks = WindowChunker(WordTokenizer(), size, overlap).chunk(document)
    firsts = [int(chunk.text.split()[0][1:]) for chunk in chunks]
    assert firsts == [n * (size - overlap) for n in range(len(chunks))]
    assert all(chunk.tokens == size for chunk in chunks[:-1])
    assert not chunks or chunks[-1].text.split()[-1] == f"w{count - 1}"


@pytest.mark.parametrize("tokenizer", [WORDPIECE, BYTES], ids=["wordpiece", "bytes"])
def test_windows_of_a_real_tokenizer_are_full_to_the_last_word(tokenizer):
    sentences = " ".join(f"The archive keeps deed {n} of the year under lock and key." for n in range(400))
    document = document_of((HEADING, "Deeds"), (TEXT, sentences), title="")
    chunks = WindowChunker(tokenizer, 200, 100).chunk(document)
    check_chunks(document, chunks, tokenizer=tokenizer, max_tokens=200)
    longest = max(tokenizer.count(f" {word}") for word in set(sentences.split()))
    assert all(chunk.tokens > 200 - longest for chunk in chunks[:-1])
    for before, after in pairwise(chunks):
        assert 100 - longest < tokenizer.count(shared(document, before, after)) <= 100


def test_windows_begin_and_end_with_whole_words_over_several_blocks():
    document = document_of(*[(TEXT, words_of(7)) for _ in range(40)], title="")
    chunks = WindowChunker(SyllableTokenizer(), 50, 20).chunk(document)
    assert len(chunks) > 5
    known = set(words_of(7).split())
    assert all(set(chunk.text.split()) <= known for chunk in chunks)
    assert chunks[1].pages == tuple(range(chunks[1].pages[0], chunks[1].pages[-1] + 1))


def test_the_title_counts_and_stands_in_the_embedding_text_only():
    document = document_of((HEADING, "Leave"), (TEXT, words_of(100)), title="Handbook")
    chunks = WindowChunker(WordTokenizer(), 40, 10).chunk(document)
    assert {chunk.context for chunk in chunks} == {"Handbook"}
    assert all(chunk.tokens == 40 for chunk in chunks[:-1])
    assert not any("Handbook" in chunk.text for chunk in chunks)


def test_a_long_title_takes_a_quarter_at_most_and_none_where_windows_hardly_advance():
    document = document_of((TEXT, words_of(100)), title="title " * 100)
    assert len(WindowChunker(WordTokenizer(), 40, 10).chunk(document)[0].context.split()) < 10
    assert WindowChunker(WordTokenizer(), 40, 35).chunk(document)[0].context == ""


def test_headings_are_those_above_the_first_text():
    document = document_of(
        (HEADING, "A"), (TEXT, words_of(30)), (HEADING, "B"), (TEXT, words_of(30)), title=""
    )
    chunks = WindowChunker(WordTokenizer(), 31, 0).chunk(document)
    assert [chunk.text.split()[0] for chunk in chunks] == ["A", "B"]
    assert [chunk.headings for chunk in chunks] == [("A",), ("A", "B")]


@given(st.integers(5, 80), st.integers(1, 4), st.sampled_from([0, 10, 20, 30]))
def test_no_row_is_parted_at_a_windows_end_and_each_is_whole_somewhere(count, words, overlap):
    lines = [f"item{n} | " + " ".join(["euro"] * words) for n in range(count)]
    document = document_of((TEXT, words_of(9)), (TABLE, "\n".join(lines)), title="")
    chunks = WindowChunker(WordTokenizer(), 40, overlap).chunk(document)
    assert {line for chunk in chunks for line in chunk.text.split("\n")} >= set(lines)
    assert all(chunk.text.split("\n")[-1] == lines[-1] or chunk.text.endswith("euro") for chunk in chunks)
    assert all(len(set(chunk.text.split("\n")) & set(lines)) >= 3 for chunk in chunks[1:-1])


def test_windows_over_a_table_start_with_a_row_where_that_keeps_half_the_overlap():
    lines = [f"item{n} | one euro" for n in range(60)]
    document = document_of((TABLE, "\n".join(lines)), title="")
    chunks = WindowChunker(WordTokenizer(), 40, 19).chunk(document)
    assert len(chunks) > 5
    for before, after in pairwise(chunks):
        assert after.text.split("\n")[0] in lines
        assert 10 <= WordTokenizer().count(shared(document, before, after)) <= 19


def test_a_giant_row_is_parted_between_words():
    row = " | ".join(f"cell {n} with words" for n in range(40))
    document = document_of((TABLE, f"what | is | it\n{row}"), title="")
    chunks = WindowChunker(WordTokenizer(), 40, 10).chunk(document)
    check_chunks(document, chunks, tokenizer=WordTokenizer(), max_tokens=40)
    assert all(chunk.tokens == 40 for chunk in chunks[:-1])


def test_a_paragraph_over_two_pages_names_only_the_pages_a_window_stands_on():
    text = "one " * 50 + "two " * 49 + "two"
    spans = (Span(0, 200, 1, Box(0, 0, 1, 1)), Span(200, len(text), 2, Box(0, 0, 2, 2)))
    document = ParsedDocument("0" * 64, "", text, (Block(TEXT, 0, len(text), (), 0, spans),), (), "made")
    pages = [chunk.pages for chunk in WindowChunker(WordTokenizer(), 40, 20).chunk(document)]
    assert pages == [(1,), (1, 2), (1, 2), (2,)]


@pytest.mark.parametrize("tokenizer", ALL_TOKENIZERS, ids=["words", "syllables", "wordpiece", "bytes"])
@pytest.mark.parametrize("unit", ["字", "漢字。", "😀", "x", "https://a.example/"])
def test_text_without_blanks_is_parted_and_overlaps(tokenizer, unit):
    document = document_of((TEXT, unit * 2000), title="")
    chunks = WindowChunker(tokenizer, 40, 20).chunk(document)
    check_chunks(document, chunks, tokenizer=tokenizer, max_tokens=40)
    assert all(len(chunk.text) <= 40 * 24 for chunk in chunks)
    for before, after in pairwise(chunks):
        assert after.spans[0].start < before.spans[-1].end


def test_blanks_without_end_cost_their_share():
    text = "a" + " " * 50_000 + "b"
    chunks = WindowChunker(WordTokenizer(), 40, 8).chunk(document_of((TEXT, text), title=""))
    assert [chunk.text for chunk in chunks] == ["a", "b"]


def test_the_spec_holds_both_sizes():
    assert WindowChunker(WordTokenizer(), 800, 400).spec == "window-1/800/400"


@pytest.mark.parametrize(("size", "overlap"), [(100, 100), (100, 500), (100, -1), (15, 0), (0, 0), (-5, -9)])
def test_sizes_that_do_not_go_together_are_refused(size, overlap):
    with pytest.raises(InputError) as refused:
        WindowChunker(WordTokenizer(), size, overlap)
    assert refused.value.code == "invalid_chunking"
    assert str(overlap if size == 100 else size) in refused.value.message
    assert refused.value.hint
