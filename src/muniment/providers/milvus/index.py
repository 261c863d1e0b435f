"""One collection: rows in, hits out."""

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from muniment.protocols import IndexSpec
from muniment.providers.milvus.connection import failures
from muniment.providers.milvus.expressions import expression
from muniment.providers.milvus.options import MilvusOptions
from muniment.providers.milvus.resident import ResidentCopy
from muniment.providers.milvus.row_cache import Row, RowCache
from muniment.providers.milvus.schema import CHUNK_FIELDS, query_text, to_hit, to_row
from muniment.ranking import Fusion, Ranked
from muniment.ranking.resident import CANDIDATES, rank_fused
from muniment.types import ChunkRow, SearchMode, StoredHit, VectorQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymilvus import MilvusClient

WRITE_ROWS = 512
"""Rows sent to Milvus in one call."""

CACHED_CHARS = 8_000_000
"""Size of the rows of a collection kept in memory: some 4,000 of ordinary length."""

IDLE_S = 5.0
"""Seconds without a write after which the resident copy's snapshot is written."""


class Connection(Protocol):
    """What an index needs of its store."""

    options: MilvusOptions

    def client(self) -> "MilvusClient":
        """The connected client."""

    async def call(self, function: "Callable[..., Any]", *arguments: Any) -> Any:
        """Run a blocking function in a thread."""


class MilvusIndex:
    """A collection, with its resident copy when searches are computed in this process."""

    def __init__(self, store: Connection, spec: IndexSpec, resident: ResidentCopy | None) -> None:
        self.spec = spec
        self.resident = resident
        self._store = store
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
            await self._store.call(self._upsert, list({row.id: row for row in rows}.values()))

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove rows; see the protocol."""
        if ids:
            await self._store.call(self._delete, list(ids))

    async def search(self, query: VectorQuery) -> list[StoredHit]:
        """The best rows; see the protocol. ``scores`` holds cosine, BM25 and their ranks.

        With Milvus searching and reciprocal rank fusion, hybrid hits have the fused score alone.
        """
        found: list[StoredHit] = await self._store.call(self._search, query)
        return found

    async def get(self, ids: Sequence[int]) -> list[StoredHit]:
        """Rows by id; see the protocol."""
        found: list[StoredHit] = await self._store.call(self._hits, [Ranked(number, 0.0) for number in ids])
        return found

    async def ids(self, document_id: str | None = None) -> set[int]:
        """Ids; see the protocol."""
        found: set[int] = await self._store.call(self._ids, document_id)
        return found

    def _upsert(self, rows: Sequence[ChunkRow]) -> None:
        converted = [to_row(row) for row in rows]
        client = self._store.client()
        with self._writing, failures(self._what):
            self._before_write()
            for start in range(0, len(converted), WRITE_ROWS):
                part = converted[start : start + WRITE_ROWS]
                try:
                    client.upsert(self.spec.name, [fields for fields, _ in part], timeout=self._timeout)
                finally:
                    self._cache.changed(entry.id for _, entry in part)
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
                try:
                    client.delete(self.spec.name, ids=part, timeout=self._timeout)
                finally:
                    self._cache.changed(part)
                if self.resident is not None:
                    self.resident.index.delete(part)

    def _before_write(self) -> None:
        if self.resident is not None:
            self.resident.before_write()
            self.stop_saving()
            self._saving = threading.Timer(IDLE_S, self.save)
            self._saving.daemon = True
            self._saving.start()

    def _search(self, query: VectorQuery) -> list[StoredHit]:
        fusion = self._store.options.fusion
        if self.resident is not None:
            return self._hits(self.resident.search(query, fusion))
        with failures(self._what):
            if query.mode is SearchMode.HYBRID:
                ranked = self._hybrid(query, fusion)
            else:
                name = "cosine" if query.mode is SearchMode.VECTOR else "bm25"
                found = self._stage(name, query, query.limit)
                ranked = [
                    Ranked(number, score, {name: score, f"{name}_rank": rank})
                    for rank, (number, score) in enumerate(found.items(), 1)
                ]
        return self._hits(ranked)

    def _hybrid(self, query: VectorQuery, fusion: Fusion) -> list[Ranked]:
        depth = max(CANDIDATES, query.limit)
        if fusion is Fusion.RRF:
            return self._server_fused(query, depth)
        cosine = self._stage("cosine", query, depth)
        bm25 = self._stage("bm25", query, depth)
        ids = sorted(cosine.keys() | bm25.keys())
        near, worded = (np.array([s.get(number, np.nan) for number in ids]) for s in (cosine, bm25))
        return rank_fused(np.array(ids, np.int64), near, worded, fusion, query.limit)

    def _server_fused(self, query: VectorQuery, depth: int) -> list[Ranked]:
        """Both stages and their reciprocal rank fusion in one call."""
        from pymilvus import AnnSearchRequest, RRFRanker

        requests = [
            AnnSearchRequest(**stage, limit=depth, expr=self._expression(query))
            for stage in (self._request("cosine", query, depth), self._request("bm25", query, depth))
            if stage["data"] != [""]
        ]
        client = self._store.client()
        [hits] = client.hybrid_search(
            self.spec.name, requests, RRFRanker(60), limit=query.limit, timeout=self._timeout
        )
        return [
            Ranked(hit["id"], hit["distance"], {"rrf": hit["distance"]})
            for hit in sorted(hits, key=lambda hit: (-hit["distance"], hit["id"]))
        ]

    def _stage(self, name: str, query: VectorQuery, limit: int) -> dict[int, float]:
        """Score by id, best first, of one stage; higher is better."""
        request = self._request(name, query, limit)
        if request["data"] == [""]:
            return {}
        [hits] = self._store.client().search(
            self.spec.name,
            data=request["data"],
            anns_field=request["anns_field"],
            search_params=request["param"],
            filter=self._expression(query),
            limit=limit,
            timeout=self._timeout,
        )
        # Milvus Lite gives BM25 with the sign turned round, Milvus does not; neither is ever negative.
        scored = [(hit["id"], abs(hit["distance"]) if name == "bm25" else hit["distance"]) for hit in hits]
        return dict(sorted(scored, key=lambda pair: (-pair[1], pair[0])))

    def _request(self, name: str, query: VectorQuery, limit: int) -> dict[str, Any]:
        if name == "bm25":
            return {
                "data": [query_text(query.text)],
                "anns_field": "sparse",
                "param": {"metric_type": "BM25"},
            }
        effort = max(self._store.options.hnsw_ef, limit)
        data = [] if query.vector is None else [query.vector.tolist()]
        return {
            "data": data,
            "anns_field": "vector",
            "param": {"metric_type": "COSINE", "params": {"ef": effort}},
        }

    def _expression(self, query: VectorQuery) -> str:
        return expression(query.filter) if query.filter is not None else ""

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
                self.spec.name, ids=wanted, output_fields=["id", *CHUNK_FIELDS], timeout=self._timeout
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
        from muniment.providers.milvus.expressions import literal

        where = "id >= 0" if document_id is None else f"document_id == {literal(document_id)}"
        iterator = self._store.client().query_iterator(
            self.spec.name, filter=where, output_fields=["id"], batch_size=8192
        )
        try:
            while batch := iterator.next():
                yield [int(fields["id"]) for fields in batch]
        finally:
            iterator.close()

    @property
    def _timeout(self) -> float:
        return self._store.options.timeout_s


def _shown(fields: Row) -> Row:
    """What a hit is made of, without the vector and the words."""
    return {name: fields[name] for name in ("id", *CHUNK_FIELDS)}
