"""A model behind an endpoint; see the protocol Reranker for what its methods promise."""

import asyncio
from collections.abc import Awaitable, Sequence

from muniment.errors import UnavailableError
from muniment.providers.rerank_endpoint.endpoint import Endpoint
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions


class EndpointReranker:
    """Scores in batches; an endpoint that did not answer is left alone for a while."""

    def __init__(self, name: str, options: RerankEndpointOptions, endpoint: Endpoint) -> None:
        self.name = name
        self._options = options
        self._endpoint = endpoint
        self._slots = asyncio.Semaphore(options.concurrency)
        self._failed: UnavailableError | None = None
        self._rests_until = 0.0

    async def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """One score for each text; the error of the last try again while the endpoint is left alone."""
        if self._failed is not None and _now() < self._rests_until:
            failed = self._failed
            raise type(failed)(failed.message, code=failed.code, hint=failed.hint)
        size = self._options.batch_size
        parts = [texts[start : start + size] for start in range(0, len(texts), size)]
        return await self._noted(self._batches(query, parts))

    async def check(self) -> None:
        """Whether it scores one text, asked even while it is left alone; raises as ``score``."""
        await self._noted(self._endpoint.score("Is it there?", ["It is."], patient=False))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()

    async def _noted(self, scoring: Awaitable[list[float]]) -> list[float]:
        """The scores; whether there were any decides whether the endpoint is left alone."""
        try:
            scores = await scoring
        except UnavailableError as error:
            self._failed, self._rests_until = error, _now() + self._options.rest_s
            raise
        self._failed = None
        return scores

    async def _batches(self, query: str, parts: Sequence[Sequence[str]]) -> list[float]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._batch(query, part)) for part in parts]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # one batch's error speaks for all
        return [score for task in tasks for score in task.result()]

    async def _batch(self, query: str, texts: Sequence[str]) -> list[float]:
        async with self._slots:
            return await self._endpoint.score(query, texts)


def _now() -> float:
    return asyncio.get_running_loop().time()
