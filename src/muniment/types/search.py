"""Searches: modes, filters, and what a vector store answers."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from muniment.types.chunk import Chunk
from muniment.types.document import MetadataValue

if TYPE_CHECKING:  # importing numpy would cost every command line 0.1 s
    import numpy as np
    from numpy.typing import NDArray


class SearchMode(StrEnum):
    """Which index answers: embeddings, BM25, or both fused."""

    VECTOR = "vector"
    KEYWORD = "keyword"
    HYBRID = "hybrid"


class Operator(StrEnum):
    """How a metadata value is compared."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NIN = "nin"
    CONTAINS = "contains"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition on a metadata key; ``document_id`` and ``page`` are keys every chunk has."""

    key: str
    operator: Operator
    value: MetadataValue | tuple[MetadataValue, ...]


@dataclass(frozen=True, slots=True)
class Combination:
    """All (``every``) or any of the parts must hold."""

    every: bool
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part must not hold."""

    part: "Filter"


Filter = Comparison | Combination | Negation


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """One search of a vector index.

    ``vector`` (shape (dimension,), float32, unit length) is needed for vector and hybrid search,
    ``text`` for keyword and hybrid.
    """

    mode: SearchMode
    limit: int
    text: str = ""
    vector: "NDArray[np.float32] | None" = None
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class StoredHit:
    """A row a vector store found; ``score`` is higher for better, whatever the store's own sign."""

    id: int
    document_id: str
    chunk: Chunk
    score: float
    scores: dict[str, float] = field(default_factory=dict)
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
