"""JSON objects that clients have kept: prompts, conversations, responses, agents and so on."""

import time

from sqlalchemy import and_, delete, insert, select, update

from muniment.catalog.database import Database
from muniment.catalog.tables import resources
from muniment.types import JsonObject, Resource


class Resources:
    """One table for all kinds; what an object means is its dialect's business."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction

    def add(self, kind: str, items: list[tuple[str, JsonObject]], *, parent: str = "") -> None:
        """Keep new objects by id, in this order. An id there is already is replaced in its place."""
        with self._transaction() as connection:
            for item_id, body in items:
                found = connection.execute(
                    update(resources)
                    .where(resources.c.kind == kind, resources.c.id == item_id)
                    .values(body=body, parent=parent)
                )
                if found.rowcount:
                    continue
                connection.execute(
                    insert(resources).values(
                        kind=kind, id=item_id, parent=parent, created_at=int(time.time()), body=body
                    )
                )

    def get(self, kind: str, item_id: str) -> Resource | None:
        """The object, or None."""
        query = select(resources).where(resources.c.kind == kind, resources.c.id == item_id)
        with self._transaction() as connection:
            row = connection.execute(query).first()
        return Resource(**row._mapping) if row else None

    def ending(self, kind: str, suffix: str) -> Resource | None:
        """The oldest object whose id ends so, or None."""
        matches = resources.c.id.endswith(suffix, autoescape=True)
        query = select(resources).where(resources.c.kind == kind, matches).order_by(resources.c.number)
        with self._transaction() as connection:
            row = connection.execute(query.limit(1)).first()
        return Resource(**row._mapping) if row else None

    def list(
        self,
        kind: str,
        *,
        parent: str | None = None,
        after: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[Resource, ...]:
        """Objects in the order they were kept, or the other way round, from behind number ``after``."""
        query = select(resources).where(resources.c.kind == kind)
        if parent is not None:
            query = query.where(resources.c.parent == parent)
        number = resources.c.number
        if after is not None:
            query = query.where(number < after if newest_first else number > after)
        query = query.order_by(number.desc() if newest_first else number).limit(limit)
        with self._transaction() as connection:
            return tuple(Resource(**row._mapping) for row in connection.execute(query))

    def remove(self, kind: str, item_id: str) -> bool:
        """Forget the object; whether it was there."""
        condition = and_(resources.c.kind == kind, resources.c.id == item_id)
        with self._transaction() as connection:
            return bool(connection.execute(delete(resources).where(condition)).rowcount)

    def remove_children(self, kind: str, parent: str) -> None:
        """Forget all objects of a kind that belong to ``parent``."""
        with self._transaction() as connection:
            connection.execute(
                delete(resources).where(resources.c.kind == kind, resources.c.parent == parent)
            )
