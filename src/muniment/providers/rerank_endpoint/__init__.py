"""Reranks with a model behind ``/rerank``: vLLM, llama.cpp, Jina, Cohere, TEI, another Muniment."""

import asyncio

from muniment.endpoints import read_key
from muniment.protocols import Provider, ProviderContext, Reranker
from muniment.providers.rerank_endpoint.endpoint import Endpoint
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions
from muniment.providers.rerank_endpoint.reranker import EndpointReranker


async def _create(options: RerankEndpointOptions, context: ProviderContext) -> Reranker:
    """Nothing is asked of the server yet, which may be started later.

    Raises:
        SettingsError: code ``secret_missing``.
    """
    name = context.name or options.model or "reranker"
    key = await asyncio.to_thread(read_key, f"Reranker {name!r}", options.api_key_env, options.api_key_file)
    return EndpointReranker(name, options, Endpoint(name, options, key))


PROVIDER: Provider[Reranker] = Provider(name="endpoint", options=RerankEndpointOptions, create=_create)
