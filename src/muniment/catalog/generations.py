"""The generations of all collections: which index is live, which is built, which was live before."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from muniment.catalog.clock import now
from muniment.catalog.database import Database
from muniment.catalog.revisions import Revisions
from muniment.catalog.tables import documents, generations
from muniment.catalog.upsert import upsert
from muniment.types import DocumentOrigin, Generation, GenerationState


class Generations:
    """Generations by collection and number; at most one is live, one staged and one previous."""

    def __init__(self, database: Database, revisions: Revisions) -> None:
        self._transaction = database.transaction
        self._revisions = revisions

    def list(self, collection: str) -> tuple[Generation, ...]:
        """All of the collection that are there, retired ones too, by number."""
        there = generations.c.state != GenerationState.REMOVED.value
        query = select(generations).where(generations.c.collection == collection, there)
        with self._transaction() as connection:
            rows = connection.execute(query.order_by(generations.c.number))
            return tuple(_generation(row) for row in rows)

    def find(self, collection: str, state: GenerationState) -> Generation | None:
        """The newest generation in this state, or None."""
        query = select(generations).where(_in_state(collection, state))
        with self._transaction() as connection:
            row = connection.execute(query.order_by(generations.c.number.desc()).limit(1)).first()
        return _generation(row) if row else None

    def live(self, collection: str) -> Generation | None:
        """The generation that questions are answered from; None when nothing was ever made."""
        return self.find(collection, GenerationState.LIVE)

    def begin(self, collection: str, made: Callable[[int], Generation]) -> Generation:
        """Write a staged generation, or find the one that another worker has just begun.

        Args:
            made: gives it under its number, which none of the collection has had.
        """
        mine = generations.c.collection == collection
        with self._transaction() as connection:
            # Writing, on any database, makes two who begin at once wait for each other here: the live
            # generation is always there.
            connection.execute(update(generations).where(mine).values(collection=collection))
            staged = select(generations).where(_in_state(collection, GenerationState.STAGED))
            row = connection.execute(staged.order_by(generations.c.number.desc()).limit(1)).first()
            if row is not None:
                return _generation(row)
            highest = connection.scalar(select(func.max(generations.c.number)).where(mine)) or 0
            begun = replace(made(highest + 1), created_at=now())
            connection.execute(insert(generations).values(**asdict(begun) | {"state": begun.state.value}))
        return begun

    def save(self, generation: Generation) -> Generation:
        """Write the generation, replacing its earlier form; the form written, with the time it was made."""
        made = {"created_at": generation.created_at or now()}
        if generation.state is GenerationState.LIVE and not generation.promoted_at:
            made["promoted_at"] = made["created_at"]
        values = asdict(generation) | {"state": generation.state.value} | made
        with self._transaction() as connection:
            upsert(connection, generations, values)
        return Generation(**(values | {"state": generation.state}))

    def promote(self, collection: str, number: int) -> bool:
        """Make this generation the live one, and the live one the previous, in one transaction.

        The one that was previous is retired. False, and nothing done, when documents were uploaded or
        removed that the two do not share: they must be carried over first.
        """
        mine = generations.c.collection == collection
        with self._transaction() as connection:
            connection.execute(select(generations.c.number).where(mine).with_for_update()).all()
            live = connection.scalar(select(live_number(collection)))
            if live == number or not _same_uploads(connection, collection, live or 1, number):
                return False
            for old, new in (
                (GenerationState.PREVIOUS, GenerationState.RETIRED),
                (GenerationState.LIVE, GenerationState.PREVIOUS),
            ):
                others = and_(_in_state(collection, old), generations.c.number != number)
                connection.execute(update(generations).where(others).values(state=new.value))
            promoted = {"state": GenerationState.LIVE.value, "promoted_at": now()}
            connection.execute(update(generations).where(_numbered(collection, number)).values(**promoted))
            self._revisions.grow(connection, collection)
            return True

    def retire(self, collection: str, number: int) -> None:
        """Mark a generation that is not live as one to be removed."""
        not_live = generations.c.state != GenerationState.LIVE.value
        retired = update(generations).where(_numbered(collection, number), not_live)
        with self._transaction() as connection:
            connection.execute(retired.values(state=GenerationState.RETIRED.value))

    def remove(self, collection: str, number: int) -> None:
        """Forget a generation's documents, and that it was ever more than a number."""
        with self._transaction() as connection:
            of_it = and_(documents.c.collection == collection, documents.c.generation == number)
            connection.execute(delete(documents).where(of_it))
            removed = update(generations).where(_numbered(collection, number))
            connection.execute(removed.values(state=GenerationState.REMOVED.value))


def live_number(collection: "ColumnElement[str] | str") -> "ScalarSelect[int]":
    """The live generation's number as part of a query; 1 for a collection that has none yet."""
    live = generations.alias("live")
    number = func.coalesce(func.max(live.c.number), 1)
    is_live = live.c.state == GenerationState.LIVE.value
    return select(number).where(live.c.collection == collection, is_live).scalar_subquery()


def lock_generations(connection: Connection, collection: str) -> None:
    """Keep generations from being promoted until the transaction has ended."""
    query = select(generations.c.number).where(generations.c.collection == collection)
    connection.execute(query.with_for_update(read=True)).all()


def _same_uploads(connection: Connection, collection: str, first: int, second: int) -> bool:
    return not any(
        connection.scalar(select(_only_in(collection, one, other)))
        for one, other in ((first, second), (second, first))
    )


def _only_in(collection: str, one: int, other: int) -> ColumnElement[bool]:
    """Whether an upload of generation ``one`` is not, or not in this version, in generation ``other``."""
    mine, theirs = documents.alias("mine"), documents.alias("theirs")
    same = exists().where(
        theirs.c.collection == collection,
        theirs.c.generation == other,
        theirs.c.uri == mine.c.uri,
        theirs.c.content_hash == mine.c.content_hash,
    )
    uploaded = mine.c.origin == DocumentOrigin.UPLOAD.value
    return exists().where(mine.c.collection == collection, mine.c.generation == one, uploaded, ~same)


def _in_state(collection: str, state: GenerationState) -> ColumnElement[bool]:
    return and_(generations.c.collection == collection, generations.c.state == state.value)


def _numbered(collection: str, number: int) -> ColumnElement[bool]:
    return and_(generations.c.collection == collection, generations.c.number == number)


def _generation(row: Row[Any]) -> Generation:
    return Generation(**(dict(row._mapping) | {"state": GenerationState(row.state)}))
