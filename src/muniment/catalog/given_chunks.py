"""Chunks that clients inserted directly; from here they are written again when the index loses them."""

from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, insert, select

from muniment.catalog.database import Database
from muniment.catalog.tables import given_chunks
from muniment.types import GivenChunk

_AT_A_TIME = 500
"""Ids in one statement, well under what SQLite takes."""


class GivenChunks:
    """The given chunks of all collections, by their row in the index."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction

    def save(self, collection: str, chunks: Sequence[GivenChunk]) -> None:
        """Write chunks, replacing those with the same id."""
        values = [
            {
                "collection": collection,
                "row_id": chunk.row_id,
                "chunk_id": _storable(chunk.chunk_id),
                "document_id": _storable(chunk.document_id),
                "title": _storable(chunk.title),
                "content": _storable(chunk.content),
                "metadata": chunk.metadata,
                "chunk_metadata": chunk.chunk_metadata,
                "vector": _packed(chunk.vector),
                "vector_of": chunk.vector_of,
            }
            for chunk in chunks
        ]
        with self._transaction() as connection:
            for start in range(0, len(values), _AT_A_TIME):
                part = values[start : start + _AT_A_TIME]
                ids = [value["row_id"] for value in part]
                mine = given_chunks.c.collection == collection
                connection.execute(delete(given_chunks).where(mine, given_chunks.c.row_id.in_(ids)))
                connection.execute(insert(given_chunks), part)

    def get(self, collection: str, row_ids: Sequence[int], *, vectors: bool = True) -> dict[int, GivenChunk]:
        """The chunks among these rows, by row id; on request without their vectors, the most of them."""
        found: dict[int, GivenChunk] = {}
        with self._transaction() as connection:
            for start in range(0, len(row_ids), _AT_A_TIME):
                query, names = _of_rows(len(row_ids[start : start + _AT_A_TIME]), vectors)
                # The last id fills the places that are left.
                last = min(start + _AT_A_TIME, len(row_ids)) - 1
                wanted = {name: row_ids[min(start + place, last)] for place, name in enumerate(names)}
                rows = connection.execute(query, {"collection": collection, **wanted})
                found |= {row.row_id: _chunk(row) for row in rows}
        return found

    def titles(self, collection: str) -> dict[int, str]:
        """Title of every chunk by row id."""
        query = select(given_chunks.c.row_id, given_chunks.c.title)
        with self._transaction() as connection:
            rows = connection.execute(query.where(given_chunks.c.collection == collection))
            return {row.row_id: row.title for row in rows}

    def page(self, collection: str, *, after: int = -1, limit: int = _AT_A_TIME) -> tuple[GivenChunk, ...]:
        """The next chunks by row id, from behind ``after``."""
        mine = given_chunks.c.collection == collection
        query = select(given_chunks).where(mine, given_chunks.c.row_id > after)
        with self._transaction() as connection:
            rows = connection.execute(query.order_by(given_chunks.c.row_id).limit(limit))
            return tuple(_chunk(row) for row in rows)

    def remove(self, collection: str, row_ids: Sequence[int] | None = None) -> None:
        """Forget these chunks, or all of the collection."""
        mine = given_chunks.c.collection == collection
        with self._transaction() as connection:
            if row_ids is None:
                connection.execute(delete(given_chunks).where(mine))
                return
            for start in range(0, len(row_ids), _AT_A_TIME):
                part = row_ids[start : start + _AT_A_TIME]
                connection.execute(delete(given_chunks).where(mine, given_chunks.c.row_id.in_(part)))

    def count(self, collection: str) -> int:
        """How many there are."""
        query = select(func.count()).select_from(given_chunks)
        with self._transaction() as connection:
            return connection.scalar(query.where(given_chunks.c.collection == collection)) or 0


@cache
def _of_rows(count: int, vectors: bool) -> tuple[Select[Any], tuple[str, ...]]:
    """The query for at least so many row ids, and the names of their places in it.

    Every search asks it: SQLAlchemy would take longer to spell out a list of ids than SQLite to find them,
    so the statement is made once for each power of two.
    """
    size = 1 << max(0, count - 1).bit_length()
    if size != count:
        return _of_rows(size, vectors)
    names = tuple(f"row_{place}" for place in range(size))
    mine = given_chunks.c.collection == bindparam("collection")
    wanted = given_chunks.c.row_id.in_([bindparam(name) for name in names])
    columns = [column for column in given_chunks.c if vectors or column is not given_chunks.c.vector]
    return select(*columns).where(mine, wanted), names


def _storable(text: str) -> str:
    """The text without what PostgreSQL keeps in none: the character NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _packed(vector: tuple[float, ...] | None) -> bytes | None:
    return None if vector is None else array("f", vector).tobytes()


def _chunk(row: Row[Any]) -> GivenChunk:
    vector = row._mapping.get("vector")
    return GivenChunk(
        chunk_id=row.chunk_id,
        content=row.content,
        document_id=row.document_id,
        metadata=row.metadata,
        chunk_metadata=row.chunk_metadata,
        vector=None if vector is None else tuple(array("f", vector)),
        vector_of=row.vector_of,
    )
