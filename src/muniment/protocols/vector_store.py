"""Where chunks and vectors are kept and searched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from muniment.types import ChunkRow, StoredHit, VectorQuery


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """What an index holds. ``name`` uses letters, digits and underscores only."""

    name: str
    dimension: int
    embedding_fingerprint: str
    chunker_spec: str


class VectorIndex(Protocol):
    """One index: rows in, hits out."""

    async def upsert(self, rows: Sequence[ChunkRow]) -> None:
        """Write rows; a row with a known id is replaced. Durable and searchable on return.

        Raises:
            StorageError: disk full or store damaged.
            UnavailableError: the store does not answer.
        """

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove rows; ids that are not there are ignored."""

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best ``query.limit`` rows, best first; ties in a stable order."""

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """The rows with these ids (score 0), in the order of ``ids``; missing ones left out."""

    async def ids(self, document_id: str | None = None) -> set[int]:
        """All ids, or those of one document."""


class VectorStore(Protocol):
    """A place that holds indexes."""

    async def names(self) -> set[str]:
        """Names of the indexes that exist."""

    async def open(self, spec: IndexSpec) -> VectorIndex:
        """Open the index, making it first when it does not exist.

        Raises:
            ConflictError: code ``index_mismatch``, when it exists with another dimension.
            UnavailableError: code ``store_unavailable``.
        """

    async def drop(self, name: str) -> None:
        """Remove the index with all its rows; no error when it does not exist."""

    async def aclose(self) -> None:
        """Flush and let go."""
