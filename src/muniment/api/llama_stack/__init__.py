"""Llama Stack's and OGX's own routes; those they have in common with OpenAI are in ``api/openai``."""

from fastapi import FastAPI

from muniment.api.llama_stack import (
    benchmarks,
    connectors,
    datasets,
    inference,
    inspect,
    listings,
    not_offered,
    providers,
    rag_tool,
    scoring,
    shields,
    tool_runtime,
    toolgroups,
    tools,
    vector_dbs,
    vector_io,
)
from muniment.api.llama_stack.agents import routes as agents

MODULES = (
    inference,
    vector_dbs,
    vector_io,
    rag_tool,
    tool_runtime,
    toolgroups,
    tools,
    shields,
    providers,
    inspect,
    scoring,
    datasets,
    benchmarks,
    connectors,
    listings,
    not_offered,
)


def include(app: FastAPI) -> None:
    """Add all of them to the application."""
    for module in MODULES:
        app.include_router(module.router)
    app.include_router(agents.router, prefix="/v1")
    app.include_router(agents.router, prefix="/v1alpha", include_in_schema=False)
