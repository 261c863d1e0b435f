"""Lists that are walked page by page give every item once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.api.openai.hits import ranked, relevance
from muniment.api.openai.listing import PageQuery
from muniment.errors import InputError
from muniment.types import Chunk, Passage, SearchMode, SearchResult


def same(item: str) -> str:
    return item


@given(
    items=st.lists(st.text(max_size=3), unique=True, max_size=12),
    limit=st.integers(1, 5),
    order=st.sampled_from(["asc", "desc"]),
)
def test_walking_forwards_gives_every_item_once(items: list[str], limit: int, order: str) -> None:
    expected = items if order == "asc" else items[::-1]
    walked: list[str] = []
    after, more = None, True
    while more:
        page = PageQuery(limit, order, after, None).page(items, same)  # type: ignore[arg-type]
        walked += page.items
        more = page.has_more
        after = page.items[-1] if page.items else None
    assert walked == expected


@given(items=st.lists(st.text(max_size=3), unique=True, min_size=1, max_size=12), limit=st.integers(1, 5))
def test_walking_backwards_gives_every_item_once(items: list[str], limit: int) -> None:
    walked = [items[-1]]
    more = True
    while more:
        page = PageQuery(limit, "asc", None, walked[0]).page(items, same)
        walked = [*page.items, *walked]
        more = page.has_more
    assert walked == items


def test_a_cursor_may_stand_on_an_item_that_is_not_shown() -> None:
    page = PageQuery(2, "asc", "b", None).page(["a", "b", "c", "d"], same, lambda item: item != "b")
    assert page.items == ("c", "d")
    with pytest.raises(InputError) as caught:
        PageQuery(2, "asc", "z", None).page(["a"], same)
    assert caught.value.code == "unknown_cursor"


relevances = st.none() | st.floats(0, 1)


def result(found: list[float | None], first: int = 0) -> SearchResult:
    passages = tuple(
        Passage(first + n, "doc", "doc", Chunk(n, "", "", (), (), 0), 0.0, relevance=given)
        for n, given in enumerate(found)
    )
    return SearchResult("c", "q", SearchMode.HYBRID, passages, {}, ())


@given(found=st.lists(relevances, max_size=8))
def test_scores_of_one_query_keep_its_order(found: list[float | None]) -> None:
    shown = ranked([result(found)])
    assert [passage.id for passage, _ in shown] == list(range(len(found)))
    values = [score for _, score in shown]
    assert values == sorted(values, reverse=True)
    assert all(0 <= value <= 1 for value in values)
    assert all(score >= relevance(passage) for passage, score in shown)


@given(
    first=st.lists(relevances, max_size=6), second=st.lists(relevances, max_size=6), apart=st.integers(0, 6)
)
def test_results_of_several_queries_hold_each_passage_once(
    first: list[float | None], second: list[float | None], apart: int
) -> None:
    both = [result(first), result(second, apart)]
    shown = ranked(both)
    ids = [passage.id for passage, _ in shown]
    assert sorted(ids) == sorted({passage.id for one in both for passage in one.passages})
    values = [score for _, score in shown]
    assert values == sorted(values, reverse=True)
