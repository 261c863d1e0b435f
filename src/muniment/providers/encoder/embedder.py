"""The encoder as an Embedder: tokenising beside inference, queries in micro-batches, a query cache.

Its graph is compiled when it is first needed, for it takes some 100 MB: a server that holds nothing yet does
without. What can be wrong with the model's files is looked at before.
"""

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from muniment.protocols import EmbeddedPassages, Embedder, ProviderContext, TokenStates
from muniment.providers.encoder.batches import (
    PASSAGE,
    URGENT,
    Ids,
    available_threads,
    batches,
    padded,
    tight_batches,
)
from muniment.providers.encoder.model_config import EncoderConfig, read_config
from muniment.providers.encoder.options import EncoderOptions, Precision
from muniment.providers.encoder.safetensors_file import SafetensorsFile
from muniment.providers.encoder.sentences import segments_of
from muniment.providers.encoder.tokens import EncoderTokenizer
from muniment.weights import resolve
from muniment.weights.checksum import ChecksumCache

if TYPE_CHECKING:
    from muniment.providers.encoder.engine import Computed, Engine

_TOKENISE_AT_ONCE = 64
_TOKENISE_IN_LOOP = 2_000  # characters: some 0.5 ms, about what handing them to a thread takes at worst
_LONGEST_QUERY_BATCH = 32
_KEPT_READINGS = 32  # queries whose token states are kept: a question is often read right after its search
_LONGEST_KEPT_READING = 64  # tokens, some 0.4 MB
_PASSAGE_CALLS = 4  # more at a time would only hold more texts in memory
_URGENT_CALLS = 4
_SENTENCE_NUMBERS = 3_072  # of a passage's sentences together: what a store keeps of them takes 4 kB
_MOST_SENTENCES = 8

# The tokenizer's own thread pool would fight the engine's threads, and warns when the process forks.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


async def create_embedder(options: EncoderOptions, context: ProviderContext) -> Embedder:
    """Find and check the model's files; what is computed is compiled at the first use.

    Raises:
        NotFoundError: code ``weights_missing`` or ``unknown_model``.
        StorageError: code ``weights_damaged``.
        InputError: code ``model_unsupported``.
    """
    return await asyncio.to_thread(_make, options, context)


def _make(options: EncoderOptions, context: ProviderContext) -> "EncoderEmbedder":
    folder = resolve(options.path or options.model or context.name, context.data_dir)
    config = read_config(folder)
    tokenizer = EncoderTokenizer(folder / "tokenizer.json", config.max_length)
    checksums = ChecksumCache(context.data_dir)
    fingerprint = _fingerprint(config, options.precision, checksums)
    sha256 = checksums.sha256(config.weights) if config.weights.suffix == ".safetensors" else None
    name = context.name or options.model or Path(folder).name
    engine = _EngineOnDemand(config, options)
    return EncoderEmbedder(name, config, tokenizer, engine, fingerprint, options, sha256)


class _EngineOnDemand:
    """The engine, compiled when it is first asked for. Methods may be called from any thread."""

    def __init__(self, config: EncoderConfig, options: EncoderOptions) -> None:
        self._config = config
        self._options = options
        self._engine: Engine | None = None
        self._making = threading.Lock()
        self.dimension = config.hidden_size
        if config.weights.suffix == ".safetensors":
            SafetensorsFile(config.weights).check()
        else:
            # An ONNX graph alone knows the length of what it puts out.
            self.dimension = self.get().dimension

    @property
    def made(self) -> "Engine | None":
        """The engine, if it was made, without waiting for it."""
        return self._engine

    def get(self) -> "Engine":
        """The engine; those who ask while it is compiled wait for it.

        Raises:
            StorageError: code ``weights_damaged``.
            InputError: code ``model_unsupported``.
        """
        with self._making:
            if self._engine is None:
                # OpenVINO takes a while to import: only those who embed pay for it.
                from muniment.providers.encoder.engine import Engine

                threads = self._options.threads or available_threads()
                self._engine = Engine(self._config, threads, self._options.precision)
            return self._engine

    def close(self) -> None:
        """End its threads, if it was made."""
        with self._making:
            if self._engine is not None:
                self._engine.close()


