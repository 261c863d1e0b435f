"""An index without a database: both are made with the first rows.

Loading Milvus takes 75 MB and a third of a second. As long as nothing is kept, nothing needs it.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from muniment.errors import StorageError
from muniment.protocols import IndexSpec, VectorIndex
from muniment.types import ChunkRow, StoredHit, VectorQuery


class Maker(Protocol):
    """What an unmade index needs of its store."""

    async def call(self, function: Callable[[IndexSpec], VectorIndex], spec: IndexSpec) -> VectorIndex:
        """Run a blocking function in a thread."""

    def make(self, spec: IndexSpec) -> VectorIndex:
        """The index, made when it is not there, with the database."""


class UnmadeIndex:
    """An index of a database that may not exist yet: empty until something is written.

    Attributes:
        aliases: what is to stand for it once it is made.
    """

    def __init__(self, store: Maker, spec: IndexSpec) -> None:
        self.spec = spec
        self.aliases: set[str] = set()
        self._store = store
        self._made: VectorIndex | None = None
        self._dropped = False

    def drop(self) -> None:
        """Never make it."""
        self._dropped = True

    async def upsert(self, rows: Sequence[ChunkRow]) -> None:
        """Write rows, the first ones into a new index; see the protocol.

        Raises:
            StorageError: code ``index_gone``, when it was dropped before anything was written.
        """
        if not rows:
            return
        if self._made is None:
            if self._dropped:
                raise StorageError(
                    f"Index {self.spec.name!r} is gone.",
                    code="index_gone",
                    hint="The collection was removed while rows were written to it.",
                )
            self._made = await self._store.call(self._store.make, self.spec)
        await self._made.upsert(rows)

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove rows; see the protocol."""
        if self._made is not None:
            await self._made.delete(ids)

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best rows; see the protocol."""
        return await self._made.search(query) if self._made is not None else []

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """Rows by id; see the protocol."""
        return await self._made.get(ids) if self._made is not None else []

    async def ids(self, document_id: str | None = None) -> set[int]:
        """Ids; see the protocol."""
        return await self._made.ids(document_id) if self._made is not None else set()
