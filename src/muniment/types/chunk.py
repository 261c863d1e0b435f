"""Chunks: the unit that is embedded and retrieved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from muniment.types.document import MetadataValue, Span

if TYPE_CHECKING:  # importing numpy would cost every command line 0.1 s
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a parsed document.

    ``text`` is exactly ``text_of(document.text, spans)``: the document's text at ``spans``, joined by
    newlines where they do not touch. It is what may be quoted. ``context`` (document title and heading
    path) goes into embedding and keyword search with it, but never into a quote. ``headings`` is the whole
    path above its first text. ``ordinal`` counts from 0 within the document; ``tokens`` is the length of
    ``embedding_text``.
    """

    ordinal: int
    text: str
    context: str
    headings: tuple[str, ...]
    spans: tuple[Span, ...]
    tokens: int

    @property
    def embedding_text(self) -> str:
        """What the embedding model and the keyword index see."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    @property
    def pages(self) -> tuple[int, ...]:
        """The pages the chunk touches, ascending."""
        return tuple(sorted({span.page for span in self.spans if span.page is not None}))


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk with its identity and vector, as a vector store keeps it.

    ``vector`` has shape (dimension,), float32, unit length. ``sentences`` are vectors of the sentences of its
    text, shape (n, dimension), float32, where the embedding model gives any.
    """

    id: int
    document_id: str
    chunk: Chunk
    vector: "NDArray[np.float32]"
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    sentences: "NDArray[np.float32] | None" = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk retrieved for a query, with the scores it earned at each stage (higher is better).

    ``relevance`` is the probability, 0 to 1, that it is relevant to the question, where that was computed.
    ``collection`` is the one it was found in.
    """

    id: int
    document_id: str
    document_name: str
    chunk: Chunk
    score: float
    scores: dict[str, float] = field(default_factory=dict)
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    collection: str = ""
    relevance: float | None = None


def text_of(document_text: str, spans: Sequence[Span]) -> str:
    """The text at ``spans``: one that starts where the last ended continues it, others begin a line."""
    parts: list[str] = []
    before = None
    for span in spans:
        if before is not None and span.start != before:
            parts.append("\n")
        parts.append(document_text[span.start : span.end])
        before = span.end
    return "".join(parts)


def chunk_id(document_id: str, chunker_spec: str, ordinal: int) -> int:
    """The chunk's positive 63-bit id: the same work done twice gives the same id."""
    digest = blake2b(f"{document_id}\0{chunker_spec}\0{ordinal}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
