"""Embeds with any server that speaks OpenAI's ``/v1/embeddings``: vLLM, TEI, llama.cpp, another Muniment."""

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import tokenizers
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muniment.errors import SettingsError, UnavailableError
from muniment.protocols import Embedder, Provider, ProviderContext
from muniment.weights import resolve

_STAND_IN_TOKENIZER = "all-MiniLM-L6-v2"
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 20.0


class OpenAIEmbedderOptions(BaseModel):
    """Options of the provider ``openai``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(
        pattern=r"^https?://", description="Address up to and with `/v1`, such as `http://gpu:8000/v1`."
    )
    model: str = Field(min_length=1, description="The model's name at that server.")
    api_key_env: str | None = Field(default=None, description="Environment variable that holds the API key.")
    api_key_file: str | None = Field(default=None, description="File that holds the API key.")
    max_tokens: int = Field(default=512, ge=1, description="Longest text the model reads, in its tokens.")
    tokenizer_path: str | None = Field(
        default=None,
        description="The model's tokenizer.json; without it the packaged all-MiniLM-L6-v2's counts tokens.",
    )
    batch_size: int = Field(default=64, ge=1, le=2048, description="Texts sent in one request.")
    concurrency: int = Field(default=4, ge=1, le=64, description="Requests under way at a time.")
    timeout_s: float = Field(default=60.0, gt=0, description="Seconds a request may take.")
    retries: int = Field(default=4, ge=0, le=20, description="Further tries after a failure that may pass.")
    query_cache: int = Field(default=1024, ge=0, description="Queries whose vectors are remembered.")


class _Item(BaseModel):
    index: int
    embedding: list[float]


class _Reply(BaseModel):
    data: list[_Item]


class FileTokenizer:
    """A tokenizer read from a tokenizer.json."""

    def __init__(self, path: Path) -> None:
        try:
            self._inner = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise SettingsError(
                f"tokenizer_path {path} cannot be read: {error}", hint="Name the model's tokenizer.json."
            ) from error
        self._inner.no_padding()
        self._inner.no_truncation()

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The half-open character range of each token of ``text``, special tokens left out."""
        return list(self._inner.encode(text, add_special_tokens=False).offsets)

    def count(self, text: str) -> int:
        """How many tokens ``text`` has, special tokens left out."""
        return len(self._inner.encode_batch_fast([text], add_special_tokens=False)[0])


