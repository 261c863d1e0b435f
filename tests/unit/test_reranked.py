"""A reranker changes the order of what was found, and nothing else; without it everything goes on."""

import itertools
import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import InputError, TimeoutExceededError, UnavailableError
from muniment.providers.fake_reranker import FakeReranker, FakeRerankerOptions
from muniment.retrieve import RerankedRetriever, Retrieval, explain, join, one_judge, with_relevance
from muniment.retrieve.reranked import in_order
from muniment.testing.generator import passage
from muniment.types import Filter, Passage, SearchMode

TEXTS = ("The pump is blue.", "Leave is taken in summer.", "Unused annual leave expires.", "Annual leave.")
QUESTION = "Does unused annual leave expires"


class Found:
    """A first stage that finds the texts in their order."""

    def __init__(self, texts: Sequence[str] = TEXTS, notes: tuple[str, ...] = ()) -> None:
        self.passages = tuple(
            replace(passage(number, text), score=1 / number, scores={"cosine": 0.9 - 0.1 * number})
            for number, text in enumerate(texts, 1)
        )
        self.notes = notes
        self.limits: list[int] = []

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        if limit < 1:
            raise InputError("too few", code="invalid_limit")
        self.limits.append(limit)
        return Retrieval(with_relevance(question, self.passages[:limit]), {"search": 1.0}, self.notes)


