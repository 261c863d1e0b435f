"""Passages for a query."""

from fastapi import Request

from muniment.api.context import SettingsOf, WorkspaceOf, failures
from muniment.api.questions import checked_question, chosen_collection
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire import SearchRequest, SearchResultWire, filter_to_domain
from muniment.types import SearchResult

router = Router(tags=["questions"])


@router.post(
    "/v1/search",
    summary="The passages that fit a query best",
    operation_id="search",
    responses=failures(400, 403, 404, 413, 422, 503, 504),
)
async def search(
    asked: SearchRequest, request: Request, workspace: WorkspaceOf, settings: SettingsOf
) -> SearchResultWire:
    """Dense and keyword search in one, or either alone. No answer is written."""

    async def found() -> SearchResult:
        query = checked_question(asked.query, settings)
        collection = await chosen_collection(workspace, asked.collection)
        return await workspace.search(
            collection, query, mode=asked.mode, limit=asked.limit, filter=filter_to_domain(asked.filter)
        )

    result = await until_disconnect(request, found())
    return SearchResultWire.of(result, least=asked.score_threshold or 0.0, explained=asked.explain)
