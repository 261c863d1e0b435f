"""A model behind an endpoint; see the protocol Reranker for what its methods promise."""

import asyncio
from collections.abc import Sequence

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
        return await self._score(query, texts)

    async def check(self) -> None:
        """Whether it scores one text; raises as ``score``."""
        await self._score("Is it there?", ["It is."])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()

    async def _score(self, query: str, texts: Sequence[str]) -> list[float]:
        size = self._options.batch_size
        parts = [texts[start : start + size] for start in range(0, len(texts), size)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._batch(query, part)) for part in parts]
        except ExceptionGroup as several:
            failed = several.exceptions[0]  # one batch's error speaks for all
            if isinstance(failed, UnavailableError):
                self._failed, self._rests_until = failed, _now() + self._options.rest_s
            raise failed from None
        self._failed = None
        return [score for task in tasks for score in task.result()]

    async def _batch(self, query: str, texts: Sequence[str]) -> list[float]:
        async with self._slots:
            return await self._endpoint.score(query, texts)


def _now() -> float:
    return asyncio.get_running_loop().time()