@dataclass(slots=True)
class _Endpoint:
    """The server, with patience: what may pass is tried again with growing pauses."""

    client: httpx.AsyncClient
    options: OpenAIEmbedderOptions

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of one batch."""
        body: dict[str, object] = {
            "model": self.options.model,
            "input": list(texts),
            "encoding_format": "float",
        }
        response = await self._post(body)
        return self._vectors(response, len(texts))

    async def _post(self, body: dict[str, object]) -> httpx.Response:
        pause = _FIRST_PAUSE_S
        for left in range(self.options.retries, -1, -1):
            try:
                response = await self.client.post("embeddings", json=body)
            except httpx.TransportError as error:
                if left == 0:
                    raise self._unavailable(str(error) or type(error).__name__) from error
            else:
                if response.is_success:
                    return response
                if response.status_code not in _RETRIED:
                    raise self._refused(response)
                if left == 0:
                    raise self._unavailable(f"HTTP {response.status_code}: {_said(response)}")
                pause = max(pause, _retry_after(response))
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_S))
            pause *= 2
        raise AssertionError("unreachable: the last try returns or raises")

    def _vectors(self, response: httpx.Response, count: int) -> NDArray[np.float32]:
        try:
            items = sorted(_Reply.model_validate_json(response.content).data, key=lambda item: item.index)
            vectors = np.array([item.embedding for item in items], np.float32)
        except (ValidationError, ValueError) as error:
            raise self._refused(response) from error
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
        if vectors.ndim != 2 or len(vectors) != count or not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise self._refused(response)
        unit: NDArray[np.float32] = vectors / lengths
        return unit

    def _unavailable(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"Embedding server {self.options.base_url} does not answer: {why}",
            code="embedder_unavailable",
            hint="Check that it runs and that `base_url` is right; what was asked for can be tried again.",
        )

    def _refused(self, response: httpx.Response) -> UnavailableError:
        return UnavailableError(
            f"Embedding server {self.options.base_url} did not embed with model {self.options.model!r}: "
            f"HTTP {response.status_code}: {_said(response)}",
            code="embedder_refused",
            hint="Check `model`, the API key, and that texts of `max_tokens` tokens fit the model.",
        )


class OpenAIEmbedder:
    """A remote embedding model; see the protocol Embedder for what its methods promise."""

    def __init__(
        self,
        name: str,
        options: OpenAIEmbedderOptions,
        endpoint: _Endpoint,
        tokenizer: FileTokenizer,
        dimension: int,
    ) -> None:
        self.name = name
        self.dimension = dimension
        self.max_tokens = options.max_tokens
        self.tokenizer = tokenizer
        identity = f"{options.model}\0{dimension}\0{options.max_tokens}"
        self.fingerprint = f"openai-{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
        self._options = options
        self._endpoint = endpoint
        self._slots = asyncio.Semaphore(options.concurrency)
        self._queries: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    async def load(self) -> None:
        """Nothing to load: the model is elsewhere."""

    async def embed_texts(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), unit length, in the order of ``texts``.

        Raises:
            UnavailableError: code ``embedder_unavailable`` or ``embedder_refused``.
        """
        size = self._options.batch_size
        cut = await asyncio.to_thread(lambda: [self._cut(text) for text in texts])
        parts = [cut[start : start + size] for start in range(0, len(cut), size)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._embed(part)) for part in parts]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # one batch's error speaks for all
        empty = np.empty((0, self.dimension), np.float32)
        return np.concatenate([empty, *(task.result() for task in tasks)])

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, shape (dimension,), unit length; cached."""
        known = self._queries.get(text)
        if known is not None:
            self._queries.move_to_end(text)
            return known
        vector: NDArray[np.float32] = (await self._embed([self._cut(text)]))[0]
        vector.setflags(write=False)
        self._queries[text] = vector
        while len(self._queries) > self._options.query_cache:
            self._queries.popitem(last=False)
        return vector

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.client.aclose()

    def _cut(self, text: str) -> str:
        """The text up to ``max_tokens``; a blank for an empty one, which servers refuse."""
        offsets = self.tokenizer.offsets(text)
        return text[: offsets[self.max_tokens - 1][1]] if len(offsets) > self.max_tokens else text or " "

    async def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        async with self._slots:
            return await self._endpoint.embed(texts)


async def _create(options: OpenAIEmbedderOptions, context: ProviderContext) -> Embedder:
    """Connect, and read the dimension from a first vector.

    Raises:
        SettingsError: code ``api_key_missing``, or the tokenizer cannot be read.
        UnavailableError: code ``embedder_unavailable`` or ``embedder_refused``.
    """
    key = _api_key(options)
    path = Path(options.tokenizer_path) if options.tokenizer_path else None
    path = path or await asyncio.to_thread(resolve, _STAND_IN_TOKENIZER, context.data_dir) / "tokenizer.json"
    tokenizer = await asyncio.to_thread(FileTokenizer, path)
    client = httpx.AsyncClient(
        base_url=options.base_url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=options.timeout_s,
    )
    endpoint = _Endpoint(client, options)
    try:
        probe = await endpoint.embed(["dimension"])
    except BaseException:
        await client.aclose()
        raise
    return OpenAIEmbedder(context.name or options.model, options, endpoint, tokenizer, probe.shape[1])


def _api_key(options: OpenAIEmbedderOptions) -> str | None:
    if options.api_key_env:
        key, place = os.environ.get(options.api_key_env, "").strip(), f"variable {options.api_key_env}"
    elif options.api_key_file:
        file = Path(options.api_key_file)
        key, place = file.read_text().strip() if file.is_file() else "", f"file {file}"
    else:
        return None
    if not key:
        raise SettingsError(
            f"The API key of embedding model {options.model!r} is not in {place}.",
            code="api_key_missing",
            hint="Set it there; keys are read from the environment or files alone.",
        )
    return key


def _retry_after(response: httpx.Response) -> float:
    """Seconds the server asks for; 0 when it does not say, or gives a date."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else 0.0


def _said(response: httpx.Response) -> str:
    text = " ".join(response.text.split())
    return text if len(text) <= 200 else text[:199] + "…"


PROVIDER: Provider[Embedder] = Provider(name="openai", options=OpenAIEmbedderOptions, create=_create)
