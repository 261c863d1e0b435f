"""The connection to a reranking endpoint: requests, retries, time limits."""

import asyncio
from collections.abc import Sequence

import httpx

from muniment.providers.rerank_endpoint.failures import Failures, PassingError
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions
from muniment.providers.rerank_endpoint.wire import request_body, scores_in

_LONGEST_PAUSE = 20.0


class Endpoint:
    """Sends requests; its errors are those of the protocol Reranker."""

    def __init__(self, name: str, options: RerankEndpointOptions, api_key: str) -> None:
        self._options = options
        self._failures = Failures(name, options, api_key)
        timeout = httpx.Timeout(None, connect=options.connect_timeout_s)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)

    async def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """The scores of one batch, in the order of ``texts``."""
        body = request_body(self._options, query, texts)
        request = self._client.build_request("POST", f"{self._options.base_url}/rerank", json=body)
        for attempt in range(self._options.retries + 1):
            try:
                reply = await self._sent(request)
                break
            except PassingError as failure:
                if attempt == self._options.retries:
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

    async def _sent(self, request: httpx.Request) -> bytes:
        """The body of the reply."""
        try:
            async with asyncio.timeout(self._options.timeout_s):
                response = await self._client.send(request)
        except httpx.ConnectTimeout as error:
            raise self._failures.too_slow("connect_timeout_s") from error
        except TimeoutError as error:
            # Not worth another try: it would take as long again, and the first may still be computed.
            raise self._failures.too_slow("timeout_s") from error
        except httpx.HTTPError as error:
            raise PassingError(self._failures.unreachable(error)) from error
        if not response.is_success:
            raise self._failures.refusal(response)
        return response.content
