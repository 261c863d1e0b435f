"""Searching a vector store."""

import re
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from muniment.api.context import DialectOf, ServedOf, SettingsOf, dialect_failures
from muniment.api.openai.body import Body
from muniment.api.openai.hits import EvidenceWire, Hit, hits_of, ranked
from muniment.api.openai.store_shapes import StoreOf
from muniment.api.questions import checked_question
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.api.wire.evidence import ExplanationWire
from muniment.collections.services import ServedWorkspace
from muniment.errors import InputError
from muniment.retrieve import explain
from muniment.retrieve.filters import parse_filter
from muniment.types import Filter, SearchMode, SearchResult

router = Router(prefix="/vector_stores/{vector_store_id}/search", tags=["vector stores"])

MAX_QUERIES = 16
MAX_RESULTS = 1000
"""Results that all pages of a search have together."""

_PAGE = re.compile(r"from_(\d{1,4})", re.ASCII)

Ranker = Literal[
    "auto", "none", "default", "default-2024-11-15", "default_2024_08_21", "rrf", "weighted", "normalized"
]


class RankingOptions(Body):
    """How results are ranked and cut."""

    ranker: Ranker | None = None
    """Accepted; the order is always that of the collection's own ranking."""
    score_threshold: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
    """Only results whose score, a probability of being relevant, is at least this."""


class StoreSearch(Body):
    """A search of a vector store."""

    query: str | Annotated[list[str], Field(min_length=1, max_length=MAX_QUERIES)]
    """One query or several, whose results are merged."""
    filters: dict[str, Any] | None = Field(
        default=None, examples=[{"type": "eq", "key": "team", "value": "hr"}]
    )
    """Only files whose attributes pass: `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `in`, `nin`, `contains`,
    `prefix`, `and`, `or`, `not`."""
    max_num_results: int | None = Field(default=None, ge=1, le=MAX_RESULTS)
    """Results of a page, 10 when omitted."""
    ranking_options: RankingOptions | None = None
    rewrite_query: bool | None = None
    """Accepted; queries are searched as they are, which `search_query` shows."""
    search_mode: Annotated[str, StringConstraints(max_length=64)] | None = None
    """`vector`, `keyword` or `hybrid`, which is taken when omitted."""
    explain: bool = False
    """Muniment's own: `muniment.explanation` of each result says what every stage gave."""
    page: Annotated[str, StringConstraints(max_length=64)] | None = None
    """`next_page` of the page before."""

    @property
    def queries(self) -> list[str]:
        """All queries."""
        return [self.query] if isinstance(self.query, str) else self.query


class ResultPart(Wire):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: str


class StoreResult(Wire):
    """A passage that was found."""

    file_id: str
    """`GET /v1/files/{file_id}` has it; for a chunk that was inserted, what its metadata say."""
    filename: str
    score: float
    """Probability, from 0 to 1, that the passage is relevant; never higher than that of a result above."""
    attributes: dict[str, str | int | float | bool]
    content: tuple[ResultPart, ...]
    muniment: EvidenceWire
    """Where the passage stands."""


class SearchNotes(Wire):
    """What to know about a search."""

    collection: str
    mode: SearchMode
    notes: tuple[str, ...]
    """What it may have missed, such as documents still being read."""


class StoreResultPage(Wire):
    """Results, best first."""

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: str | list[str]
    """The queries as they were searched; plain text in Llama Stack's dialects."""
    data: tuple[StoreResult, ...]
    has_more: bool
    next_page: str | None = None
    """Pass as `page` for the next one."""
    muniment: SearchNotes


@router.post(
    "",
    summary="Search a vector store",
    operation_id="search_vector_store",
    response_model=StoreResultPage,
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 504, 507),
)
async def search_vector_store(
    store: StoreOf,
    asked: StoreSearch,
    request: Request,
    workspace: ServedOf,
    settings: SettingsOf,
    dialect: DialectOf,
) -> Response:
    """Dense and keyword search in one, or either alone."""
    mode = search_mode(asked.search_mode)
    queries = [checked_question(query, settings) for query in asked.queries]
    filter = parse_filter(asked.filters) if asked.filters else None
    start, size = _start(asked.page), asked.max_num_results or 10
    end = min(start + size, MAX_RESULTS)
    results = await until_disconnect(
        request, _results(workspace, store.collection, queries, mode, end + 1, filter)
    )
    least = (asked.ranking_options and asked.ranking_options.score_threshold) or 0.0
    scored = [(passage, score) for passage, score in ranked(results) if score >= least]
    hits = await hits_of(workspace.services.stores, store.collection, scored[start:end])
    await workspace.services.stores.touch(store.collection)
    explanations = _explained(results) if asked.explain else {}
    more = len(scored) > end and end < MAX_RESULTS
    page = StoreResultPage(
        search_query=dialect.search_query(queries),
        data=tuple(_result(hit, explanations.get(hit.passage.id)) for hit in hits),
        has_more=more,
        next_page=f"from_{end}" if more else None,
        muniment=SearchNotes(
            collection=store.collection,
            mode=mode,
            notes=tuple(dict.fromkeys(note for result in results for note in result.notes)),
        ),
    )
    return Response(page.model_dump_json(), media_type="application/json")


def search_mode(written: str | None) -> SearchMode:
    """The mode of a search; hybrid when none is named.

    Raises:
        InputError: code ``unknown_search_mode``.
    """
    if written is None:
        return SearchMode.HYBRID
    if written not in list(SearchMode):
        known = ", ".join(mode.value for mode in SearchMode)
        raise InputError(
            f"search_mode: {written!r} is not known.",
            code="unknown_search_mode",
            hint=f"Known: {known}. Leave it out for {SearchMode.HYBRID.value}.",
        )
    return SearchMode(written)


async def _results(
    workspace: ServedWorkspace,
    collection: str,
    queries: list[str],
    mode: SearchMode,
    limit: int,
    filter: Filter | None,
) -> list[SearchResult]:
    return [
        await workspace.search(collection, query, mode=mode, limit=limit, filter=filter) for query in queries
    ]


def _explained(results: list[SearchResult]) -> dict[int, ExplanationWire]:
    """Explanations by passage; of one that several queries found, where it is most relevant."""
    found: dict[int, ExplanationWire] = {}
    for result in results:
        for passage, one in zip(result.passages, explain(result.query, result.passages), strict=True):
            if passage.id not in found or one.relevance > found[passage.id].relevance:
                found[passage.id] = ExplanationWire.of(one)
    return found


def _result(hit: Hit, explanation: ExplanationWire | None) -> StoreResult:
    return StoreResult(
        file_id=hit.file_id,
        filename=hit.filename,
        score=hit.score,
        attributes=dict(hit.attributes),
        content=(ResultPart(text=hit.passage.chunk.text),),
        muniment=hit.evidence.model_copy(update={"explanation": explanation}),
    )


def _start(page: str | None) -> int:
    if page is None:
        return 0
    match = _PAGE.fullmatch(page)
    if match is None or int(match[1]) >= MAX_RESULTS:
        raise InputError(
            f"page: {page[:40]!r} is not a page of a search.",
            code="unknown_cursor",
            hint="Pass `next_page` of the page before, and the same query.",
        )
    return int(match[1])
