"""A collection that Llama Stack filled: read into memory, searched there, never written."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from muniment.errors import ConflictError, unknown_name
from muniment.protocols import AdoptedDocument
from muniment.providers.milvus.adopted_rows import SEPARATOR, AdoptedRow, AdoptedShape, read_rows, shape_of
from muniment.providers.milvus.connection import failures
from muniment.providers.milvus.index import Connection
from muniment.ranking import Attributes, Entry, ResidentIndex, terms_of
from muniment.types import ChunkRow, StoredHit, VectorQuery

if TYPE_CHECKING:
    from pymilvus import MilvusClient


@dataclass(frozen=True, slots=True)
class _Contents:
    """Everything in the collection at the time it was read; ``count`` as Milvus counted it then."""

    index: ResidentIndex
    rows: dict[int, AdoptedRow] = field(default_factory=dict)
    count: int = 0


class AdoptedMilvusIndex:
    """The collection's rows; vectors, BM25 and filters are computed in this process.

    Collections of 0.2.12 have no BM25 in Milvus, and none has metadata that Milvus could filter by.
    """

    def __init__(self, store: Connection, name: str, shape: AdoptedShape) -> None:
        self._store = store
        self._name = name
        self._shape = shape
        self._reading = threading.Lock()
        self._contents = _Contents(ResidentIndex(shape.dimension), count=-1)

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._shape.dimension

    def refresh(self) -> None:
        """Read the rows again when their number changed: the other server may still write."""
        client = self._store.client()
        with self._reading, failures(f"Collection {self._name!r}"):
            [counted] = client.query(self._name, filter="", output_fields=["count(*)"])
            if int(counted["count(*)"]) != self._contents.count:
                rows = read_rows(client, self._name, self._shape)
                self._contents = _searchable(rows, self._shape.dimension, int(counted["count(*)"]))

    async def upsert(self, rows: Sequence[ChunkRow]) -> None:
        """Refuse: ConflictError ``collection_adopted``."""
        raise self._refusal()

    async def delete(self, ids: Sequence[int]) -> None:
        """Refuse: ConflictError ``collection_adopted``."""
        raise self._refusal()

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best rows; see the protocol."""
        found: list[StoredHit] = await self._store.call(self._search, query)
        return found

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """Rows by id; see the protocol."""
        rows = self._contents.rows
        return [_hit(rows[number], 0.0, {}) for number in ids if number in rows]

    async def ids(self, document_id: str | None = None) -> set[int]:
        """Ids; see the protocol."""
        return self._contents.index.ids(document_id)

    async def documents(self) -> tuple[AdoptedDocument, ...]:
        """Every document, by name."""
        found: tuple[AdoptedDocument, ...] = await self._store.call(_documents, self._contents)
        return found

    def _search(self, query: VectorQuery) -> list[StoredHit]:
        contents = self._contents
        found = contents.index.search(query, self._store.options.fusion)
        return [_hit(contents.rows[one.id], one.score, one.scores) for one in found]

    def _refusal(self) -> ConflictError:
        return ConflictError(
            f"Collection {self._name!r} in Milvus was filled by another server and is only read here.",
            code="collection_adopted",
            hint="Declare a collection of your own for new documents.",
        )


def open_adopted(
    store: Connection, client: "MilvusClient", name: str, dimension: int, place: str
) -> AdoptedMilvusIndex:
    """Open and read a collection of the database at ``place``.

    Raises:
        NotFoundError: code ``unknown_adopted_collection``.
        ConflictError: code ``not_adoptable``.
    """
    timeout = store.options.timeout_s
    with failures(f"Milvus at {place}"):
        names = client.list_collections(timeout=timeout)
        if name not in names:
            raise unknown_name("Milvus collection", name, list(names), code="unknown_adopted_collection")
        shape = shape_of(client.describe_collection(name, timeout=timeout), name)
        if shape.dimension != dimension:
            raise ConflictError(
                f"Collection {name!r} holds vectors of {shape.dimension} dimensions; those of the embedding "
                f"model have {dimension}.",
                code="not_adoptable",
                hint="Set embedding_model to the model that the collection was filled with.",
            )
        client.load_collection(name, timeout=timeout)
    index = AdoptedMilvusIndex(store, name, shape)
    index.refresh()
    return index


def _searchable(rows: Sequence[AdoptedRow], dimension: int, count: int) -> _Contents:
    index = ResidentIndex(dimension)
    index.upsert(
        Entry(
            row.id,
            Attributes(row.document_id, (), row.metadata),
            terms_of(row.chunk.text, "", ()),
            row.vector,
        )
        for row in rows
    )
    return _Contents(index, {row.id: row for row in rows}, count)


def _documents(contents: _Contents) -> tuple[AdoptedDocument, ...]:
    found: dict[str, AdoptedDocument] = {}
    for row in contents.rows.values():
        before = found.get(row.document_id)
        found[row.document_id] = AdoptedDocument(
            id=row.document_id,
            name=row.document_name,
            chunks=before.chunks + 1 if before else 1,
            size=(before.size + len(SEPARATOR) if before else 0) + len(row.chunk.text),
            metadata=before.metadata if before else row.metadata,
        )
    return tuple(sorted(found.values(), key=lambda document: (document.name, document.id)))


def _hit(row: AdoptedRow, score: float, scores: dict[str, float]) -> StoredHit:
    return StoredHit(row.id, row.document_id, row.chunk, score, scores, dict(row.metadata))
