"""Vectors of sentences come with those of their passage, and leave these as they are."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.protocols import Embedder, ProviderContext, SentenceEmbedder
from muniment.providers.encoder import PROVIDER
from muniment.providers.encoder.sentences import (
    CONTEXT,
    FIRST_SENTENCE,
    SEEN_BY_ALL,
    means,
    segments_of,
)

ENCODERS = Path(__file__).parents[2] / "fixtures" / "encoders"
FIRST = "Employees may work remotely up to three days a week with their manager's consent. "
SECOND = "The warranty covers manufacturing defects for twenty-four months from delivery. "
THIRD = "Pumps are tested at the factory before they leave for the customer's site."
CONTEXT_TEXT = "Handbook\nWork\n"


async def load(name: str, data_dir: Path) -> Embedder:
    checked = PROVIDER.options.model_validate(
        {"path": str(ENCODERS / name), "threads": 1, "precision": "f32"}
    )
    return await PROVIDER.create(checked, ProviderContext(data_dir, "tiny"))


@pytest.mark.parametrize("name", ["bert", "roberta", "mpnet"])
async def test_sentences_come_beside_unchanged_vectors(name: str, tmp_path: Path) -> None:
    embedder = await load(name, tmp_path)
    assert isinstance(embedder, SentenceEmbedder)
    texts = [CONTEXT_TEXT + FIRST + SECOND, SECOND, "", "word"]
    made = await embedder.embed_passages(texts, [len(CONTEXT_TEXT), 0, 0, 0])
    np.testing.assert_allclose(made.vectors, await embedder.embed_texts(texts), atol=1e-4)
    assert [len(own) for own in made.sentences] == [2, 1, 0, 1]
    assert {own.shape[1] for own in made.sentences} == {embedder.dimension}
    await embedder.aclose()


@pytest.mark.parametrize("name", ["bert", "mpnet"])
async def test_a_sentence_is_the_same_whatever_its_batch_neighbours(name: str, tmp_path: Path) -> None:
    embedder = await load(name, tmp_path)
    assert isinstance(embedder, SentenceEmbedder)
    alone = await embedder.embed_passages([FIRST + SECOND], [0])
    beside = await embedder.embed_passages([(FIRST + SECOND + THIRD) * 3, FIRST + SECOND, "x"], [0, 0, 0])
    np.testing.assert_allclose(beside.sentences[1], alone.sentences[0], atol=1e-3)
    await embedder.aclose()


async def test_a_graph_without_that_output_gives_none(tmp_path: Path) -> None:
    embedder = await load("onnx", tmp_path)
    assert isinstance(embedder, SentenceEmbedder)
    made = await embedder.embed_passages([FIRST + SECOND], [0])
    np.testing.assert_allclose(made.vectors, await embedder.embed_texts([FIRST + SECOND]), atol=1e-4)
    assert [own.shape for own in made.sentences] == [(0, embedder.dimension)]
    await embedder.aclose()


@given(st.text(alphabet="ab. \n", max_size=300), st.integers(0, 40), st.integers(1, 9))
def test_every_token_behind_the_context_is_in_a_sentence(text: str, start: int, most: int) -> None:
    offsets = [(place, place + 1) for place, letter in enumerate(text) if not letter.isspace()]
    marks = segments_of(text, offsets, start, most, (1, 1))
    assert len(marks) == len(offsets) + 2
    assert marks[0] == marks[-1] == SEEN_BY_ALL
    inner = marks[1:-1]
    assert inner == sorted(inner)
    assert [mark == CONTEXT for mark in inner] == [end <= start for _, end in offsets]
    assert max(inner, default=0) < FIRST_SENTENCE + most
    tokens = np.arange(len(marks), dtype=np.float32)[:, None]
    assert len(means(tokens, marks)) == len({mark for mark in inner if mark >= FIRST_SENTENCE})
