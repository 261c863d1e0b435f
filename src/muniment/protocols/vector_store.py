"""Where chunks and vectors are kept and searched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from muniment.types import ChunkRow, MetadataValue, StoredHit, VectorQuery


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


@dataclass(frozen=True, slots=True)
class AdoptedDocument:
    """A document of an adopted index, as far as its chunks tell: ``chunks`` of them, ``size`` characters."""

    id: str
    name: str
    chunks: int
    size: int
    metadata: dict[str, MetadataValue] = field(default_factory=dict)


class AdoptedIndex(VectorIndex, Protocol):
    """An index that another server filled: it is read as it is; writing raises ConflictError
    ``collection_adopted``.

    A document's text is the text of its chunks in order of ``ordinal``, at the places their spans name.
    """

    async def documents(self) -> tuple[AdoptedDocument, ...]:
        """Every document, by name."""


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

    async def adopt(self, name: str, dimension: int) -> AdoptedIndex:
        """Open what another server filled under this name; what came since the last call is seen.

        Raises:
            NotFoundError: code ``unknown_adopted_collection``, when there is none of that name.
            ConflictError: code ``not_adoptable``, when it has another shape or dimension.
            UnavailableError: code ``store_unavailable``.
        """

    async def point(self, alias: str, name: str) -> None:
        """Make the alias stand for the index, whatever it stood for before; ``names`` does not list it.

        Raises:
            NotFoundError: code ``unknown_index``, when there is no index of that name.
        """

    async def check(self) -> tuple[str, ...]:
        """Whether it answers; what it cannot do itself, and what is done instead, in plain words.

        Raises:
            UnavailableError: code ``store_unavailable``.
        """

    async def drop(self, name: str) -> None:
        """Remove the index with all its rows and aliases; no error when it does not exist."""

    async def aclose(self) -> None:
        """Flush and let go."""
