"""Llama Stack's and OGX's own routes; those they have in common with OpenAI are in ``api/openai``."""

from fastapi import FastAPI

from muniment.api import routing
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
        routing.include(app, module.router)
    routing.include(app, agents.router, "/v1")
    routing.include(app, agents.router, "/v1alpha", in_schema=False)
