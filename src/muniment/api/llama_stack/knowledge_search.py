"""The tool ``knowledge_search``: what stores hold on a query, as text for a language model."""

import re
from dataclasses import dataclass

from pydantic import Field, StrictStr, field_validator

from muniment.api.dialects.base import FoundChunk
from muniment.api.llama_stack.retrieved import document_id_of, search_store
from muniment.api.llama_stack.vector_io import MOST_CHUNKS, search_mode
from muniment.api.llama_stack.wire import Asked, Text
from muniment.collections.services import ServedWorkspace
from muniment.errors import InputError
from muniment.types import SearchMode

TOOL_NAME = "knowledge_search"
NEEDED_IN_TEMPLATE = ("{chunk.content}", "{index}")
TEMPLATE = "Result {index}\nContent: {chunk.content}\nMetadata: {metadata}\n"
SHOWN_TO_NO_MODEL = ("token_count", "metadata_token_count", "chunk_id", "file_id")
_PLACEHOLDER = re.compile(r"\{(index|chunk\.content|metadata)\}")


class SearchConfig(Asked):
    """How to search, and what to make of it."""

    max_chunks: int = Field(default=5, ge=1, le=MOST_CHUNKS)
    max_tokens_in_context: int = Field(default=4096, ge=1)
    """Most tokens of all results together; at least one result is given."""
    chunk_template: Text = TEMPLATE
    """Text of one result, with `{index}` and `{chunk.content}`, and `{metadata}` where it is wanted."""
    mode: StrictStr | None = None
    """`vector`, `keyword` or `hybrid` (when omitted)."""

    @field_validator("chunk_template")
    @classmethod
    def _shows_results(cls, template: str) -> str:
        if missing := [name for name in NEEDED_IN_TEMPLATE if name not in template]:
            raise ValueError(f"chunk_template must contain {' and '.join(missing)}")
        return template


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was found: pieces of text for the language model, and the chunks in them, best first.

    ``stores`` are the stores the chunks are from, as they were named, in the same order.
    """

    texts: tuple[str, ...]
    chunks: tuple[FoundChunk, ...]
    stores: tuple[str, ...]


async def knowledge_search(
    workspace: ServedWorkspace, query: str, store_ids: tuple[str, ...], config: SearchConfig
) -> Knowledge:
    """Search several stores at once.

    Raises:
        InputError: codes ``no_store``, ``unknown_mode``, and those of ``Workspace.search``.
        NotFoundError: code ``unknown_store``.
    """
    if not store_ids:
        raise InputError(
            "No vector store is named to search in.",
            code="no_store",
            hint="Name at least one in vector_db_ids or vector_store_ids.",
        )
    mode = search_mode(config.mode, SearchMode.HYBRID)
    found: list[tuple[FoundChunk, str]] = []
    for store_id in dict.fromkeys(store_ids):
        chunks = await search_store(workspace, store_id, query, mode=mode, limit=config.max_chunks)
        found += [(chunk, store_id) for chunk in chunks]
    found.sort(key=lambda pair: -pair[0].score)
    results, used = await _fitting(workspace, found[: config.max_chunks], config)
    count = len(results)
    texts = (
        f"{TOOL_NAME} tool found {count} chunks:\nBEGIN of {TOOL_NAME} tool results.\n",
        *results,
        f"END of {TOOL_NAME} tool results.\n",
        f'The above results were retrieved to help answer the user\'s query: "{query}". '
        "Use them as supporting information only in answering this query.\n",
    )
    return Knowledge(texts, tuple(chunk for chunk, _ in used), tuple(store_id for _, store_id in used))


async def _fitting(
    workspace: ServedWorkspace, found: list[tuple[FoundChunk, str]], config: SearchConfig
) -> tuple[list[str], list[tuple[FoundChunk, str]]]:
    """The texts of as many results as fit, and those results."""
    results: list[str] = []
    tokens = 0
    for index, (chunk, _) in enumerate(found, start=1):
        text = _filled(config.chunk_template, index, chunk)
        model = await workspace.services.embedding_models.get(chunk.embedding_model)
        tokens += model.tokenizer.count(text)
        if results and tokens > config.max_tokens_in_context:
            break
        results.append(text)
    return results, found[: len(results)]


def _filled(template: str, index: int, chunk: FoundChunk) -> str:
    shown = {key: value for key, value in chunk.metadata.items() if key not in SHOWN_TO_NO_MODEL}
    if document_id := document_id_of(chunk):
        shown["document_id"] = document_id
    values = {"index": str(index), "chunk.content": chunk.content, "metadata": str(shown)}
    # Not str.format: a template from outside must not reach into objects.
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
