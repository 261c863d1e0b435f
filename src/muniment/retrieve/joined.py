"""Searches in several collections, or with several queries, as one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from muniment.retrieve.reranked import falling, one_judge, standing
from muniment.retrieve.retriever import Retrieval, Retriever
from muniment.types import Filter, Passage, SearchMode

RRF_K = 60
STAGES = ("cosine", "bm25")


class JoinedRetriever:
    """Finds passages in several collections at once; any that cannot be searched is an error."""

    def __init__(self, retrievers: Sequence[Retriever]) -> None:
        self._retrievers = tuple(retrievers)

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        """The best ``limit`` passages of all; errors as ``Retriever.search``."""
        searches = [one.search(question, mode=mode, limit=limit, filter=filter) for one in self._retrievers]
        return join(await asyncio.gather(*searches), limit)


def join(found: Sequence[Retrieval], limit: int) -> Retrieval:
    """The best ``limit`` passages of several searches; one found twice is taken once, as it ranked best.

    Passages of different searches are ranked together by each stage's own score, and the ranks fused
    (reciprocal rank fusion, k = 60; Cormack, Clarke and Büttcher, SIGIR 2009): the fused scores of
    separate searches say nothing about each other. Where one reranker has judged the best of each, its
    scores decide, and those it has not judged follow. Timings are those of the slowest.
    """
    if len(found) == 1:
        return found[0]
    judge = one_judge([retrieval.passages for retrieval in found])
    nearer = standing(judge) if judge else _distance
    best: dict[tuple[str, int], Passage] = {}
    for passage in (one for retrieval in found for one in retrieval.passages):
        key = (passage.collection, passage.id)
        if key not in best or nearer(passage) < nearer(best[key]):
            best[key] = passage
    passages = list(best.values())
    if judge:
        ranked = falling(sorted(passages, key=standing(judge)))
    else:
        ranked = sorted(_fused(passages), key=lambda one: -one.score)
    timings: dict[str, float] = {}
    for retrieval in found:
        for stage, spent in retrieval.timings.items():
            timings[stage] = max(spent, timings.get(stage, 0.0))
    notes = tuple(dict.fromkeys(note for retrieval in found for note in retrieval.notes))
    return Retrieval(tuple(ranked[:limit]), timings, notes)


def _distance(passage: Passage) -> tuple[bool, float]:
    return False, -passage.scores.get(STAGES[0], passage.score)


def _fused(passages: list[Passage]) -> list[Passage]:
    stages = [stage for stage in STAGES if any(stage in one.scores for one in passages)]
    if not stages:
        return passages
    scores = [0.0] * len(passages)
    for stage in stages:
        held = [index for index, one in enumerate(passages) if stage in one.scores]
        held.sort(key=lambda index: -passages[index].scores[stage])
        for rank, index in enumerate(held, start=1):
            scores[index] += 1 / (RRF_K + rank)
    return [replace(one, score=score) for one, score in zip(passages, scores, strict=True)]
