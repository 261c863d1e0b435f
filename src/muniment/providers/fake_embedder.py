"""Embeds text as a hashed bag of words: deterministic, without a model, alike for texts that share words."""

import asyncio
import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from muniment.protocols import Embedder, Provider, ProviderContext

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w+")


class FakeEmbedderOptions(BaseModel):
    """Options of the provider ``fake``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dimension: int = Field(default=64, ge=2, le=4096, description="Length of the vectors.")
    max_tokens: int = Field(default=256, ge=1, description="Tokens of a text that count; the rest is cut.")


class FakeTokenizer:
    """Words and single punctuation marks are tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The half-open character range of each token of ``text``."""
        return [match.span() for match in _TOKEN.finditer(text)]

    def count(self, text: str) -> int:
        """How many tokens ``text`` has."""
        return len(_TOKEN.findall(text))


class FakeEmbedder:
    """Adds up one fixed random direction for each word, weighted by the root of its count."""

    def __init__(self, name: str, options: FakeEmbedderOptions) -> None:
        self.name = name
        self.dimension = options.dimension
        self.max_tokens = options.max_tokens
        self.fingerprint = f"fake-{options.dimension}-{options.max_tokens}"
        self.tokenizer = FakeTokenizer()

    async def load(self) -> None:
        """Nothing to load: there is no model."""

    async def embed_texts(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), unit length, in the order of ``texts``."""
        await asyncio.sleep(0)
        rows = [self._vector(text) for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), self.dimension)

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, shape (dimension,), unit length."""
        vector: NDArray[np.float32] = (await self.embed_texts([text]))[0]
        return vector

    async def aclose(self) -> None:
        """Nothing to free."""

    def _vector(self, text: str) -> NDArray[np.float64]:
        kept = self.tokenizer.offsets(text)[: self.max_tokens]
        words = Counter(_WORD.findall(text[: kept[-1][1]].casefold())) if kept else Counter[str]()
        total = _direction("", self.dimension) * 1e-3  # so that a text without words has a vector too
        for word, count in sorted(words.items()):
            total = total + math.sqrt(count) * _direction(word, self.dimension)
        unit: NDArray[np.float64] = total / np.linalg.norm(total)
        return unit


def _direction(word: str, dimension: int) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(dimension)


async def _create(options: FakeEmbedderOptions, context: ProviderContext) -> Embedder:
    return FakeEmbedder(context.name or "fake", options)


PROVIDER: Provider[Embedder] = Provider(name="fake", options=FakeEmbedderOptions, create=_create)
