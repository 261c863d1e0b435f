"""Several searches as one: what fits best is first, whichever collection it is of."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from muniment.retrieve import Retrieval, join
from muniment.testing.generator import passage
from muniment.types import Passage


def found(collection: str, number: int, **scores: float) -> Passage:
    return replace(passage(number, "Text."), scores=scores, collection=collection)


def test_passages_of_two_collections_are_ranked_by_their_own_scores() -> None:
    near = Retrieval((found("a", 1, cosine=0.2, bm25=1.0), found("a", 2, cosine=0.1)), {"embed": 3.0})
    far = Retrieval((found("b", 1, cosine=0.9, bm25=7.0),), {"embed": 1.0, "search": 2.0})
    joined = join([near, far], 10)
    assert [(one.collection, one.id) for one in joined.passages] == [("b", 1), ("a", 1), ("a", 2)]
    assert joined.timings == {"embed": 3.0, "search": 2.0}


def test_a_passage_found_by_two_queries_is_there_once() -> None:
    joined = join([Retrieval((found("a", 1, cosine=0.2),)), Retrieval((found("a", 1, cosine=0.4),))], 10)
    assert [one.scores for one in joined.passages] == [{"cosine": 0.4}]


def test_one_search_stays_as_it_is() -> None:
    alone = Retrieval((found("a", 2, cosine=0.1), found("a", 1, cosine=0.9)))
    assert join([alone], 1) is alone


PASSAGES = st.lists(
    st.builds(
        found,
        st.sampled_from("abc"),
        st.integers(1, 5),
        cosine=st.floats(-1, 1),
        bm25=st.floats(0, 50),
    ),
    max_size=8,
)


@given(st.lists(PASSAGES, min_size=2, max_size=4), st.integers(1, 10))
def test_joining_never_loses_the_best_nor_invents_or_repeats(lists: list[list[Passage]], limit: int) -> None:
    joined = join([Retrieval(tuple(one)) for one in lists], limit).passages
    given = {(one.collection, one.id) for passages in lists for one in passages}
    ids = [(one.collection, one.id) for one in joined]
    assert set(ids) <= given
    assert len(set(ids)) == len(ids) == min(limit, len(given))
    assert [one.score for one in joined] == sorted((one.score for one in joined), reverse=True)
