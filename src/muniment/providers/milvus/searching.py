"""Searches a collection by what Milvus computes, beside a mirror's keyword ranking where there is one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from muniment.protocols import IndexSpec
from muniment.providers.milvus.expressions import NO_ROW, expression, is_plain, needs_escape
from muniment.providers.milvus.mirror import Mirror
from muniment.providers.milvus.options import MilvusOptions
from muniment.providers.milvus.reading import EVERY_ROW, NUMBER_BYTES, OWN_WRITES, batches
from muniment.providers.milvus.schema import attributes_of, query_text
from muniment.ranking import Fusion, Ranked, matches
from muniment.ranking.resident import CANDIDATES, rank_fused
from muniment.types import SearchMode, VectorQuery

if TYPE_CHECKING:
    from pymilvus import MilvusClient

LISTED_IDS = 10_000
"""Rows named in one filter at most; a search over them takes some 0.1 s."""


class MilvusSearch:
    """The searches of one collection; they raise what pymilvus raises.

    Args:
        mirror: its words and attributes, for a server without BM25; everything, when ``complete``.
        escapes: whether the server it is connected to has ``ServerFeatures.escapes``.
    """

    def __init__(
        self,
        spec: IndexSpec,
        options: MilvusOptions,
        client: "Callable[[], MilvusClient]",
        mirror: Mirror | None,
        escapes: "Callable[[], bool]",
    ) -> None:
        self._escapes = escapes
        self._spec = spec
        self._options = options
        self._client = client
        self._mirror = mirror
        self._consistency = {} if mirror is None else OWN_WRITES

    def ranked(self, query: VectorQuery) -> list[Ranked]:
        """The best rows, best first."""
        if self._mirror is not None:
            return self._beside(self._mirror, query)
        if query.mode is SearchMode.HYBRID:
            return self._hybrid(query, self._options.fusion)
        name = "cosine" if query.mode is SearchMode.VECTOR else "bm25"
        return _as_ranked(name, self._stage(name, query, query.limit))

    def _beside(self, mirror: Mirror, query: VectorQuery) -> list[Ranked]:
        fusion = self._options.fusion
        if mirror.complete or query.mode is SearchMode.KEYWORD:
            return mirror.index.search(query, fusion)
        if query.mode is SearchMode.VECTOR:
            return _as_ranked("cosine", self._near(mirror, query, query.limit))
        depth = max(CANDIDATES, query.limit)
        near = self._near(mirror, query, depth)
        worded = mirror.index.search(replace(query, mode=SearchMode.KEYWORD, limit=depth), fusion)
        return self._fused(mirror, query, fusion, near, {one.id: one.score for one in worded})

    def _near(self, mirror: Mirror, query: VectorQuery, limit: int) -> dict[int, float]:
        """Cosine by id, best first; a filter that Milvus might misread is evaluated here."""
        if query.filter is None or is_plain(query.filter):
            return self._stage("cosine", query, limit)
        ids = mirror.index.matching(query.filter)
        found: dict[int, float] = {}
        for start in range(0, len(ids), LISTED_IDS):
            listed = f"id in {ids[start : start + LISTED_IDS]}"
            found |= self._stage("cosine", replace(query, filter=None), limit, listed)
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:limit])

    def _fused(
        self,
        mirror: Mirror,
        query: VectorQuery,
        fusion: Fusion,
        near: dict[int, float],
        worded: dict[int, float],
    ) -> list[Ranked]:
        """As ``ResidentIndex`` joins both stages: with standardised scores, each candidate has both."""
        ids = sorted(near.keys() | worded.keys())
        if fusion is Fusion.RRF:
            signals = {"bm25": np.array([worded.get(number, np.nan) for number in ids])}
        else:
            near = near | self._cosines(query, [number for number in ids if number not in near])
            signals = mirror.index.keyword_signals(query.text, ids)
        signals["cosine"] = np.array([near.get(number, np.nan) for number in ids])
        return rank_fused(np.array(ids, np.int64), signals, fusion, query.limit)

    def _cosines(self, query: VectorQuery, ids: list[int]) -> dict[int, float]:
        if not ids or query.vector is None:
            return {}
        rows = self._client().get(
            self._spec.name,
            ids=ids,
            output_fields=["id", "vector"],
            timeout=self._options.timeout_s,
            **self._consistency,
        )
        vectors = np.array([row["vector"] for row in rows], np.float32).reshape(len(rows), -1)
        found = (vectors * query.vector).sum(axis=1)
        return {int(row["id"]): float(cosine) for row, cosine in zip(rows, found, strict=True)}

    def _hybrid(self, query: VectorQuery, fusion: Fusion) -> list[Ranked]:
        depth = max(CANDIDATES, query.limit)
        if fusion is Fusion.RRF:
            return self._server_fused(query, depth)
        cosine = self._stage("cosine", query, depth)
        bm25 = self._stage("bm25", query, depth)
        ids = sorted(cosine.keys() | bm25.keys())
        near, worded = (np.array([s.get(number, np.nan) for number in ids]) for s in (cosine, bm25))
        return rank_fused(np.array(ids, np.int64), {"cosine": near, "bm25": worded}, fusion, query.limit)

    def _server_fused(self, query: VectorQuery, depth: int) -> list[Ranked]:
        """Both stages and their reciprocal rank fusion in one call."""
        from pymilvus import AnnSearchRequest, RRFRanker

        requests = [
            AnnSearchRequest(**stage, limit=depth, expr=self._expression(query))
            for stage in (self._request("cosine", query, depth), self._request("bm25", query, depth))
            if stage["data"] != [""]
        ]
        client = self._client()
        [hits] = client.hybrid_search(
            self._spec.name, requests, RRFRanker(60), limit=query.limit, timeout=self._options.timeout_s
        )
        return [
            Ranked(hit["id"], hit["distance"], {"rrf": hit["distance"]})
            for hit in sorted(hits, key=lambda hit: (-hit["distance"], hit["id"]))
        ]

    def _stage(self, name: str, query: VectorQuery, limit: int, where: str = "") -> dict[int, float]:
        """Score by id, best first, of one stage; higher is better. ``where`` replaces the filter."""
        request = self._request(name, query, limit)
        if request["data"] == [""]:
            return {}
        [hits] = self._client().search(
            self._spec.name,
            data=request["data"],
            anns_field=request["anns_field"],
            search_params=request["param"],
            filter=where or self._expression(query),
            limit=limit,
            timeout=self._options.timeout_s,
            **self._consistency,
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
        effort = max(self._options.hnsw_ef, limit)
        data = [] if query.vector is None else [query.vector.tolist()]
        return {
            "data": data,
            "anns_field": "vector",
            "param": {"metric_type": "COSINE", "params": {"ef": effort}},
        }

    def _expression(self, query: VectorQuery) -> str:
        """The filter in Milvus's words; by the ids of the rows it selects where it would be misread."""
        if query.filter is None:
            return ""
        if self._escapes() or not needs_escape(query.filter):
            return expression(query.filter)
        fields = ("id", "document_id", "pages", "metadata")
        rows = batches(self._client(), self._spec.name, EVERY_ROW, fields, NUMBER_BYTES)
        ids = [row["id"] for batch in rows for row in batch if matches(query.filter, attributes_of(row))]
        return f"id in {ids}" if ids else NO_ROW


def _as_ranked(name: str, found: Mapping[int, float]) -> list[Ranked]:
    """Rows of one stage, best first."""
    return [
        Ranked(number, score, {name: score, f"{name}_rank": rank})
        for rank, (number, score) in enumerate(found.items(), 1)
    ]
