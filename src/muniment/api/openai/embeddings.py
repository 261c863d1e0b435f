"""Vectors of texts."""

import asyncio
import base64
from typing import Literal

import numpy as np
from fastapi import Request
from numpy.typing import NDArray
from pydantic import Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.openai.body import Body
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.errors import InputError
from muniment.protocols import Embedder

router = Router(prefix="/embeddings", tags=["embeddings"])

MAX_TEXTS = 2048
AT_A_TIME = 64


class EmbeddingRequest(Body):
    """Texts to embed."""

    model: str = Field(examples=["all-MiniLM-L6-v2"])
    """An embedding model's name; what stands before its last `/` may be left out or be anything."""
    input: str | list[str] | list[int] | list[list[int]] = Field(examples=["annual leave"])
    """A text, or up to 2,048 of them. Lists of tokens are refused: they are those of another model."""
    encoding_format: Literal["float", "base64"] | None = None
    """`base64` is that of 32-bit floats, little-endian."""
    dimensions: int | None = Field(default=None, ge=1)
    """Must be the model's own; vectors are not cut."""
    user: str | None = None
    """Ignored."""

    @property
    def texts(self) -> list[str]:
        """The texts.

        Raises:
            InputError: codes ``tokens_not_taken``, ``invalid_input``.
        """
        texts = [self.input] if isinstance(self.input, str) else self.input
        if not texts or len(texts) > MAX_TEXTS:
            raise InputError(
                f"input: holds {len(texts)} texts.", hint=f"Send 1 to {MAX_TEXTS} texts in one request."
            )
        strings = [text for text in texts if isinstance(text, str)]
        if len(strings) != len(texts):
            raise InputError(
                "input: lists of tokens cannot be embedded, only texts.",
                code="tokens_not_taken",
                hint="Send the text itself; langchain's OpenAIEmbeddings does with "
                "check_embedding_ctx_length=False.",
            )
        return strings


class EmbeddingWire(Wire):
    """The vector of one text."""

    object: Literal["embedding"] = "embedding"
    embedding: list[float] | str
    """Of unit length."""
    index: int


class EmbeddingUsage(Wire):
    """Tokens of the texts, counted by the model's own tokenizer."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Wire):
    """The vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    data: tuple[EmbeddingWire, ...]
    model: str
    usage: EmbeddingUsage


@router.post(
    "",
    summary="Embed texts",
    operation_id="create_embeddings",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 504),
)
async def create_embeddings(asked: EmbeddingRequest, request: Request, services: ServicesOf) -> EmbeddingList:
    """With any embedding model that is declared or packaged. What is longer than the model takes is cut."""
    texts = asked.texts
    embedder = await services.embedding_models.get(asked.model)
    if asked.dimensions is not None and asked.dimensions != embedder.dimension:
        raise InputError(
            f"dimensions: {embedder.name!r} has {embedder.dimension}, not {asked.dimensions}.",
            code="wrong_dimension",
            hint=f"Leave it out, or give {embedder.dimension}.",
        )
    vectors = await until_disconnect(request, _embedded(embedder, texts))
    count = embedder.tokenizer.count
    tokens = await asyncio.to_thread(lambda: sum(count(text) for text in texts))
    encoded = [_encoded(vector, asked.encoding_format or "float") for vector in vectors]
    return EmbeddingList(
        data=tuple(EmbeddingWire(embedding=value, index=index) for index, value in enumerate(encoded)),
        model=asked.model,
        usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens),
    )


async def _embedded(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    """Vectors of the texts, shape (len(texts), dimension)."""
    parts = [texts[start : start + AT_A_TIME] for start in range(0, len(texts), AT_A_TIME)]
    return np.concatenate([await embedder.embed_texts(part, urgent=True) for part in parts])


def _encoded(vector: NDArray[np.float32], encoding: Literal["float", "base64"]) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    values: list[float] = vector.tolist()
    return values
