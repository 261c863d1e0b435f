"""A plan's listing and changes in a SQLite file of their own, so that memory stays flat."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from muniment.errors import StorageError
from muniment.ingest.plan_text import plan_json, plan_of
from muniment.types import Change, ChangeKind, Plan, SourceFile

AT_A_TIME = 1000
"""Rows read or written at a time."""

_TABLES = """
CREATE TABLE IF NOT EXISTS listing (
    number INTEGER PRIMARY KEY, uri TEXT NOT NULL, source INTEGER NOT NULL, name TEXT NOT NULL,
    size INTEGER NOT NULL, version TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, uri TEXT NOT NULL, name TEXT NOT NULL,
    size INTEGER NOT NULL, version TEXT NOT NULL, reason TEXT NOT NULL, metadata TEXT NOT NULL,
    source INTEGER NOT NULL, moved_from TEXT NOT NULL, chunks INTEGER NOT NULL, seen_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS summary (plan TEXT NOT NULL);
"""

_PAIRED = """
CREATE TEMP TABLE paired AS
WITH gone AS (
    SELECT number, uri, name, version, size, chunks, seen_at,
           row_number() OVER (PARTITION BY {alike} ORDER BY uri) AS nth
    FROM changes WHERE kind = 'remove' AND source = -1 AND version != ''),
new AS (
    SELECT number, name, version, size, row_number() OVER (PARTITION BY {alike} ORDER BY uri) AS nth
    FROM changes
    WHERE kind = 'add' AND version IN (SELECT version FROM changes WHERE kind = 'remove'))
SELECT new.number AS new, gone.number AS gone, gone.uri AS uri, gone.name AS name, gone.chunks AS chunks
FROM new JOIN gone USING ({alike}, nth)
"""

_ALIKE = ("version, size, name", "version, size")
"""What a moved file keeps: when its source has moved, its name inside it, too. Such pairs go first."""

_FIELDS = "kind, uri, name, size, version, reason, metadata, source, moved_from, chunks, seen_at"

_ChangeRow = tuple[str, str, str, int, str, str, str, int, str, int, str]


class ListedFile(NamedTuple):
    """A file as a source lists it; ``metadata`` is JSON with sorted keys."""

    uri: str
    source: int
    name: str
    size: int
    version: str
    metadata: str


class Spool:
    """The file.

    A run that is cancelled leaves the thread behind that was at its plan: once closed, whatever that
    thread does next raises StorageError, and it ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._used():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            # What is lost with the machine is planned again.
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute("PRAGMA journal_mode=OFF")
            self._db.executescript(_TABLES)
            self._db.execute("BEGIN")

    def close(self) -> None:
        """Write everything out and let go of the file."""
        self._db.interrupt()
        with self._used():
            if self._db.in_transaction:
                self._db.execute("COMMIT")
            self._db.close()

    # -- listing

    def add_listed(self, source: int, files: Iterable[SourceFile]) -> None:
        """Note files that a source lists."""
        rows = (
            (file.uri, source, file.name, file.size, file.version, as_json(file.metadata)) for file in files
        )
        with self._used():
            self._db.executemany(
                "INSERT INTO listing (uri, source, name, size, version, metadata) VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )

    def listed(self) -> Iterator[ListedFile]:
        """Every file by URI (code points); of one listed twice, the first."""
        with self._used():
            self._db.execute("CREATE INDEX IF NOT EXISTS listing_by_uri ON listing (uri, number)")
            rows = self._db.execute(
                "SELECT uri, source, name, size, version, metadata FROM listing ORDER BY uri, number"
            )
        before = None
        while True:
            with self._used():
                part = rows.fetchmany(AT_A_TIME)
            if not part:
                return
            for row in part:
                if row[0] != before:
                    before = row[0]
                    yield ListedFile._make(row)

    def forget_listing(self) -> None:
        """Remove the listing; the changes say all that is needed."""
        with self._used():
            self._db.execute("DROP TABLE listing")

    # -- changes

    def add(self, changes: Iterable[Change]) -> None:
        """Note changes."""
        with self._used():
            self._db.executemany(
                f"INSERT INTO changes ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (_row_of(change) for change in changes),
            )

    def pair_moves(self) -> None:
        """Make one move of a new file and a document that is gone, where version and size are the same."""
        with self._used():
            if not self._db.execute("SELECT 1 FROM changes WHERE kind = 'remove' LIMIT 1").fetchone():
                return
            self._db.execute(
                "CREATE INDEX changes_by_version ON changes (version, size) WHERE kind = 'remove'"
            )
            for alike in _ALIKE:
                self._db.execute(_PAIRED.format(alike=alike))
                self._db.execute(
                    "UPDATE changes SET kind = 'move', moved_from = paired.uri, chunks = paired.chunks, "
                    "reason = 'was ' || iif(paired.name = changes.name, paired.uri, paired.name) "
                    "FROM paired WHERE changes.number = paired.new"
                )
                self._db.execute("DELETE FROM changes WHERE number IN (SELECT gone FROM paired)")
                self._db.execute("DROP TABLE paired")

    def hold_back(self, held: Callable[[str], bool]) -> int:
        """Take back the removal of documents under such URIs; how many."""
        after, count = "", 0
        while page := self.page(after, removals=True):
            kept = [(change.uri,) for change in page if held(change.uri)]
            with self._used():
                self._db.executemany("DELETE FROM changes WHERE uri = ?", kept)
            after, count = page[-1].uri, count + len(kept)
        return count

    def seal(self, plan: Plan) -> None:
        """Keep the plan beside its changes; it is complete."""
        with self._used():
            self._db.execute("DELETE FROM summary")
            self._db.execute("INSERT INTO summary VALUES (?)", (plan_json(plan),))
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    @property
    def plan(self) -> Plan | None:
        """What ``seal`` kept; None when the plan was never finished."""
        with self._used():
            row = self._db.execute("SELECT plan FROM summary").fetchone()
        return plan_of(row[0]) if row else None

    def changes(self) -> Iterator[Change]:
        """Every change, by URI."""
        after = ""
        while page := self.page(after, AT_A_TIME):
            yield from page
            after = page[-1].uri

    def page(
        self, after: str = "", limit: int = AT_A_TIME, *, removals: bool | None = None
    ) -> tuple[Change, ...]:
        """Changes by URI from behind ``after``: all of them, removals only, or all but removals."""
        only = {None: "", True: "AND kind = 'remove'", False: "AND kind != 'remove'"}[removals]
        with self._used():
            rows = self._db.execute(
                f"SELECT {_FIELDS} FROM changes WHERE uri > ? {only} ORDER BY uri LIMIT ?", (after, limit)
            )
            return tuple(_change(row) for row in rows)

    def index(self) -> None:
        """Make reading by URI quick."""
        with self._used():
            self._db.execute("CREATE UNIQUE INDEX IF NOT EXISTS changes_by_uri ON changes (uri)")
            self._db.execute(
                "CREATE INDEX IF NOT EXISTS changes_by_origin ON changes (moved_from) WHERE moved_from != ''"
            )

    def moves_from(self, uri: str) -> bool:
        """Whether a move takes this document away."""
        query = "SELECT 1 FROM changes WHERE moved_from != '' AND moved_from = ?"
        with self._used():
            return self._db.execute(query, (uri,)).fetchone() is not None

    def find(self, uri: str) -> Change | None:
        """The change of this document, or None."""
        with self._used():
            row = self._db.execute(f"SELECT {_FIELDS} FROM changes WHERE uri = ?", (uri,)).fetchone()
        return _change(row) if row else None

    @contextmanager
    def _used(self) -> Iterator[None]:
        """By one thread at a time, its failures raised as ours."""
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            full = "full" in str(error) or "No space" in str(error)
            raise StorageError(
                f"The plan at {self.path} cannot be used: {error}.",
                code="disk_full" if full else "storage_failed",
                hint="Free some space and plan again." if full else "Check that its folder is writable.",
            ) from error


def as_json(metadata: dict[str, str | int | float | bool]) -> str:
    """The same text for the same metadata."""
    return json.dumps(metadata, sort_keys=True, ensure_ascii=False) if metadata else "{}"


def _row_of(change: Change) -> _ChangeRow:
    return (
        change.kind.value,
        change.uri,
        change.name,
        change.size,
        change.version,
        change.reason,
        as_json(change.metadata),
        change.source,
        change.moved_from,
        change.chunks,
        change.seen_at,
    )


def _change(row: _ChangeRow) -> Change:
    kind, uri, name, size, version, reason, metadata, source, moved_from, chunks, seen_at = row
    return Change(
        kind=ChangeKind(kind),
        uri=uri,
        name=name,
        size=size,
        version=version,
        reason=reason,
        metadata=json.loads(metadata) if metadata != "{}" else {},
        source=source,
        moved_from=moved_from,
        chunks=chunks,
        seen_at=seen_at,
    )
