"""What every Reranker promises, as tests to inherit."""

import asyncio
import math

import pytest

from muniment.protocols import Reranker

QUERY = "How long does the warranty cover manufacturing defects?"
SAMPLE = (
    "Holidays are booked at least two weeks early.",
    "The warranty does cover manufacturing defects for twenty-four months.",
    "Die Pumpe läuft trocken.",
    "",
    "🔧 " * 50,
    "warranty " * 3000,
)


class RerankerContract:
    """Inherit it and give a fixture ``reranker``."""

    async def test_every_text_has_one_finite_score(self, reranker: Reranker) -> None:
        """However odd the text is, and for none there is none."""
        scores = await reranker.score(QUERY, SAMPLE)
        assert len(scores) == len(SAMPLE)
        assert all(isinstance(score, float) and math.isfinite(score) for score in scores)
        assert await reranker.score(QUERY, []) == []

    async def test_the_text_that_answers_is_best(self, reranker: Reranker) -> None:
        """Of those that are about something else."""
        scores = await reranker.score(QUERY, SAMPLE[:3])
        assert scores.index(max(scores)) == 1

    async def test_scores_follow_their_texts(self, reranker: Reranker) -> None:
        """Whatever the order in which they are sent, and however many with them."""
        scores = await reranker.score(QUERY, SAMPLE[:3])
        assert await reranker.score(QUERY, SAMPLE[2::-1]) == pytest.approx(scores[::-1], abs=1e-3)
        many = await reranker.score(QUERY, SAMPLE[:3] * 40)
        assert many == pytest.approx(scores * 40, abs=1e-3)

    async def test_many_may_ask_at_a_time(self, reranker: Reranker) -> None:
        """Each gets the scores of its own query."""
        queries = [QUERY, "When are holidays booked?"] * 4
        together = await asyncio.gather(*(reranker.score(query, SAMPLE[:3]) for query in queries))
        assert [scores.index(max(scores)) for scores in together] == [1, 0] * 4

    async def test_it_says_that_it_answers(self, reranker: Reranker) -> None:
        """By not raising."""
        await reranker.check()