class Giving:
    """Gives what it is told, or fails with it."""

    name = "judge"

    def __init__(self, scores: list[float] | Exception) -> None:
        self.scores = scores
        self.texts: list[str] = []

    async def score(self, query: str, texts: Sequence[str]) -> list[float]:
        self.texts = list(texts)
        if isinstance(self.scores, Exception):
            raise self.scores
        return self.scores

    async def check(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


def fake(**options: object) -> FakeReranker:
    return FakeReranker("judge", FakeRerankerOptions.model_validate(options))


async def test_the_order_is_the_rerankers() -> None:
    found = await RerankedRetriever(Found(), fake(), 30).search(QUESTION, limit=3)
    assert [one.id for one in found.passages] == [3, 4, 2]
    assert [one.score for one in found.passages] == [1, 1 / 2, 1 / 3]
    assert found.timings.keys() == {"search", "rerank"}
    assert found.notes == ()


async def test_it_reads_the_passage_with_its_headings() -> None:
    judge = Giving([0.0] * 4)
    await RerankedRetriever(Found(), judge, 30).search(QUESTION)
    assert judge.texts[0] == "Warranty\nThe pump is blue."


async def test_more_is_looked_at_than_asked_for_and_no_more_judged_than_told() -> None:
    first, judge = Found(), Giving([0.1, 0.9])
    found = await RerankedRetriever(first, judge, 2).search(QUESTION, limit=4)
    assert (first.limits, len(judge.texts)) == ([4], 2)
    assert [one.id for one in found.passages] == [2, 1, 3, 4]
    assert [one.score for one in found.passages] == [1, 1 / 2, 1 / 3, 1 / 4]
    await RerankedRetriever(first, Giving([0.0] * 4), 30).search(QUESTION, limit=1)
    assert first.limits[-1] == 30


async def test_the_probability_stays_that_of_the_first_stage() -> None:
    before = {one.id: one.relevance for one in (await Found().search(QUESTION)).passages}
    found = await RerankedRetriever(Found(), fake(), 30).search(QUESTION)
    assert {one.id: one.relevance for one in found.passages} == before
    for one, why in zip(found.passages, explain(QUESTION, found.passages), strict=True):
        assert why.relevance == pytest.approx(one.relevance)


async def test_an_explanation_shows_both_stages() -> None:
    found = await RerankedRetriever(Found(), fake(), 3).search(QUESTION)
    best, last = explain(QUESTION, found.passages)[0], explain(QUESTION, found.passages)[-1]
    stages = {stage.name: (stage.score, stage.rank) for stage in best.stages}
    assert stages["first_stage"] == (pytest.approx(1 / 3), 3)
    assert stages["rerank(judge)"] == (pytest.approx(4 / 5), 1)
    assert [stage.name for stage in last.stages] == ["cosine", "first_stage"]


@pytest.mark.parametrize(
    "failure",
    [
        UnavailableError("it is down", code="reranker_unavailable", hint="Start it."),
        TimeoutExceededError("it is slow", code="reranker_timeout"),
        InputError("it is too long", code="reranker_refused"),
        [1.0],
        [1.0] * 5,
        [1.0, math.nan, 0.0, 0.0],
        [1.0, math.inf, 0.0, 0.0],
    ],
)
async def test_without_it_the_order_stays_and_a_note_says_so(
    failure: list[float] | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    plain = await Found().search(QUESTION)
    with caplog.at_level(logging.WARNING):
        found = await RerankedRetriever(Found(notes=("more",)), Giving(failure), 30).search(QUESTION)
    assert found.passages == plain.passages
    assert found.notes[0] == "more"
    assert "Reranker judge could not judge (reranker_" in found.notes[1]
    assert "order of the first stage" in found.notes[1]
    assert "cannot judge" in caplog.text
    assert QUESTION not in caplog.text


async def test_what_the_first_stage_refuses_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        await RerankedRetriever(Found(), fake(), 30).search(QUESTION, limit=0)
    assert caught.value.code == "invalid_limit"


async def test_nothing_found_is_nothing_to_judge() -> None:
    found = await RerankedRetriever(Found(()), fake(fails=True), 30).search(QUESTION)
    assert (found.passages, found.notes) == ((), ())


async def test_searches_of_one_reranker_are_joined_by_its_scores() -> None:
    wide = await RerankedRetriever(Found(), fake(), 30).search("annual leave")
    narrow = await RerankedRetriever(Found(), fake(), 30).search("blue pump")
    joined = join([wide, narrow], 3).passages
    assert {joined[0].id, joined[1].id, joined[2].id} == {1, 3, 4}
    assert [one.scores["rerank(judge)"] for one in joined] == [1.0, 1.0, 1.0]


async def test_searches_of_different_rerankers_do_not_compare() -> None:
    other = FakeReranker("other", FakeRerankerOptions())
    one = await RerankedRetriever(Found(), fake(), 30).search(QUESTION)
    two = await RerankedRetriever(Found(), other, 30).search(QUESTION)
    plain = await Found().search(QUESTION)
    assert one_judge([one.passages, one.passages, ()]) == "rerank(judge)"
    assert one_judge([one.passages, two.passages]) is None
    assert one_judge([one.passages, plain.passages]) is None
    assert one_judge([]) is None


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(NUMBERS, max_size=20), st.lists(NUMBERS, max_size=20), st.text(min_size=1, max_size=9))
def test_no_passage_is_lost_or_doubled(before: list[float], scores: list[float], name: str) -> None:
    passages = tuple(replace(passage(number, "Text."), score=score) for number, score in enumerate(before, 1))
    scores = scores[: len(passages)]
    ordered = in_order(passages, scores, name)
    assert sorted(one.id for one in ordered) == [one.id for one in passages]
    judged, behind = ordered[: len(scores)], ordered[len(scores) :]
    stage = f"rerank({name})"
    assert [one.id for one in behind] == [one.id for one in passages[len(scores) :]]
    assert [one.scores[stage] for one in judged] == sorted(scores, reverse=True)
    assert [one.score for one in judged] == sorted(before[: len(scores)], reverse=True)
    assert all(one.chunk is passages[one.id - 1].chunk for one in ordered)
    assert [int(one.scores["first_stage_rank"]) for one in ordered] == [one.id for one in ordered]
    assert one_judge([ordered]) == (stage if scores else None)
    for one, lower in itertools.pairwise(judged):
        assert one.scores[stage] > lower.scores[stage] or one.id < lower.id  # equal ones keep their order


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 6), NUMBERS), max_size=6), min_size=2, max_size=3),
    st.integers(0, 6),
)
def test_joining_reranked_searches_loses_and_doubles_nothing(
    lists: list[list[tuple[int, float]]], judged: int
) -> None:
    searches = []
    for found in lists:
        passages = [passage(number, "Text.") for number in dict(found)]
        scores = list(dict(found).values())[:judged]
        searches.append(Retrieval(in_order(passages, scores, "judge"), notes=("once",)))
    joined = join(searches, 100)
    ids = [one.id for one in joined.passages]
    assert len(ids) == len(set(ids))
    assert set(ids) == {number for found in lists for number, _ in found}
    assert joined.notes == ("once",)
    if one_judge([search.passages for search in searches]):
        scores = [one.score for one in joined.passages]
        assert scores == sorted(scores, reverse=True)


def judged_ids(passages: Sequence[Passage]) -> list[int]:
    return [one.id for one in passages if "rerank(judge)" in one.scores]


async def test_what_was_not_judged_stands_behind_what_was() -> None:
    one = await RerankedRetriever(Found(), Giving([9.0, 8.0]), 2).search(QUESTION)
    two = await RerankedRetriever(Found(), Giving([-5.0, -6.0]), 2).search("pump")
    joined = join([one, two], 10).passages
    assert judged_ids(joined) == [one.id for one in joined][:2] == [1, 2]