def _fingerprint(config: EncoderConfig, precision: Precision, checksums: ChecksumCache) -> str:
    """Everything that decides a vector. f32 and bf16 are one family: their vectors mix without loss."""
    family = "int8" if precision in ("auto", "int8") else "float"
    parts = (
        checksums.sha256(config.weights),
        checksums.sha256(config.folder / "tokenizer.json"),
        config.pooling,
        str(config.max_length),
        config.query_prompt,
        config.document_prompt,
        family,
    )
    return f"encoder-{family}-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class EncoderEmbedder:
    """An encoder model in this process; see the protocol Embedder for what its methods promise."""

    def __init__(
        self,
        name: str,
        config: EncoderConfig,
        tokenizer: EncoderTokenizer,
        engine: _EngineOnDemand,
        fingerprint: str,
        options: EncoderOptions,
        weights_sha256: str | None = None,
    ) -> None:
        self.name = name
        self.weights_sha256 = weights_sha256
        self.dimension = engine.dimension
        self.fingerprint = fingerprint
        self.tokenizer = tokenizer
        prompt = max(tokenizer.count(p) for p in (config.query_prompt, config.document_prompt))
        self.max_tokens = tokenizer.max_tokens - prompt
        self._config = config
        self._engine = engine
        self._max_batch_tokens = options.max_batch_tokens
        self._cache = _Cache(options.query_cache)
        # Threads of their own: behind many waiting ingestions, the loop's shared ones would keep a query out.
        self._urgent_threads = ThreadPoolExecutor(_URGENT_CALLS, "encoder-urgent")
        self._passage_threads = ThreadPoolExecutor(_PASSAGE_CALLS, "encoder-passages")
        self._read_queries: OrderedDict[str, TokenStates] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[NDArray[np.float32]]] = {}
        self._answering: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Compile the model's graph, unless it is; errors as ``create_embedder``."""
        await asyncio.get_running_loop().run_in_executor(self._urgent_threads, self._engine.get)

    async def embed_texts(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), unit length, in the order of ``texts``."""
        prompted = [self._config.document_prompt + text for text in texts]
        threads = self._urgent_threads if urgent else self._passage_threads
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, self._embed, prompted, URGENT if urgent else PASSAGE)

    async def embed_passages(self, texts: Sequence[str], starts: Sequence[int]) -> EmbeddedPassages:
        """Vectors as ``embed_texts`` gives, and those of sentences; see the protocol SentenceEmbedder."""
        prompt = self._config.document_prompt
        prompted = [prompt + text for text in texts]
        behind = [len(prompt) + start for start in starts]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._passage_threads, self._embed_passages, prompted, behind)

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, shape (dimension,); those that wait together are computed together."""
        known = self._cache.get(text)
        if known is not None:
            return known
        waiting = self._waiting.get(text)
        if waiting is None:
            waiting = self._waiting[text] = asyncio.get_running_loop().create_future()
        if self._answering is None:
            self._answering = asyncio.create_task(self._answer_waiting())
        # Shielded, so that one caller's cancellation does not take the vector from the others.
        return await asyncio.shield(waiting)

    async def read_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        """The states of each text's tokens; only for models whose graph puts them out."""
        known = {text: self._read_queries[text] for text in texts if text in self._read_queries}
        unread = [text for text in dict.fromkeys(texts) if text not in known]
        if unread:
            loop = asyncio.get_running_loop()
            read = await loop.run_in_executor(self._urgent_threads, self._read, unread)
            known |= dict(zip(unread, read, strict=True))
        return [known[text] for text in texts]

    def _read(self, texts: list[str]) -> list[TokenStates]:
        engine = self._engine.get()
        encoded = self.tokenizer.encode(texts)
        running = [
            (batch, engine.submit([encoded[i] for i in batch], URGENT, read=True))
            for batch in batches([len(ids) for ids in encoded], self._max_batch_tokens, engine.streams)
        ]
        read = {
            i: states
            for batch, future in running
            for i, states in zip(batch, future.result().states, strict=True)
        }
        return [read[i] for i in range(len(texts))]

    async def aclose(self) -> None:
        """Finish running batches and end the engine's threads."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._urgent_threads.shutdown()
        self._passage_threads.shutdown()
        self._engine.close()

    async def _answer_waiting(self) -> None:
        """Embed what waits until nothing does: no timer, a lone query goes at once."""
        try:
            while self._waiting:
                batch = dict(list(self._waiting.items())[:_LONGEST_QUERY_BATCH])
                try:
                    vectors = await self._embed_queries([self._config.query_prompt + text for text in batch])
                except Exception as error:
                    self._fail(batch, error)
                    continue
                for (text, future), vector in zip(batch.items(), vectors, strict=True):
                    self._cache.put(text, vector)
                    del self._waiting[text]
                    future.set_result(vector)
        finally:
            self._answering = None

    async def _embed_queries(self, prompted: list[str]) -> list[NDArray[np.float32]]:
        """The vectors of queries. Short ones are cut into tokens here, sooner than a thread would take them.

        A query is computed only with others of its width: padding can turn a rounding to int8, and a
        query's vector should not depend on who asks beside it.
        """
        loop = asyncio.get_running_loop()
        engine = self._engine.made
        if engine is None:
            engine = await loop.run_in_executor(self._urgent_threads, self._engine.get)
        if sum(map(len, prompted)) <= _TOKENISE_IN_LOOP:
            encoded = self.tokenizer.encode(prompted)
        else:
            encoded = await loop.run_in_executor(self._urgent_threads, self.tokenizer.encode, prompted)
        alike: dict[int, list[int]] = {}
        for place, ids in enumerate(encoded):
            alike.setdefault(padded(len(ids)), []).append(place)
        vectors = np.empty((len(prompted), self.dimension), np.float32)
        placed = [
            (
                [places[i] for i in batch],
                engine.submit([encoded[places[i]] for i in batch], URGENT, read=True),
            )
            for width, places in alike.items()
            for batch in batches([width] * len(places), self._max_batch_tokens)
        ]
        for places, future in placed:
            computed: Computed = await asyncio.wrap_future(future)
            vectors[places] = computed.vectors
            self._remember({prompted[i]: read for i, read in zip(places, computed.states, strict=False)})
        return list(vectors)

    def _remember(self, states: dict[str, TokenStates]) -> None:
        """Keep what was read of queries; long ones, which take much memory, are read again."""
        self._read_queries |= {
            text: one for text, one in states.items() if len(one.ids) <= _LONGEST_KEPT_READING
        }
        while len(self._read_queries) > _KEPT_READINGS:
            self._read_queries.popitem(last=False)

    def _fail(self, batch: dict[str, "asyncio.Future[NDArray[np.float32]]"], error: Exception) -> None:
        for text, future in batch.items():
            del self._waiting[text]
            future.set_exception(error)
            future.exception()  # seen, even when every caller has gone away

    def _embed(self, texts: list[str], priority: int) -> NDArray[np.float32]:
        """Tokenise slice by slice, longest texts first, while the engine computes earlier slices."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        engine = self._engine.get()
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        running: list[tuple[list[int], Future[Computed]]] = []
        for start in range(0, len(order), _TOKENISE_AT_ONCE):
            part = order[start : start + _TOKENISE_AT_ONCE]
            encoded = self.tokenizer.encode([texts[i] for i in part])
            lengths = [len(ids) for ids in encoded]
            divided = tight_batches if priority == URGENT else batches
            for batch in divided(lengths, self._max_batch_tokens, engine.streams):
                future = engine.submit([encoded[i] for i in batch], priority)
                running.append(([part[i] for i in batch], future))
        for rows, future in running:
            vectors[rows] = future.result().vectors
        return vectors

    def _embed_passages(self, texts: list[str], starts: list[int]) -> EmbeddedPassages:
        """As ``_embed``, with sentences."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        sentences = [np.zeros((0, self.dimension), np.float32)] * len(texts)
        engine = self._engine.get()
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        running: list[tuple[list[int], Future[Computed]]] = []
        for start in range(0, len(order), _TOKENISE_AT_ONCE):
            part = order[start : start + _TOKENISE_AT_ONCE]
            encoded, segments = self._segmented([texts[i] for i in part], [starts[i] for i in part])
            for batch in batches([len(ids) for ids in encoded], self._max_batch_tokens, engine.streams):
                asked = [segments[i] for i in batch] if engine.local else None
                future = engine.submit([encoded[i] for i in batch], PASSAGE, asked)
                running.append(([part[i] for i in batch], future))
        for rows, future in running:
            computed = future.result()
            vectors[rows] = computed.vectors
            for row, own in zip(rows, computed.sentences, strict=False):
                sentences[row] = own
        return EmbeddedPassages(vectors, tuple(sentences))

    def _segmented(self, texts: list[str], starts: list[int]) -> tuple[list[Ids], list[Ids]]:
        """Token ids of each text, and the sentence each token belongs to."""
        most = max(1, min(_MOST_SENTENCES, _SENTENCE_NUMBERS // self.dimension))
        encoded = self.tokenizer.encode_with_offsets(texts)
        marks = [
            segments_of(text, offsets, start, most, self.tokenizer.framed)
            for text, start, (_, offsets) in zip(texts, starts, encoded, strict=True)
        ]
        return [ids for ids, _ in encoded], marks


class _Cache:
    """Vectors of the last queries; read-only, because callers share them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def get(self, text: str) -> NDArray[np.float32] | None:
        vector = self._vectors.get(text)
        if vector is not None:
            self._vectors.move_to_end(text)
        return vector

    def put(self, text: str, vector: NDArray[np.float32]) -> None:
        vector.setflags(write=False)
        self._vectors[text] = vector
        while len(self._vectors) > self._size:
            self._vectors.popitem(last=False)
