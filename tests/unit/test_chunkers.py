"""A chunker can be had again from its spec, or not at all."""

import pytest
from any_document import SyllableTokenizer, documents
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.chunkers import chunker_for
from muniment.errors import StorageError
from muniment.providers.structure_chunker import StructureChunker
from muniment.providers.window_chunker import WindowChunker

TOKENIZER = SyllableTokenizer()


@settings(max_examples=30)
@given(
    documents(), st.integers(32, 90), st.integers(0, 31), st.sampled_from([StructureChunker, WindowChunker])
)
def test_the_chunker_of_a_spec_cuts_as_the_first_did(document, largest, other, make):
    chunker = make(TOKENIZER, largest, other)
    again = chunker_for(chunker.spec, TOKENIZER)
    assert again.spec == chunker.spec
    assert again.chunk(document) == chunker.chunk(document)


def test_specs_name_their_chunkers():
    assert isinstance(chunker_for("structure-1/256/48", TOKENIZER), StructureChunker)
    assert isinstance(chunker_for("window-1/800/400", TOKENIZER), WindowChunker)


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "window",
        "window-2/800/400",
        "structure-0/256/48",
        "window-1/400/800",
        "window-1/0800/400",
        "structure-1/8/0",
        "window-1/800/400/1",
        "window-1/800/400\n",
        "sentence-1/800/400",
        "window-1/" + "9" * 5000 + "/1",
    ],
)
def test_a_spec_that_nothing_here_cuts_by_is_refused_with_what_to_do(spec):
    with pytest.raises(StorageError) as refused:
        chunker_for(spec, TOKENIZER)
    assert refused.value.code == "unknown_chunking"
    assert repr(spec) in refused.value.message
    assert "window-1/800/400" in refused.value.message
    assert "--rebuild" in refused.value.hint
