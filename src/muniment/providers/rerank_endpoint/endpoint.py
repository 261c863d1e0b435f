"""The connection to a reranking endpoint: requests, retries, time limits."""

import asyncio
from collections.abc import Sequence

import httpx

from muniment.endpoints import PassingError
from muniment.providers.rerank_endpoint.failures import Failures
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions
from muniment.providers.rerank_endpoint.wire import request_body, scores_in

_LONGEST_PAUSE = 2.0
"""Seconds before another try at most: somebody waits for the search. Who asks for more is asked later."""


class Endpoint:
    """Sends requests; its errors are those of the protocol Reranker."""

    def __init__(self, name: str, options: RerankEndpointOptions, api_key: str) -> None:
        self._options = options
        self._failures = Failures(name, options, api_key)
        timeout = httpx.Timeout(None, connect=options.connect_timeout_s)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)

    async def score(self, query: str, texts: Sequence[str], *, patient: bool = True) -> list[float]:
        """The scores of one batch, in the order of ``texts``; an impatient caller waits no longer than to
        connect, and asks once.
        """
        retries = self._options.retries if patient else 0
        body = request_body(self._options, query, texts)
        request = self._client.build_request("POST", f"{self._options.base_url}/rerank", json=body)
        for attempt in range(retries + 1):
            try:
                reply = await self._sent(request, patient)
                break
            except PassingError as failure:
                if attempt == retries or failure.retry_after > _LONGEST_PAUSE:
                    raise failure.error from failure.__cause__
                pause = max(self._options.retry_pause_s * 2**attempt, failure.retry_after)
                await asyncio.sleep(min(pause, _LONGEST_PAUSE))
        try:
            return scores_in(self._options, reply, len(texts))
        except ValueError as error:
            raise self._failures.no_scores(str(error)) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _sent(self, request: httpx.Request, patient: bool) -> bytes:
        """The body of the reply."""
        options = self._options
        try:
            async with asyncio.timeout(options.timeout_s if patient else options.connect_timeout_s):
                response = await self._client.send(request)
        except httpx.ConnectTimeout as error:
            raise self._failures.too_slow("connect_timeout_s") from error
        except TimeoutError as error:
            # Not worth another try: it would take as long again, and the first may still be computed.
            limit = "timeout_s" if patient else "connect_timeout_s"
            raise self._failures.too_slow(limit) from error
        except httpx.HTTPError as error:
            raise PassingError(self._failures.unreachable(error)) from error
        if not response.is_success:
            raise self._failures.refusal(response)
        return response.content
