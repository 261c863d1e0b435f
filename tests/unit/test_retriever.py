import numpy as np
import pytest
from numpy.typing import NDArray

from muniment.errors import InputError, UnavailableError
from muniment.protocols import VectorIndex
from muniment.providers.fake_vector_store import FakeVectorStore
from muniment.retrieve import Retriever
from muniment.testing.vector_store import ROWS, SPEC, eq, unit
from muniment.types import SearchMode


class OneVector:
    """Embeds every question alike, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        if self.error:
            raise self.error
        return unit(1, 0, 0, 0)


@pytest.fixture
async def index() -> VectorIndex:
    index = await FakeVectorStore().open(SPEC)
    await index.upsert(ROWS)
    return index


async def test_passages_come_best_first_with_names_scores_and_timings(index: VectorIndex) -> None:
    retriever = Retriever(OneVector(), index, {"a": "handbook.pdf"})
    found = await retriever.search("  accrue vacation?  ", mode=SearchMode.HYBRID, limit=4, filter=None)
    assert found.passages[0].id == 1
    assert found.passages[0].document_name == "handbook.pdf"
    assert {"cosine", "bm25", "cosine_rank", "bm25_rank"} <= found.passages[0].scores.keys()
    assert {p.document_name for p in found.passages} == {"handbook.pdf", "b", "ü"}
    assert found.timings.keys() == {"embed", "search"}


async def test_names_may_be_looked_up(index: VectorIndex) -> None:
    found = await Retriever(OneVector(), index, lambda document: f"{document}.md").search("vacation", limit=1)
    assert found.passages[0].document_name == "a.md"


async def test_keyword_search_needs_no_model(index: VectorIndex) -> None:
    broken = OneVector(UnavailableError("no model"))
    found = await Retriever(broken, index, {}).search("accrue", mode=SearchMode.KEYWORD, limit=3)
    assert [p.id for p in found.passages] == [1]
    assert found.timings.keys() == {"search"}


async def test_filters_hold(index: VectorIndex) -> None:
    found = await Retriever(OneVector(), index, {}).search("accrue vacation", filter=eq("team", "it"))
    assert [p.id for p in found.passages] == [3]


@pytest.mark.parametrize(
    ("question", "limit", "code"),
    [
        ("", 3, "question_empty"),
        (" \n\t", 3, "question_empty"),
        ("x" * 101, 3, "question_too_long"),
        ("fine", 0, "invalid_limit"),
    ],
)
async def test_unusable_questions_are_refused(
    index: VectorIndex, question: str, limit: int, code: str
) -> None:
    retriever = Retriever(OneVector(), index, {}, max_question_chars=100)
    with pytest.raises(InputError) as caught:
        await retriever.search(question, limit=limit)
    assert caught.value.code == code
    assert caught.value.hint


async def test_failures_stay_failures(index: VectorIndex) -> None:
    with pytest.raises(UnavailableError):
        await Retriever(OneVector(UnavailableError("no model")), index, {}).search("vacation")
