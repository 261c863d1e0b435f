"""OpenAI's routes, served below ``/v1`` and, for clients of Llama Stack 0.2, below ``/v1/openai/v1``."""

from fastapi import FastAPI

from muniment.api import routing
from muniment.api.dialects.base import OLD_OPENAI_PREFIX
from muniment.api.openai import (
    chat,
    completions,
    embeddings,
    file_batches,
    files,
    models,
    moderations,
    rerank,
    vector_store_files,
    vector_store_search,
    vector_stores,
)
from muniment.api.openai.batches import routes as batches
from muniment.api.openai.conversations import routes as conversations
from muniment.api.openai.prompts import routes as prompts
from muniment.api.openai.responses import compaction
from muniment.api.openai.responses import routes as responses

MODULES = (
    chat,
    completions,
    models,
    moderations,
    responses,
    compaction,
    conversations,
    prompts,
    files,
    vector_stores,
    vector_store_search,
    vector_store_files,
    file_batches,
    embeddings,
    rerank,
    batches,
)


def include(app: FastAPI) -> None:
    """Add all of them to the application, at both places."""
    for module in MODULES:
        routing.include(app, module.router, "/v1")
        routing.include(app, module.router, OLD_OPENAI_PREFIX, in_schema=False)
