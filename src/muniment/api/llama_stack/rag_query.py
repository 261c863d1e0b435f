"""What the retrieval tool is asked for, and the search that answers it."""

from pydantic import Field, StrictStr, field_validator

from muniment.agents.knowledge_search import Findings, KnowledgeSearch, searched_stores
from muniment.agents.tools import TEMPLATE, SearchScope
from muniment.api.llama_stack.vector_io import MOST_CHUNKS, search_mode
from muniment.api.llama_stack.wire import Asked, Text
from muniment.api.openai.body import JsonBody
from muniment.collections.services import ServedWorkspace
from muniment.errors import InputError
from muniment.retrieve import parse_filter
from muniment.types import SearchMode

NEEDED_IN_TEMPLATE = ("{chunk.content}", "{index}")


class SearchConfig(Asked):
    """How to search, and what to make of it."""

    max_chunks: int = Field(default=5, ge=1, le=MOST_CHUNKS)
    max_tokens_in_context: int = Field(default=4096, ge=1)
    """Most tokens of all results together; at least one result is given."""
    chunk_template: Text = TEMPLATE
    """Text of one result, with `{index}` and `{chunk.content}`, and `{metadata}` where it is wanted."""
    mode: StrictStr | None = None
    """`vector`, `keyword` or `hybrid` (when omitted)."""
    filters: JsonBody | None = None
    """Only chunks with such metadata; as in a vector store's search."""
    score_threshold: float | None = Field(default=None, allow_inf_nan=False)
    """Only chunks that are relevant with at least this probability."""

    @field_validator("chunk_template")
    @classmethod
    def _shows_results(cls, template: str) -> str:
        if missing := [name for name in NEEDED_IN_TEMPLATE if name not in template]:
            raise ValueError(f"chunk_template must contain {' and '.join(missing)}")
        return template


async def knowledge_search(
    workspace: ServedWorkspace, query: str, store_ids: tuple[str, ...], config: SearchConfig
) -> Findings:
    """Search several stores at once.

    Raises:
        InputError: codes ``no_store``, ``unknown_mode``, ``invalid_filter``; and those of a search.
        NotFoundError: code ``unknown_store``.
    """
    if not store_ids:
        raise InputError(
            "No vector store is named to search in.",
            code="no_store",
            hint="Name at least one in vector_db_ids or vector_store_ids.",
        )
    scope = SearchScope(
        tuple(dict.fromkeys(store_ids)),
        config.max_chunks,
        config.max_tokens_in_context,
        search_mode(config.mode, SearchMode.HYBRID),
        config.chunk_template,
        parse_filter(config.filters) if config.filters else None,
        config.score_threshold or 0.0,
    )
    stores = await searched_stores(workspace, scope)
    return await KnowledgeSearch(workspace, stores, scope, cites=False).search(query)
