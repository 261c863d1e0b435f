"""The tools of a turn: which tool groups there are, and what knowledge_search searches."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muniment.agents.values import KNOWLEDGE_SEARCH, FunctionTool, ToolGroup
from muniment.errors import InputError
from muniment.retrieve import parse_filter
from muniment.types import Filter, JsonObject, SearchMode

RAG = "builtin::rag"
"""The tool group that the server runs itself."""

TEMPLATE = "Result {index}\nContent: {chunk.content}\nMetadata: {metadata}\n"

SEARCH_TOOL: JsonObject = {
    "type": "function",
    "function": {
        "name": KNOWLEDGE_SEARCH,
        "description": "Search for information in a database.",
        "parameters": {
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": "The query to search for. Can be a natural language sentence or keywords.",
                }
            },
            "required": ["query"],
        },
    },
}


class _QueryConfig(BaseModel):
    """How much of what is found the model is shown."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    max_chunks: int = Field(default=5, ge=1, le=100)
    max_tokens_in_context: int = Field(default=4096, ge=1)
    mode: SearchMode = SearchMode.HYBRID
    filters: dict[str, object] | None = None
    score_threshold: float | None = Field(default=None, allow_inf_nan=False)


class _Arguments(BaseModel):
    """What a tool group may say about knowledge_search."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    vector_db_ids: tuple[str, ...] | None = None
    vector_store_ids: tuple[str, ...] | None = None
    query_config: _QueryConfig | None = None


@dataclass(frozen=True, slots=True)
class SearchScope:
    """What knowledge_search searches, and how much of it the model is shown.

    Attributes:
        store_ids: ids or names of stores; empty when none is named.
        template: text of one result, with ``{index}``, ``{chunk.content}`` and ``{metadata}``.
        filter: only chunks whose metadata pass.
        least: only chunks that are relevant with at least this probability.
    """

    store_ids: tuple[str, ...]
    max_chunks: int = 5
    max_tokens: int = 4096
    mode: SearchMode = SearchMode.HYBRID
    template: str = TEMPLATE
    filter: Filter | None = None
    least: float = 0.0


def search_scope(groups: Sequence[ToolGroup], defaults: Sequence[ToolGroup] = ()) -> SearchScope | None:
    """What knowledge_search searches in a turn; None when it is not among the tools.

    Args:
        groups: the tool groups of the turn.
        defaults: those of the agent, whose arguments hold where the turn names a group without any.

    Raises:
        InputError: codes ``invalid_tool_group``, ``invalid_filter``.
    """
    if not any(is_search(group.name) for group in groups):
        return None
    arguments: JsonObject = {}
    for group in (*defaults, *groups):
        if is_search(group.name):
            arguments.update(group.arguments)
    return _scope(arguments)


def check_client_tools(tools: Sequence[FunctionTool]) -> None:
    """Refuse tools that could not be told apart: InputError ``duplicate_tool``."""
    names = [tool.name for tool in tools]
    taken = next((name for name in names if names.count(name) > 1 or name == KNOWLEDGE_SEARCH), None)
    if taken is not None:
        raise InputError(
            f"There are two tools named {taken[:80]!r}.",
            code="duplicate_tool",
            hint=f"Give each client tool a name of its own; {KNOWLEDGE_SEARCH} is the server's.",
        )


def is_search(name: str) -> bool:
    """Whether the tool group is the built-in one, or its knowledge_search."""
    return name in (RAG, f"{RAG}/{KNOWLEDGE_SEARCH}")


def _scope(arguments: JsonObject) -> SearchScope:
    given = {key: [value] if isinstance(value, str) else value for key, value in arguments.items()}
    try:
        parsed = _Arguments.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise InputError(
            f"Arguments of tool group {RAG!r}: {where}: {problem['msg']}.",
            code="invalid_tool_group",
            hint='Such as {"name": "builtin::rag", "args": {"vector_db_ids": ["docs"]}}.',
        ) from None
    ids = (*(parsed.vector_db_ids or ()), *(parsed.vector_store_ids or ()))
    config = parsed.query_config or _QueryConfig()
    return SearchScope(
        tuple(dict.fromkeys(ids)),
        config.max_chunks,
        config.max_tokens_in_context,
        config.mode,
        filter=parse_filter(config.filters) if config.filters else None,
        least=config.score_threshold or 0.0,
    )
