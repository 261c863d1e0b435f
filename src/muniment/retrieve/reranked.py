"""Searches whose best passages a reranker puts in order.

The order is the reranker's. The probability of being relevant stays that of the first stage: it is fitted on
labelled questions, and what a cross-encoder says, though it may lie between 0 and 1, is not. ``score`` keeps
its range too, for those who weigh how far a passage lies behind the best: at each place stands the score that
the first stage gave for it.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from muniment.errors import MunimentError, UnavailableError
from muniment.protocols import Reranker
from muniment.retrieve.relevance import FIRST_STAGE, RANK_SUFFIX
from muniment.retrieve.retriever import Retrieval
from muniment.telemetry import Timings
from muniment.types import Filter, Passage, SearchMode

log = logging.getLogger(__name__)

_STAGE = "rerank("


class Searcher(Protocol):
    """Finds passages in one collection or several."""

    async def search(
        self, question: str, *, mode: SearchMode = ..., limit: int = ..., filter: Filter | None = ...
    ) -> Retrieval:
        """The passages that fit best."""


class RerankedRetriever:
    """Has the best of what another retriever finds judged by a reranker.

    When the reranker cannot judge, what was found stays in its order, and a note says so.

    Args:
        first: finds the candidates.
        candidates: passages judged for a search; those behind them follow in their order.
    """

    def __init__(self, first: Searcher, reranker: Reranker, candidates: int) -> None:
        self._first = first
        self._reranker = reranker
        self._candidates = candidates

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        """The best ``limit`` passages for a question; errors as those of the first stage."""
        # A limit that is none is refused there, not made one here.
        wanted = max(limit, self._candidates) if limit > 0 else limit
        found = await self._first.search(question, mode=mode, limit=wanted, filter=filter)
        timings = Timings(dict(found.timings))
        passages, notes = found.passages, found.notes
        try:
            with timings.stage("rerank"):
                passages = await self._reranked(question.strip(), passages)
        except MunimentError as error:
            log.warning("reranker %r cannot judge (%s): %s", self._reranker.name, error.code, error.message)
            notes = (*notes, _unjudged(self._reranker.name, error))
        return Retrieval(passages[:limit], timings.milliseconds, notes)

    async def _reranked(self, question: str, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        head = passages[: self._candidates]
        if not head:
            return passages
        texts = [passage.chunk.embedding_text for passage in head]
        scores = await self._reranker.score(question, texts)
        if len(scores) != len(head) or not all(map(math.isfinite, scores)):
            raise UnavailableError(
                f"Reranker {self._reranker.name!r} gave {len(scores)} scores for {len(head)} texts; one "
                "finite number for each was expected.",
                code="reranker_unavailable",
                hint="Mend the provider.",
            )
        return in_order(passages, scores, self._reranker.name)


def in_order(passages: Sequence[Passage], scores: Sequence[float], judge: str) -> tuple[Passage, ...]:
    """The passages as their scores put them, each with its score and rank of before; equal ones stay as they
    were. The first ``len(scores)`` are judged, the others follow.
    """
    stage = f"{_STAGE}{judge})"
    noted = [_noted(passage, rank) for rank, passage in enumerate(passages, 1)]
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    judged = [
        replace(
            noted[index],
            scores={**noted[index].scores, stage: scores[index], stage + RANK_SUFFIX: float(rank)},
        )
        for rank, index in enumerate(order, 1)
    ]
    return (*falling(judged), *noted[len(scores) :])


def falling(passages: Sequence[Passage]) -> list[Passage]:
    """The passages in their order, with their scores dealt out anew so that they fall."""
    scores = sorted((passage.score for passage in passages), reverse=True)
    return [replace(passage, score=score) for passage, score in zip(passages, scores, strict=True)]


def one_judge(lists: Sequence[Sequence[Passage]]) -> str | None:
    """The stage by which the best of each list was judged, when it is the same reranker's for all; lists of
    one reranker compare by its scores. Empty lists do not count.
    """
    stages = {_stage_of(passages[0]) for passages in lists if passages}
    return stages.pop() if len(stages) == 1 else None


def standing(judge: str) -> Callable[[Passage], tuple[bool, float]]:
    """The key by which passages that ``one_judge`` found comparable are put in order: those it judged by its
    scores, then the others.
    """
    return lambda passage: (judge not in passage.scores, -passage.scores.get(judge, passage.score))


def _stage_of(passage: Passage) -> str | None:
    named = (stage for stage in passage.scores if stage.startswith(_STAGE))
    return next((stage for stage in named if not stage.endswith(RANK_SUFFIX)), None)


def _noted(passage: Passage, rank: int) -> Passage:
    before = {FIRST_STAGE: passage.score, FIRST_STAGE + RANK_SUFFIX: float(rank)}
    return replace(passage, scores={**passage.scores, **before})


def _unjudged(name: str, error: MunimentError) -> str:
    return (
        f"Reranker {name} could not judge ({error.code}: {error.message}); the passages stand in the order "
        f"of the first stage. {error.hint}".rstrip()
    )
