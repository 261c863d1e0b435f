import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.ranking import Attributes, Entry, Fusion, ResidentIndex, analyze
from muniment.ranking.fields import Terms
from muniment.retrieve import explain, with_relevance
from muniment.types import Chunk, Passage, SearchMode, Span, VectorQuery

TEXTS = [
    "Employees accrue two days of annual leave every month.",
    "The invoice is paid within thirty days of its receipt.",
    "Annual leave that is not taken expires in March.",
]
PLAIN = Attributes("", (), {})


def passage(text: str, scores: dict[str, float]) -> Passage:
    return Passage(1, "a", "a", Chunk(0, text, "", (), (Span(0, len(text)),), 0), 0.0, scores)


def index() -> ResidentIndex:
    made = ResidentIndex(2)
    made.upsert(
        Entry(
            n, Attributes("", (), {}), Terms(analyze(text)), np.array([1, n], np.float32) / math.hypot(1, n)
        )
        for n, text in enumerate(TEXTS)
    )
    return made


stage_scores = st.fixed_dictionaries(
    {},
    optional={
        "cosine": st.floats(-1, 1),
        "bm25": st.floats(0, 100),
        "bm25_share": st.floats(0, 1),
        "cosine_rank": st.integers(1, 9).map(float),
        "anything_else": st.floats(-5, 5),
    },
)


@given(st.text(max_size=30), st.lists(st.tuples(st.text(max_size=30), stage_scores), max_size=5))
def test_whatever_a_store_tells_the_relevance_is_a_probability(
    question: str, found: list[tuple[str, dict[str, float]]]
) -> None:
    passages = [passage(text, scores) for text, scores in found]
    for one, explained in zip(with_relevance(question, passages), explain(question, passages), strict=True):
        assert one.relevance is not None
        assert 0.0 < one.relevance < 1.0
        odds = explained.intercept + sum(explained.contributions.values())
        assert explained.relevance == one.relevance == pytest.approx(1 / (1 + math.exp(-odds)))


@given(st.floats(-1, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.1))
def test_it_rises_with_each_signal(cosine: float, share: float, more: float) -> None:
    def relevance(cosine: float, share: float) -> float:
        [found] = with_relevance("leave", [passage("", {"cosine": cosine, "bm25_share": share})])
        return found.relevance or 0.0

    assert relevance(cosine + more, share) > relevance(cosine, share)
    assert relevance(cosine, share + more) > relevance(cosine, share)


def test_the_place_in_the_ranking_counts() -> None:
    first, second = with_relevance("leave", [passage("", {"cosine": 0.5})] * 2)
    assert (first.relevance or 0) > (second.relevance or 0)


def test_words_stand_in_where_a_store_tells_no_share() -> None:
    [holds, holds_not] = (
        with_relevance("annual leave", [passage(text, {"cosine": 0.5})])[0].relevance or 0.0
        for text in (TEXTS[0], TEXTS[1])
    )
    assert holds > holds_not


def test_an_explanation_names_every_stage_with_its_rank() -> None:
    [one] = explain("x", [passage("", {"cosine": 0.4, "cosine_rank": 3.0, "new_stage": 1.5})])
    assert [(s.name, s.score, s.rank) for s in one.stages] == [("cosine", 0.4, 3), ("new_stage", 1.5, None)]


@pytest.mark.parametrize("mode", [SearchMode.KEYWORD, SearchMode.HYBRID])
def test_the_share_of_bm25_does_not_depend_on_the_number_of_rows(mode: SearchMode) -> None:
    small, large = index(), index()
    large.upsert(
        Entry(
            10 + n, Attributes("", (), {}), Terms(["unrelated", f"word{n}"] * 4), np.array([0, 1], np.float32)
        )
        for n in range(500)
    )
    query = VectorQuery(mode, 3, "annual leave", np.array([1, 0], np.float32))
    for made in (small, large):
        shares = {one.id: one.scores["bm25_share"] for one in made.search(query, Fusion.ZSCORE)}
        assert 0.25 < shares[0] < 1.0
        assert shares.get(1, 0.0) == 0.0


def test_a_word_that_stands_nowhere_lowers_the_share() -> None:
    def best(text: str) -> float:
        query = VectorQuery(SearchMode.KEYWORD, 1, text)
        return index().search(query, Fusion.ZSCORE)[0].scores["bm25_share"]

    assert best("annual leave of astronauts") < best("annual leave")


def test_a_vector_search_has_no_share() -> None:
    query = VectorQuery(SearchMode.VECTOR, 3, "annual leave", np.array([1, 0], np.float32))
    assert all("bm25_share" not in one.scores for one in index().search(query, Fusion.ZSCORE))
