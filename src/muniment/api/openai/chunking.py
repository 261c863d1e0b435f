"""How files are cut, as OpenAI's routes write it."""

from typing import Annotated, Literal

from pydantic import Field

from muniment.api.dialects.base import Dialect
from muniment.api.openai.body import Body
from muniment.api.wire.base import Wire
from muniment.errors import InputError
from muniment.types import StaticChunking

DEFAULT_SIZE = 800
DEFAULT_OVERLAP = 400


class AutoChunking(Body):
    """Cut along the document's own structure."""

    type: Literal["auto"] = "auto"


class ChunkSizes(Body):
    """Sizes in tokens of the collection's embedding model."""

    max_chunk_size_tokens: int = Field(default=DEFAULT_SIZE, ge=100, le=4096)
    chunk_overlap_tokens: int = Field(default=DEFAULT_OVERLAP, ge=0)
    """Tokens shared with the chunk before: at most half the size; less than it for Llama Stack and OGX."""


class FixedChunking(Body):
    """Cut in windows of a fixed size."""

    type: Literal["static"] = "static"
    static: ChunkSizes


ChunkingBody = Annotated[AutoChunking | FixedChunking, Field(discriminator="type")]


class AutoChunkingWire(Wire):
    """Cut along the document's own structure."""

    type: Literal["auto"] = "auto"


class ChunkSizesWire(Wire):
    """Sizes in tokens."""

    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class FixedChunkingWire(Wire):
    """Cut in windows of a fixed size."""

    type: Literal["static"] = "static"
    static: ChunkSizesWire


ChunkingWire = AutoChunkingWire | FixedChunkingWire


def chunking_of(written: AutoChunking | FixedChunking | None, dialect: Dialect) -> StaticChunking | None:
    """The sizes asked for; None for the collection's own way.

    Raises:
        InputError: code ``invalid_chunking``: too large an overlap.
    """
    if not isinstance(written, FixedChunking):
        return None
    size, overlap = written.static.max_chunk_size_tokens, written.static.chunk_overlap_tokens
    if overlap > size * dialect.largest_overlap or overlap >= size:
        raise InputError(
            f"chunk_overlap_tokens: {overlap} is too much for chunks of {size} tokens.",
            code="invalid_chunking",
            hint=f"Use {size // 2} or less: half of max_chunk_size_tokens.",
        )
    return StaticChunking(size, overlap)


def chunking_wire(chunking: StaticChunking | None, dialect: Dialect) -> AutoChunkingWire | FixedChunkingWire:
    """The strategy as it is sent. Files without one show the sizes that the dialect's clients expect."""
    if chunking is None and dialect.shows_auto_chunking:
        return AutoChunkingWire()
    shown = chunking or StaticChunking(DEFAULT_SIZE, DEFAULT_OVERLAP)
    sizes = ChunkSizesWire(max_chunk_size_tokens=shown.max_tokens, chunk_overlap_tokens=shown.overlap_tokens)
    return FixedChunkingWire(static=sizes)
