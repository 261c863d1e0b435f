"""Reports of evaluations, the newest of each collection."""

import zlib

from sqlalchemy import delete, insert, select

from muniment.catalog.database import Database
from muniment.catalog.tables import evaluations

KEPT_REPORTS = 10
"""Of a collection; older ones are removed."""


class Evaluations:
    """Reports as JSON, which their readers understand; the catalog does not."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction

    def save(self, collection: str, report_id: str, generation: int, created_at: str, report: bytes) -> None:
        """Keep a report, in place of one with the same id, and forget those that are too many."""
        mine = evaluations.c.collection == collection
        newest = select(evaluations.c.id).where(mine).order_by(evaluations.c.created_at.desc())
        with self._transaction() as connection:
            connection.execute(delete(evaluations).where(mine, evaluations.c.id == report_id))
            connection.execute(
                insert(evaluations).values(
                    id=report_id,
                    collection=collection,
                    generation=generation,
                    created_at=created_at,
                    report=zlib.compress(report),
                )
            )
            kept = list(connection.scalars(newest.limit(KEPT_REPORTS)))
            connection.execute(delete(evaluations).where(mine, evaluations.c.id.not_in(kept)))

    def latest(self, collection: str, generation: int | None = None) -> bytes | None:
        """The newest report of the collection, or of one of its generations; None when there is none."""
        query = select(evaluations.c.report).where(evaluations.c.collection == collection)
        if generation is not None:
            query = query.where(evaluations.c.generation == generation)
        with self._transaction() as connection:
            found = connection.scalar(query.order_by(evaluations.c.created_at.desc()).limit(1))
        return zlib.decompress(found) if found is not None else None

    def remove(self, collection: str) -> None:
        """Forget all reports of a collection."""
        with self._transaction() as connection:
            connection.execute(delete(evaluations).where(evaluations.c.collection == collection))
