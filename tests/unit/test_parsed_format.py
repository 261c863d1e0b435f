"""Kept parsed documents come back exactly, or say that they are damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import StorageError
from muniment.types import Block, BlockKind, Box, Page, ParsedDocument, Span, TableRow
from muniment.types.parsed_format import decode_parsed, encode_parsed

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
COUNTS = st.integers(0, 2**31)
TEXTS = st.text(max_size=20) | st.text(alphabet='\ud800\udfff\x00\u2028é"\\', max_size=5)
BOXES = st.builds(Box, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
SPANS = st.builds(Span, COUNTS, COUNTS) | st.builds(Span, COUNTS, COUNTS, COUNTS, st.none() | BOXES)
ROWS = st.builds(TableRow, COUNTS, COUNTS, st.booleans(), st.lists(SPANS, max_size=2).map(tuple))
BLOCKS = st.builds(
    Block,
    st.sampled_from(BlockKind),
    COUNTS,
    COUNTS,
    st.lists(TEXTS, max_size=3).map(tuple),
    COUNTS,
    st.lists(SPANS, max_size=3).map(tuple),
    st.lists(ROWS, max_size=3).map(tuple),
)
DOCUMENTS = st.builds(
    ParsedDocument,
    TEXTS,
    TEXTS,
    TEXTS,
    st.lists(BLOCKS, max_size=4).map(tuple),
    st.lists(st.builds(Page, COUNTS, NUMBERS, NUMBERS), max_size=3).map(tuple),
    TEXTS,
    st.lists(TEXTS, max_size=3).map(tuple),
)


@given(DOCUMENTS)
def test_what_is_written_is_read_back(document):
    assert decode_parsed(encode_parsed(document)) == document


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b'{"format": 99}', b'{"format": 1, "blocks": [[1]]}']
)
def test_damaged_bytes_are_named_as_such(data):
    with pytest.raises(StorageError) as caught:
        decode_parsed(data)
    assert caught.value.code == "parsed_document_damaged"
    assert caught.value.hint
