"""From text to vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Tokenizer(Protocol):
    """Counts and locates an embedding model's tokens, special tokens left out."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The half-open character range of each token of ``text``, in order."""

    def count(self, text: str) -> int:
        """How many tokens ``text`` has; quicker than its offsets."""


class Embedder(Protocol):
    """An embedding model."""

    @property
    def name(self) -> str:
        """The name the settings give it."""

    @property
    def dimension(self) -> int:
        """Length of its vectors, read from the model."""

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens, special tokens left out; what is longer is cut."""

    @property
    def fingerprint(self) -> str:
        """Changes when the same text would get another vector (weights, pooling, precision)."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokenizer, or the nearest thing to it for a remote model."""

    async def load(self) -> None:
        """Take the model into memory now, where that would wait for the first text.

        Raises:
            StorageError: code ``weights_damaged``.
        """

    async def embed_texts(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), unit length, in the order of ``texts``.

        ``urgent`` texts, for which somebody waits, are not queued behind those of an ingestion.

        Raises:
            UnavailableError: a remote model does not answer.
        """

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, shape (dimension,), unit length; cached."""

    async def aclose(self) -> None:
        """Free the model."""


@dataclass(frozen=True, slots=True)
class EmbeddedPassages:
    """Vectors of passages, shape (n, dimension), unit length; for each passage those of its sentences.

    ``sentences`` have shape (k, dimension) each, k from 0 on, in reading order; only their direction says
    something, and it compares with a query's vector.
    """

    vectors: NDArray[np.float32]
    sentences: tuple[NDArray[np.float32], ...]


@runtime_checkable
class SentenceEmbedder(Protocol):
    """What an Embedder may offer besides: vectors of a passage's sentences, from the same pass."""

    async def embed_passages(self, texts: Sequence[str], starts: Sequence[int]) -> EmbeddedPassages:
        """The vectors of ``embed_texts``, and those of the sentences behind ``starts`` characters of each.

        What stands before is the passage's context. Errors as ``embed_texts``.
        """


@dataclass(frozen=True, slots=True)
class TokenStates:
    """A text as a model read it, special tokens left out.

    Attributes:
        ids: token ids, shape (tokens,).
        layers: states of the tokens at some of the model's layers, shape (layers, tokens, dimension).
        vector: the text's vector, shape (dimension,), unit length.
    """

    ids: NDArray[np.int64]
    layers: NDArray[np.float32]
    vector: NDArray[np.float32]


@runtime_checkable
class TokenReader(Protocol):
    """An embedding model that also gives the states of a text's tokens."""

    @property
    def weights_sha256(self) -> str | None:
        """Which model it is, for those trained on its states; None when it gives no states."""

    async def read_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        """The token states of each text, for which somebody waits."""
