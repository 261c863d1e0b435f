"""A vector store in memory: exact, for tests and trials; nothing outlives the process."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import ConflictError, unknown_name
from muniment.protocols import AdoptedIndex, IndexSpec, Provider, ProviderContext, VectorIndex, VectorStore
from muniment.ranking import Attributes, Entry, Fusion, ResidentIndex, terms_of, to_8_bits
from muniment.types import ChunkRow, StoredHit, VectorQuery


class FakeVectorStoreOptions(BaseModel):
    """Options of the in-memory store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fusion: Fusion = Field(default=Fusion.WEIGHTED, description="How hybrid search joins its rankings.")


class FakeVectorIndex:
    """One index of the in-memory store."""

    def __init__(self, spec: IndexSpec, fusion: Fusion) -> None:
        self.spec = spec
        self._fusion = fusion
        self._rows: dict[int, ChunkRow] = {}
        self._resident = ResidentIndex(spec.dimension)

    async def upsert(self, rows: Sequence[ChunkRow]) -> None:
        """Write rows; see the protocol."""
        self._rows |= {row.id: row for row in rows}
        self._resident.upsert(
            Entry(
                row.id,
                Attributes(row.document_id, row.chunk.pages, row.metadata),
                terms_of(row.chunk.text, row.chunk.context, row.chunk.headings),
                row.vector,
                None if row.sentences is None else to_8_bits(row.sentences),
            )
            for row in rows
        )

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove rows; see the protocol."""
        for number in ids:
            self._rows.pop(number, None)
        self._resident.delete(ids)

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best rows; see the protocol."""
        found = self._resident.search(query, self._fusion)
        return [_hit(self._rows[one.id], one.score, one.scores) for one in found]

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """Rows by id; see the protocol."""
        return [_hit(self._rows[number], 0.0, {}) for number in ids if number in self._rows]

    async def ids(self, document_id: str | None = None) -> set[int]:
        """Ids; see the protocol."""
        return self._resident.ids(document_id)


def _hit(row: ChunkRow, score: float, scores: dict[str, float]) -> StoredHit:
    return StoredHit(row.id, row.document_id, row.chunk, score, scores, dict(row.metadata))


class FakeVectorStore:
    """Indexes by name, in memory."""

    def __init__(self, options: FakeVectorStoreOptions | None = None) -> None:
        self._options = options or FakeVectorStoreOptions()
        self._indexes: dict[str, FakeVectorIndex] = {}
        self.aliases: dict[str, str] = {}

    async def names(self) -> set[str]:
        """Names of the indexes that exist."""
        return set(self._indexes)

    async def open(self, spec: IndexSpec) -> VectorIndex:
        """Open or make the index; see the protocol.

        Raises:
            ConflictError: it exists with another dimension, embedding model or chunker.
        """
        index = self._indexes.setdefault(spec.name, FakeVectorIndex(spec, self._options.fusion))
        if index.spec != spec:
            raise ConflictError(
                f"Index {spec.name!r} was made as {index.spec}, not as {spec}.",
                code="index_mismatch",
                hint="Drop the index and ingest again, or use another name.",
            )
        return index

    async def adopt(self, name: str, dimension: int) -> AdoptedIndex:
        """Nobody else fills this store, so there is never anything to adopt.

        Raises:
            NotFoundError: code ``unknown_adopted_collection``.
        """
        raise unknown_name("collection to adopt", name, [], code="unknown_adopted_collection")

    async def point(self, alias: str, name: str) -> None:
        """Make the alias stand for the index; see the protocol."""
        if name not in self._indexes:
            raise unknown_name("index", name, list(self._indexes))
        self.aliases[alias] = name

    async def check(self) -> tuple[str, ...]:
        """It answers, and can do all; see the protocol."""
        return ()

    async def drop(self, name: str) -> None:
        """Remove the index, if there."""
        self._indexes.pop(name, None)
        self.aliases = {alias: target for alias, target in self.aliases.items() if target != name}

    async def aclose(self) -> None:
        """Nothing to let go of."""


async def _create(options: FakeVectorStoreOptions, context: ProviderContext) -> VectorStore:
    return FakeVectorStore(options)


PROVIDER = Provider("fake", FakeVectorStoreOptions, _create)
