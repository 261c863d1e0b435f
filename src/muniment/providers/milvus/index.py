"""One collection: rows in, hits out."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from muniment.errors import UnavailableError
from muniment.protocols import IndexSpec
from muniment.providers.milvus.connection import NotLoadedError, failures
from muniment.providers.milvus.expressions import literal
from muniment.providers.milvus.mirror import Mirror
from muniment.providers.milvus.options import MilvusOptions
from muniment.providers.milvus.reading import EVERY_ROW, NUMBER_BYTES, OWN_WRITES, batches
from muniment.providers.milvus.resident import ResidentCopy
from muniment.providers.milvus.row_cache import Row, RowCache
from muniment.providers.milvus.schema import CHUNK_FIELDS, for_pymilvus, to_hit, to_row
from muniment.providers.milvus.searching import MilvusSearch
from muniment.ranking import Ranked
from muniment.types import ChunkRow, StoredHit, VectorQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymilvus import MilvusClient

Result = TypeVar("Result")

WRITE_ROWS = 512
"""Rows sent to Milvus in one call."""

CACHED_CHARS = 8_000_000
"""Size of the rows of a collection kept in memory: some 4,000 of ordinary length."""

LISTED_IDS = 10_000
"""Rows named in one filter at most; a search over them takes some 0.1 s."""

WRITES_FIRST_S = 5.0
"""Seconds that searches leave a mirror unrefreshed rather than wait for a write of our own."""

IDLE_S = 5.0
"""Seconds without a write after which the resident copy's snapshot is written."""


class Connection(Protocol):
    """What an index needs of its store."""

    options: MilvusOptions

    @property
    def escapes(self) -> bool:
        """Whether the Milvus behind it has ``ServerFeatures.escapes``."""

    def client(self) -> "MilvusClient":
        """The connected client."""

    async def call(self, function: "Callable[..., Any]", *arguments: Any) -> Any:
        """Run a blocking function in a thread."""


