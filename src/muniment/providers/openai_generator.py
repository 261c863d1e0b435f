"""Any OpenAI-compatible chat endpoint: vLLM, llama.cpp's server, and others; streaming."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from muniment.errors import InputError, MunimentError, SettingsError, TimeoutExceededError, UnavailableError
from muniment.protocols import Generator, Prompt, Provider, ProviderContext

Got = TypeVar("Got")

_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 20.0
_TOO_LONG = (
    "context length",
    "context size",
    "maximum context",
    "too long",
    "context_length",
    "max_model_len",
)
_SHOWN_CHARACTERS = 300


class OpenAIGeneratorOptions(BaseModel):
    """Options of a generator behind an OpenAI-compatible endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="Address up to and including `/v1`, such as `http://gpu1:8000/v1`.")
    model: str | None = Field(
        default=None, description="The endpoint's name of the model; may be omitted when it serves only one."
    )
    api_key_env: str | None = Field(default=None, description="Environment variable that holds the key.")
    api_key_file: Path | None = Field(default=None, description="File that holds the key.")
    connect_timeout_s: float = Field(default=5.0, gt=0, description="Seconds to connect.")
    first_token_timeout_s: float = Field(default=60.0, gt=0, description="Seconds until the first token.")
    token_timeout_s: float = Field(default=30.0, gt=0, description="Seconds between two tokens.")
    retries: int = Field(default=2, ge=0, le=10, description="Further tries before the first token.")
    retry_pause_s: float = Field(
        default=0.5, ge=0, description="Seconds before the first retry; doubled each time."
    )
    context_tokens: int = Field(
        default=8192, ge=512, description="The model's context in tokens, answer included."
    )
    fallback: str | None = Field(
        default=None, description="Name of the generator that is asked when this one cannot begin."
    )

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_key(self) -> "OpenAIGeneratorOptions":
        if self.api_key_env and self.api_key_file:
            raise ValueError("give api_key_env or api_key_file, not both")
        return self


class OpenAIGenerator:
    """Streams chat completions; tries again only while nothing has been received."""

    def __init__(self, name: str, options: OpenAIGeneratorOptions, api_key: str = "") -> None:
        self._name = name
        self._options = options
        self._key = api_key
        self._model = options.model
        timeout = httpx.Timeout(None, connect=options.connect_timeout_s)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)

    @property
    def name(self) -> str:
        """The name the settings give it."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """As the options say."""
        return self._options.context_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer's text as the endpoint sends it.

        Raises:
            UnavailableError: ``generator_unavailable`` (cannot be reached, server error, stream broke)
                or ``generator_refused`` (4xx, with the server's message).
            TimeoutExceededError: ``generator_timeout``.
            InputError: ``prompt_too_long``.
        """
        for attempt in range(self._options.retries + 1):
            begun = False
            try:
                async for piece in self._attempt(prompt):
                    begun = True
                    yield piece
                return
            except _PassingError as failure:
                if begun or attempt == self._options.retries:
                    raise failure.error from failure.__cause__
                pause = self._options.retry_pause_s * 2**attempt
                await asyncio.sleep(min(max(pause, failure.retry_after), _LONGEST_PAUSE))

    async def check(self) -> None:
        """Whether the endpoint answers and serves the model.

        Raises:
            UnavailableError: it does not.
        """
        served = await self._served()
        wanted = self._options.model
        if wanted and wanted not in served:
            raise self._no_such_model(wanted, served)
        self._model = wanted or self._only(served)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _attempt(self, prompt: Prompt) -> AsyncIterator[str]:
        if self._model is None:
            self._model = self._only(await self._served())
        body = {
            "model": self._model,
            "messages": [{"role": role, "content": content} for role, content in prompt.messages],
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "stream": True,
        }
        deadline = _now() + self._options.first_token_timeout_s
        response: httpx.Response | None = None
        try:
            request = self._client.build_request("POST", self._url("chat/completions"), json=body)
            response = await _before(deadline, self._client.send(request, stream=True))
            if response.status_code >= 400:
                await _before(deadline, response.aread())
                raise self._refusal(response)
            async for piece in self._pieces(response, deadline):
                yield piece
        except (TimeoutError, httpx.TimeoutException) as error:
            raise _PassingError(self._too_slow(error)) from error
        except httpx.HTTPError as error:
            raise _PassingError(self._unreachable(type(error).__name__, error)) from error
        finally:
            if response is not None:
                await response.aclose()

    async def _pieces(self, response: httpx.Response, deadline: float) -> AsyncIterator[str]:
        """The text of each server-sent event; ends at ``[DONE]`` or with a finish reason.

        Only our own waiting counts against the deadline, not a slow reader of the pieces.
        """
        finished = False
        lines = response.aiter_lines()
        while (line := await _before(deadline, anext(lines, None))) is not None:
            data = line[5:].strip() if line.startswith("data:") else ""
            if data == "[DONE]":
                return
            if not data:
                continue
            event = _parsed(data)
            if event is None or "error" in event:
                told = self._safe(_message(event) if event else data)
                raise _PassingError(self._unreachable(f"it sent an error in the stream: {told}"))
            try:
                choices = [_piece_of(choice) for choice in event.get("choices") or []]
            except (AttributeError, TypeError) as error:
                why = f"it sent no part of a chat completion: {self._safe(data[:200])}"
                raise _PassingError(self._unreachable(why)) from error
            for piece, ends in choices:
                finished = finished or ends
                if piece:
                    yield piece
                    deadline = _now() + self._options.token_timeout_s
        if not finished:
            raise _PassingError(self._unreachable("the stream ended before the answer did"))

    async def _served(self) -> list[str]:
        try:
            response = await self._client.get(self._url("models"), timeout=self._options.connect_timeout_s)
        except httpx.TimeoutException as error:
            raise _PassingError(self._too_slow(error)).error from error
        except httpx.HTTPError as error:
            raise self._unreachable(type(error).__name__, error) from error
        if response.status_code >= 400:
            raise self._error_of(response)
        listing = _parsed(response.text) or {}
        return [str(model.get("id")) for model in listing.get("data") or []]

    def _only(self, served: list[str]) -> str:
        if len(served) == 1:
            return served[0]
        raise UnavailableError(
            f"Generator {self._name!r} names no model and {self._options.base_url} serves {len(served)}: "
            f"{', '.join(served) or 'none'}.",
            code="generator_unavailable",
            hint="Set `model` to one of them.",
        )

    def _refusal(self, response: httpx.Response) -> Exception:
        error = self._error_of(response)
        if response.status_code in _RETRIED and not isinstance(error, InputError):
            return _PassingError(error, _seconds(response.headers.get("retry-after", "")))
        return error

    def _error_of(self, response: httpx.Response) -> MunimentError:
        told = self._safe(_message(_parsed(response.text)) or response.text.strip())
        status = response.status_code
        if status in (400, 413, 422) and any(word in told.lower() for word in _TOO_LONG):
            return InputError(
                f"The prompt is too long for generator {self._name!r}: {told}",
                code="prompt_too_long",
                hint="Lower the collection's `top_k`, or set `context_tokens` to what the model has.",
            )
        said = f"{self._options.base_url} answered {status}: {told or 'nothing more'}"
        if status >= 500 or status in _RETRIED:
            return UnavailableError(
                f"Generator {self._name!r} cannot answer. {said}",
                code="generator_unavailable",
                hint="Look at the endpoint's log; declare a `fallback` to be safe from this.",
            )
        hint = {
            401: "Set the key with `api_key_env` or `api_key_file`.",
            403: "The key may not use this model.",
        }
        return UnavailableError(
            f"Generator {self._name!r} was refused. {said}",
            code="generator_refused",
            hint=hint.get(status, "Check `base_url` and `model`; GET /v1/models lists what is served."),
        )

    def _no_such_model(self, wanted: str, served: list[str]) -> UnavailableError:
        return UnavailableError(
            f"Generator {self._name!r}: {self._options.base_url} does not serve {wanted!r}; it serves "
            f"{', '.join(served) or 'nothing'}.",
            code="generator_refused",
            hint="Set `model` to one of them.",
        )

    def _too_slow(self, error: BaseException) -> TimeoutExceededError:
        connecting = isinstance(error, httpx.ConnectTimeout)
        limit = "connect_timeout_s" if connecting else "first_token_timeout_s or token_timeout_s"
        return TimeoutExceededError(
            f"Generator {self._name!r} at {self._options.base_url} did not answer within its time limit.",
            code="generator_timeout",
            hint=f"Look whether the endpoint is overloaded, or raise `{limit}`.",
        )

    def _unreachable(self, what: str, error: Exception | None = None) -> UnavailableError:
        detail = f"{what}: {self._safe(str(error))}" if error is not None and str(error) else what
        return UnavailableError(
            f"Generator {self._name!r} at {self._options.base_url} cannot be had: {detail}.",
            code="generator_unavailable",
            hint="Start the endpoint or mend `base_url`; declare a `fallback` to be safe from this.",
        )

    def _safe(self, text: str) -> str:
        """A server's words without the key, should it echo it, and cut to a readable length."""
        return (text.replace(self._key, "***") if self._key else text)[:_SHOWN_CHARACTERS]

    def _url(self, path: str) -> str:
        return f"{self._options.base_url}/{path}"


