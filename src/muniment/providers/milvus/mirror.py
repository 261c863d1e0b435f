"""What a server's collection holds, as far as this process searches it: kept in step with all writers."""

import secrets
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from muniment.protocols import IndexSpec
from muniment.providers.milvus.reading import (
    EVERY_ROW,
    MAX_BATCH,
    NUMBER_BYTES,
    OWN_WRITES,
    batches,
    count,
    search_bytes,
)
from muniment.providers.milvus.schema import SEARCH_FIELDS, SENTENCES, to_entry
from muniment.ranking import Entry, ResidentIndex

if TYPE_CHECKING:
    from pymilvus import MilvusClient

REFRESH_S = 1.0
"""What others wrote is looked for at most this often."""

LATE_S = 120.0
"""How much later than its stamp says a row may appear: a call's time, and clocks that differ."""

READ_ROWS = 512
"""Changed rows read in one call."""


class Mirror:
    """Words and attributes of all rows, their vectors too when ``complete``, those of ``sentences`` if kept.

    Milvus tells nobody of a write, so every row carries who wrote it and when. A refresh asks for what others
    wrote since the last one and counts the rows; when the number is not what it should be, or a write of
    our own may have failed halfway, all ids are compared. Callers hold the index's lock of writes.
    """

    def __init__(self, spec: IndexSpec, *, complete: bool, sentences: bool = False) -> None:
        self.complete = complete
        self._sentences = sentences
        self.index = ResidentIndex(spec.dimension if complete else 0)
        self._spec = spec
        self._writer = secrets.randbits(62)
        self._written: dict[int, int] = {}
        self._last_stamp = 0
        self._seen_until = 0.0
        self._refreshed_at = -REFRESH_S
        self._doubtful = False

    def load(self, client: "MilvusClient") -> None:
        """Read all rows."""
        self._seen_until = time.time()
        size = search_bytes(self._spec.dimension if self.complete else 0)
        for batch in batches(client, self._spec.name, EVERY_ROW, self._fields, size):
            self._take(batch)
        self._refreshed_at = time.monotonic()

    @property
    def stale(self) -> bool:
        """Whether it is time to refresh."""
        return self._doubtful or self.age_s >= REFRESH_S

    @property
    def age_s(self) -> float:
        """Seconds since the last refresh."""
        return time.monotonic() - self._refreshed_at

    def stamped(self, rows: Iterable[dict[str, Any]]) -> int:
        """Mark rows that are about to be written as ours, and as of now. Returns the mark."""
        self._last_stamp = max(time.time_ns() // 1000, self._last_stamp + 1)
        for row in rows:
            row |= {"written": self._last_stamp, "writer": self._writer}
        return self._last_stamp

    def wrote(self, entries: Collection[Entry], stamp: int) -> None:
        """Rows that were stamped are written."""
        self.index.upsert(self._kept(entry) for entry in entries)
        self._written |= {entry.id: stamp for entry in entries}

    def removed(self, ids: Collection[int]) -> None:
        """Rows are deleted."""
        self.index.delete(ids)
        for number in ids:
            self._written.pop(number, None)

    def doubt(self) -> None:
        """A write failed: nobody knows how much of it was done."""
        self._doubtful = True

    def refresh(self, client: "MilvusClient") -> None:
        """Take over what others wrote and deleted."""
        began = time.time()
        if self._doubtful or not self._caught_up(client):
            listed = {
                int(row["id"]): int(row["written"])
                for batch in batches(client, self._spec.name, EVERY_ROW, ["id", "written"], NUMBER_BYTES)
                for row in batch
            }
            self.removed(self._written.keys() - listed.keys())
            self._update(client, listed)
        self._doubtful = False
        self._seen_until = began
        self._refreshed_at = time.monotonic()

    @property
    def _fields(self) -> list[str]:
        fields = ["id", "written", *SEARCH_FIELDS]
        if not self.complete:
            return [name for name in fields if name != "vector"]
        return [*fields, SENTENCES] if self._sentences else fields

    def _caught_up(self, client: "MilvusClient") -> bool:
        """Take over what others wrote lately; whether that makes up all the difference."""
        since = int((self._seen_until - LATE_S) * 1_000_000)
        rows = client.query(
            self._spec.name,
            filter=f"written > {since} and writer != {self._writer}",
            output_fields=["id", "written"],
            limit=MAX_BATCH,
            **OWN_WRITES,
        )
        if len(rows) == MAX_BATCH:
            return False
        self._update(client, {int(row["id"]): int(row["written"]) for row in rows})
        return count(client, self._spec.name, **OWN_WRITES) == len(self.index)

    def _update(self, client: "MilvusClient", listed: Mapping[int, int]) -> None:
        changed = [number for number, written in listed.items() if self._written.get(number) != written]
        for start in range(0, len(changed), READ_ROWS):
            part = changed[start : start + READ_ROWS]
            self._take(client.get(self._spec.name, ids=part, output_fields=self._fields))

    def _take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.index.upsert(self._kept(to_entry(row)) for row in rows)
        self._written |= {int(row["id"]): int(row["written"]) for row in rows}

    def _kept(self, entry: Entry) -> Entry:
        if self.complete:
            return entry
        return Entry(entry.id, entry.attributes, entry.terms, np.zeros(0, np.float32))
