"""Runs, and every document's fate in them."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal, select, update

from muniment.catalog.clock import now
from muniment.catalog.database import Database
from muniment.catalog.leases import RUN_KEY, Leases
from muniment.catalog.tables import run_documents, runs
from muniment.catalog.upsert import upsert
from muniment.types import ChangeKind, Fate, Run, RunDocument, RunState

KEPT_RUNS = 100
"""Runs of a collection whose documents' fates are kept; of older ones only the counts are."""

_DELETE_FATE = delete(run_documents).where(
    run_documents.c.run_id == bindparam("at_run_id"), run_documents.c.uri == bindparam("at_uri")
)
_INSERT_FATE = insert(run_documents)


class Runs:
    """What was done, newest first."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._transaction = database.transaction
        self._leases = leases

    def save(self, run: Run) -> None:
        """Write the run, replacing its earlier state."""
        values = asdict(run) | {"state": run.state.value}
        with self._transaction() as connection:
            upsert(connection, runs, values)

    def get(self, run_id: str) -> Run | None:
        """The run, or None."""
        with self._transaction() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
        return _run(row) if row else None

    def list(self, collection: str | None = None, limit: int = 20) -> tuple[Run, ...]:
        """Runs, newest first."""
        query = select(runs).order_by(runs.c.started_at.desc()).limit(limit)
        if collection is not None:
            query = query.where(runs.c.collection == collection)
        with self._transaction() as connection:
            return tuple(_run(row) for row in connection.execute(query))

    def interrupt_dead(self) -> int:
        """Mark runs as interrupted whose process has died: a run holds its own lease while it goes on.

        Returns how many there were.
        """
        dead = ~self._leases.is_held(literal(RUN_KEY) + runs.c.id)
        ended = {"state": RunState.INTERRUPTED.value, "finished_at": now()}
        with self._transaction() as connection:
            query = update(runs).where(runs.c.state == RunState.RUNNING.value, dead).values(**ended)
            return int(connection.execute(query).rowcount)

    def measured(self, collection: str, runs_at_most: int = 5) -> tuple[int, int, float]:
        """Runs, chunks and seconds of the last runs of the collection that wrote chunks."""
        last = (
            select(runs.c.chunks, runs.c.seconds)
            .where(runs.c.collection == collection, runs.c.chunks > 0, runs.c.seconds > 0)
            .order_by(runs.c.started_at.desc())
            .limit(runs_at_most)
            .subquery()
        )
        query = select(func.count(), func.sum(last.c.chunks), func.sum(last.c.seconds))
        with self._transaction() as connection:
            count, chunks, seconds = connection.execute(query).one()
        return count, int(chunks or 0), float(seconds or 0)

    # -- documents

    def add_documents(self, connection: Connection, fates: Iterable[RunDocument]) -> None:
        """Write fates in a transaction that is open; a document's later fate replaces its earlier one."""
        values = [asdict(fate) | {"kind": fate.kind.value, "fate": fate.fate.value} for fate in fates]
        if values:
            at = [{"at_run_id": one["run_id"], "at_uri": one["uri"]} for one in values]
            connection.execute(_DELETE_FATE, at)
            connection.execute(_INSERT_FATE, values)

    def documents(
        self, run_id: str, *, fate: Fate | None = None, limit: int | None = None, after: str = ""
    ) -> tuple[RunDocument, ...]:
        """Fates by URI, from behind the URI ``after``."""
        query = select(run_documents).where(run_documents.c.run_id == run_id, run_documents.c.uri > after)
        if fate is not None:
            query = query.where(run_documents.c.fate == fate.value)
        query = query.order_by(run_documents.c.uri).limit(limit)
        with self._transaction() as connection:
            return tuple(_fate(row) for row in connection.execute(query))

    def forget_old(self, collection: str, keep: int = KEPT_RUNS) -> None:
        """Forget the fates of documents in all but the newest runs of the collection."""
        mine = select(runs.c.id).where(runs.c.collection == collection)
        old = mine.order_by(runs.c.started_at.desc(), runs.c.id).offset(keep).limit(1000)
        with self._transaction() as connection:
            ids = [row.id for row in connection.execute(old)]
            if ids:
                connection.execute(delete(run_documents).where(run_documents.c.run_id.in_(ids)))


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values["state"] = RunState(values["state"])
    return Run(**values)


def _fate(row: Row[Any]) -> RunDocument:
    values = dict(row._mapping)
    values["kind"] = ChangeKind(values["kind"])
    values["fate"] = Fate(values["fate"])
    return RunDocument(**values)