class _PassingError(Exception):
    """A failure that may pass: worth another try while nothing has been received."""

    def __init__(self, error: MunimentError, retry_after: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after = retry_after


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _before(deadline: float, awaitable: Awaitable[Got]) -> Got:
    """The awaitable's result; TimeoutError when the deadline comes first."""
    async with asyncio.timeout_at(deadline):
        return await awaitable


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _piece_of(choice: dict[str, Any]) -> tuple[str, bool]:
    """Text of one choice of an event, and whether the answer ends there; TypeError when it has no text."""
    piece = (choice.get("delta") or {}).get("content") or ""
    if not isinstance(piece, str):
        raise TypeError(f"content is {type(piece).__name__}, not text")
    return piece, bool(choice.get("finish_reason"))


def _message(body: dict[str, Any] | None) -> str:
    """The message of an error body in any of the forms that servers send."""
    if not body:
        return ""
    error = body.get("error", body)
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return error if isinstance(error, str) else json.dumps(error)


def _seconds(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


def read_key(options: OpenAIGeneratorOptions, name: str) -> str:
    """The key from the environment or the file; empty when none is declared.

    Raises:
        SettingsError: code ``secret_missing``.
    """
    if options.api_key_env:
        key = os.environ.get(options.api_key_env, "").strip()
        where = f"environment variable {options.api_key_env}"
    elif options.api_key_file:
        file = options.api_key_file
        key = file.read_text("utf-8").strip() if file.is_file() else ""
        where = f"file {file}"
    else:
        return ""
    if not key:
        raise SettingsError(
            f"Generator {name!r}: the {where} holds no key.",
            code="secret_missing",
            hint=f"Put the key into the {where}.",
        )
    return key


async def _create(options: OpenAIGeneratorOptions, context: ProviderContext) -> Generator:
    name = context.name or "openai"
    return OpenAIGenerator(name, options, read_key(options, name))


PROVIDER: Provider[Generator] = Provider("openai", OpenAIGeneratorOptions, _create)
