"""The connection to an OpenAI-compatible endpoint: requests, retries, time limits."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import aclosing
from typing import TypeVar

import httpx

from muniment.endpoints import PassingError
from muniment.errors import MunimentError
from muniment.protocols import JsonObject
from muniment.protocols.chat_chunks import ends_choice, says_something, text_of
from muniment.providers.openai_generator.failures import Failures, parsed
from muniment.providers.openai_generator.options import OpenAIGeneratorOptions

Got = TypeVar("Got")

_LONGEST_PAUSE = 20.0
_STREAM_LIMITS = "first_token_timeout_s or token_timeout_s"
_WHOLE_LIMIT = "completion_timeout_s"


class Endpoint:
    """Sends requests for one model; tries again only while nothing has been received.

    The errors of ``complete`` and ``stream`` are those of the protocol CompletionModel.
    """

    def __init__(self, name: str, options: OpenAIGeneratorOptions, api_key: str) -> None:
        self._options = options
        self._failures = Failures(name, options, api_key)
        self._model = options.model
        self._tokenizes = True
        timeout = httpx.Timeout(None, connect=options.connect_timeout_s)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)

    @property
    def model(self) -> str | None:
        """The endpoint's name of the model; None while it has not been asked for its only one."""
        return self._model

    async def check(self) -> None:
        """Whether the endpoint answers and serves the model.

        Raises:
            UnavailableError: it does not.
        """
        served = await self._served()
        wanted = self._options.model
        if wanted and wanted not in served:
            raise self._failures.no_such_model(wanted, served)
        self._model = wanted or self._failures.only(served)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """Tokens of each text by the model's own tokenizer, as vLLM and llama.cpp's server count them.

        None when the endpoint has no ``/tokenize`` or does not answer; it is not asked again then.
        """
        if not self._tokenizes:
            return None
        try:
            return [await self._tokens(text) for text in texts]
        except (httpx.HTTPError, MunimentError, ValueError, TypeError):
            self._tokenizes = False
            return None

    async def _tokens(self, text: str) -> int:
        """``prompt`` is what vLLM reads, ``content`` what llama.cpp does."""
        url = f"{self._options.base_url.removesuffix('/v1')}/tokenize"
        body = {"prompt": text, "content": text, "add_special_tokens": False}
        if self._model:
            body["model"] = self._model
        response = await self._client.post(url, json=body, timeout=self._options.connect_timeout_s)
        tokens = (parsed(response.text) or {}).get("tokens") if response.status_code < 400 else None
        if not isinstance(tokens, list):
            raise ValueError("no tokens")
        return len(tokens)

    async def complete(self, path: str, request: JsonObject) -> JsonObject:
        """The answer to a request as a whole; ``path`` is relative to the base URL."""
        whole = {key: value for key, value in request.items() if key not in ("stream", "stream_options")}
        built = await self._built(path, whole)
        for attempt in range(self._options.retries + 1):
            try:
                return await self._whole(built)
            except PassingError as failure:
                await self._pause(attempt, failure)
        raise AssertionError("the last attempt returns or raises")

    async def stream(self, path: str, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The answer in chunks. Those that say nothing are kept back until one says something."""
        built = await self._built(path, {**request, "stream": True})
        for attempt in range(self._options.retries + 1):
            silent: list[JsonObject] = []
            begun = False
            try:
                async with aclosing(self._chunks(built)) as chunks:
                    async for chunk in chunks:
                        begun = begun or says_something(chunk)
                        silent.append(chunk)
                        while begun and silent:
                            yield silent.pop(0)
                for chunk in silent:
                    yield chunk
                return
            except PassingError as failure:
                if begun:
                    raise failure.error from failure.__cause__
                await self._pause(attempt, failure)

    async def _built(self, path: str, request: JsonObject) -> httpx.Request:
        if self._model is None:
            self._model = self._failures.only(await self._served())
        body = {**request, "model": self._model}
        try:
            return self._client.build_request("POST", self._url(path), json=body)
        except ValueError as error:
            raise self._failures.refused_request(f"It cannot be written as JSON: {error}") from error

    async def _pause(self, attempt: int, failure: PassingError) -> None:
        """Wait before the next attempt; raises the failure's error when there is none."""
        if attempt == self._options.retries:
            raise failure.error from failure.__cause__
        pause = self._options.retry_pause_s * 2**attempt
        await asyncio.sleep(min(max(pause, failure.retry_after), _LONGEST_PAUSE))

    async def _whole(self, request: httpx.Request) -> JsonObject:
        deadline = _now() + self._options.completion_timeout_s
        try:
            response = await _before(deadline, self._client.send(request))
        except httpx.ConnectTimeout as error:
            raise PassingError(self._failures.too_slow(error, _WHOLE_LIMIT)) from error
        except TimeoutError as error:
            # Not worth another try: it would take as long again, and the first may still be computed.
            raise self._failures.too_slow(error, _WHOLE_LIMIT) from error
        except httpx.HTTPError as error:
            raise PassingError(self._failures.unreachable(type(error).__name__, error)) from error
        if response.status_code >= 400:
            raise self._failures.refusal(response)
        body = parsed(response.text)
        choices = body.get("choices") if body else None
        if body is None or not isinstance(choices, list) or not all(isinstance(c, dict) for c in choices):
            raise self._failures.no_completion(response.text)
        return body

    async def _chunks(self, request: httpx.Request) -> AsyncGenerator[JsonObject, None]:
        deadline = _now() + self._options.first_token_timeout_s
        response: httpx.Response | None = None
        try:
            response = await _before(deadline, self._client.send(request, stream=True))
            if response.status_code >= 400:
                await _before(deadline, response.aread())
                raise self._failures.refusal(response)
            async for chunk in self._events(response, deadline):
                yield chunk
        except (TimeoutError, httpx.TimeoutException) as error:
            raise PassingError(self._failures.too_slow(error, _STREAM_LIMITS)) from error
        except httpx.HTTPError as error:
            raise PassingError(self._failures.unreachable(type(error).__name__, error)) from error
        finally:
            if response is not None:
                await response.aclose()

    async def _events(self, response: httpx.Response, deadline: float) -> AsyncIterator[JsonObject]:
        """The JSON of each server-sent event; ends at ``[DONE]`` or with a finish reason.

        Only our own waiting counts against the deadline, not a slow reader of the chunks.
        """
        finished = False
        lines = response.aiter_lines()
        while (line := await _before(deadline, anext(lines, None))) is not None:
            data = line[5:].strip() if line.startswith("data:") else ""
            if data == "[DONE]":
                return
            if not data:
                continue
            chunk = parsed(data)
            if chunk is None or chunk.get("error"):
                raise self._failures.broken_stream(chunk, data)
            try:
                says = says_something(chunk)
                text_of(chunk)
                finished = finished or ends_choice(chunk)
            except (AttributeError, TypeError) as error:
                raise self._failures.no_completion(data) from error
            yield chunk
            if says:
                deadline = _now() + self._options.token_timeout_s
        if not finished:
            raise PassingError(self._failures.unreachable("the stream ended before the answer did"))

    async def _served(self) -> list[str]:
        try:
            response = await self._client.get(self._url("models"), timeout=self._options.connect_timeout_s)
        except httpx.TimeoutException as error:
            raise self._failures.too_slow(error, "connect_timeout_s") from error
        except httpx.HTTPError as error:
            raise self._failures.unreachable(type(error).__name__, error) from error
        if response.status_code >= 400:
            raise self._failures.error_of(response)
        listing = parsed(response.text) or {}
        return [str(model.get("id")) for model in listing.get("data") or []]

    def _url(self, path: str) -> str:
        return f"{self._options.base_url}/{path}"


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _before(deadline: float, awaitable: Awaitable[Got]) -> Got:
    """The awaitable's result; TimeoutError when the deadline comes first."""
    async with asyncio.timeout_at(deadline):
        return await awaitable