class MilvusIndex:
    """A collection, with what this process searches itself; ``sentences``: it keeps their vectors.

    That is the resident copy of an embedded database, which nobody else writes, or the mirror of a
    server's collection: all of it, or words and attributes beside Milvus's search for vectors.
    """

    def __init__(
        self,
        store: Connection,
        spec: IndexSpec,
        resident: ResidentCopy | None = None,
        mirror: Mirror | None = None,
        *,
        sentences: bool = True,
    ) -> None:
        self.spec = spec
        self.sentences = sentences
        self.resident = resident
        self.mirror = mirror
        self._consistency = {} if mirror is None else OWN_WRITES
        self._store = store
        self._searches = MilvusSearch(spec, store.options, store.client, mirror, lambda: store.escapes)
        self._what = f"Index {spec.name!r}"
        # Milvus Lite takes one writer at a time; and the resident copy must see writes in their order.
        self._writing = threading.Lock()
        self._cache = RowCache(CACHED_CHARS)
        self._saving: threading.Timer | None = None

    def save(self) -> None:
        """Write the snapshot of the resident copy, for the next start."""
        with self._writing:
            self.stop_saving()
            if self.resident is not None:
                self.resident.save()

    def forget(self) -> None:
        """Stop keeping a snapshot: the collection goes."""
        with self._writing:
            self.stop_saving()
            if self.resident is not None:
                self.resident.forget()

    def stop_saving(self) -> None:
        """Write no snapshot later on."""
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None

    async def upsert(self, rows: Sequence[ChunkRow]) -> None:
        """Write rows; see the protocol."""
        if rows:
            await self._store.call(self._ready, self._upsert, list({row.id: row for row in rows}.values()))

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove rows; see the protocol."""
        if ids:
            await self._store.call(self._ready, self._delete, list(ids))

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best rows; see the protocol. ``scores`` holds cosine, BM25 and their ranks.

        With Milvus searching and reciprocal rank fusion, hybrid hits have the fused score alone.
        """
        found: list[StoredHit] = await self._store.call(self._ready, self._search, query)
        return found

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """Rows by id; see the protocol."""
        found: list[StoredHit] = await self._store.call(
            self._ready, self._hits, [Ranked(number, 0.0) for number in ids]
        )
        return found

    async def ids(self, document_id: str | None = None) -> set[int]:
        """Ids; see the protocol."""
        found: set[int] = await self._store.call(self._ready, self._ids, document_id)
        return found

    def _ready(self, function: "Callable[..., Result]", *arguments: Any) -> Result:
        """Call it; once more when the server was restarted and has not loaded the collection."""
        try:
            return function(*arguments)
        except NotLoadedError:
            with failures(self._what):
                self._store.client().load_collection(self.spec.name, timeout=self._timeout)
            return function(*arguments)
        except UnavailableError:
            if self.mirror is not None:
                self.mirror.doubt()
            raise

    def _upsert(self, rows: Sequence[ChunkRow]) -> None:
        as_text = self.mirror is not None
        converted = [to_row(row, lists_as_text=as_text, with_sentences=self.sentences) for row in rows]
        client = self._store.client()
        with self._writing, failures(self._what):
            self._before_write()
            for start in range(0, len(converted), WRITE_ROWS):
                part = converted[start : start + WRITE_ROWS]
                written = [for_pymilvus(fields) for fields, _ in part]
                stamp = 0 if self.mirror is None else self.mirror.stamped(written)
                with self._changing([entry.id for _, entry in part]):
                    client.upsert(self.spec.name, written, timeout=self._timeout)
                if self.mirror is not None:
                    self.mirror.wrote([entry for _, entry in part], stamp)
                if self.resident is not None:
                    self.resident.index.upsert(entry for _, entry in part)
                    # What was written lately is asked for soon.
                    self._cache.keep(
                        {fields["id"]: _shown(fields) for fields, _ in part}, self._cache.changes
                    )

    def _delete(self, ids: list[int]) -> None:
        client = self._store.client()
        with self._writing, failures(self._what):
            self._before_write()
            for start in range(0, len(ids), 16 * WRITE_ROWS):
                part = ids[start : start + 16 * WRITE_ROWS]
                with self._changing(part):
                    client.delete(self.spec.name, ids=part, timeout=self._timeout)
                if self.resident is not None:
                    self.resident.index.delete(part)
                if self.mirror is not None:
                    self.mirror.removed(part)

    @contextmanager
    def _changing(self, ids: Sequence[int]) -> Iterator[None]:
        """Around a call that changes rows: whether it fails or not, what is remembered of them is void."""
        try:
            yield
        except BaseException:
            if self.mirror is not None:
                self.mirror.doubt()
            raise
        finally:
            self._cache.changed(ids)

    def _before_write(self) -> None:
        if self.resident is not None:
            self.resident.before_write()
            self.stop_saving()
            self._saving = threading.Timer(IDLE_S, self.save)
            self._saving.daemon = True
            self._saving.start()

    def _search(self, query: VectorQuery) -> list[StoredHit]:
        if self.resident is not None:
            return self._hits(self.resident.search(query, self._store.options.fusion))
        with failures(self._what):
            if self.mirror is not None:
                self._refresh(self.mirror)
            ranked = self._searches.ranked(query)
        return self._hits(ranked)

    def _refresh(self, mirror: Mirror) -> None:
        """See what others wrote; while we write ourselves, that can wait a little."""
        waits = self._timeout if mirror.age_s > WRITES_FIRST_S else 0
        if not mirror.stale or not self._writing.acquire(timeout=waits):
            return
        try:
            if mirror.stale:
                mirror.refresh(self._store.client())
        finally:
            self._writing.release()

    def _hits(self, ranked: Sequence[Ranked]) -> list[StoredHit]:
        """The rows behind ranked ids; one that was deleted meanwhile is left out."""
        by_id = self._rows([one.id for one in ranked])
        if self.resident is not None:
            missing = [one.id for one in ranked if one.id not in by_id and one.id in self.resident.index]
            if missing:
                # Milvus Lite hides rows for a moment while a write makes it move them to disk.
                with self._writing:
                    by_id |= self._rows(missing)
        return [to_hit(by_id[one.id], one.score, one.scores) for one in ranked if one.id in by_id]

    def _rows(self, ids: list[int]) -> dict[int, Row]:
        # Without a resident copy others may write too, and would not tell.
        known = self._cache.get(ids) if self.resident is not None else {}
        wanted = [number for number in ids if number not in known]
        if not wanted:
            return known
        changes = self._cache.changes
        with failures(self._what):
            rows = self._store.client().get(
                self.spec.name,
                ids=wanted,
                output_fields=["id", *CHUNK_FIELDS],
                timeout=self._timeout,
                **self._consistency,
            )
        read: dict[int, Row] = {int(fields["id"]): fields for fields in rows}
        if self.resident is not None:
            self._cache.keep(read, changes)
        return known | read

    def _ids(self, document_id: str | None) -> set[int]:
        if self.resident is not None:
            return self.resident.index.ids(document_id)
        with failures(self._what):
            return {number for batch in self._id_batches(document_id) for number in batch}

    def _id_batches(self, document_id: str | None) -> Iterator[list[int]]:
        where = EVERY_ROW if document_id is None else f"document_id == {literal(document_id)}"
        for batch in batches(self._store.client(), self.spec.name, where, ["id"], NUMBER_BYTES):
            yield [int(fields["id"]) for fields in batch]

    @property
    def _timeout(self) -> float:
        return self._store.options.timeout_s


def _shown(fields: Row) -> Row:
    """What a hit is made of, without the vector and the words."""
    return {name: fields[name] for name in ("id", *CHUNK_FIELDS)}
