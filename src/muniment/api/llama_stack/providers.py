"""What stands behind the routes, as Llama Stack and OGX list their providers."""

from typing import Any, Literal

from muniment.api.context import SettingsOf, dialect_failures
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.model_directory import PACKAGED_PROVIDER, SENTENCE_TRANSFORMERS
from muniment.errors import unknown_name
from muniment.settings import Settings

router = Router(tags=["llama stack"])

RAG_PROVIDER = "rag-runtime"
MCP_PROVIDER = "model-context-protocol"
STORE_NAMES = ("faiss", "sqlite-vec")
"""Vector stores of the peers' starters, which applications ask for: other names for the one there is."""


class ProviderHealth(Wire):
    """Whether it works; `/v1/ready` says more."""

    status: Literal["OK"] = "OK"
    message: str = "See /v1/ready."


class ProviderWire(Wire):
    """One provider of one API."""

    api: str
    provider_id: str
    provider_type: str
    config: dict[str, Any]
    """Always empty: settings may hold secrets."""
    health: ProviderHealth


class ProviderList(Wire):
    """All providers."""

    data: tuple[ProviderWire, ...]


def known_providers(settings: Settings) -> tuple[ProviderWire, ...]:
    """Every provider, by API; those of ``vector_io`` are the ones a store may name."""
    files, store = settings.file_store.provider, settings.vector_store.provider
    named = [
        *(("vector_io", name, f"inline::{store}") for name in dict.fromkeys((store, *STORE_NAMES))),
        ("inference", "muniment", "inline::muniment"),
        *_behind_models(settings),
        ("files", files, f"inline::{files}"),
        ("agents", "muniment", "inline::muniment"),
        ("tool_runtime", RAG_PROVIDER, f"inline::{RAG_PROVIDER}"),
        ("tool_runtime", MCP_PROVIDER, f"remote::{MCP_PROVIDER}"),
        ("safety", "llama-guard", "inline::llama-guard"),
        ("scoring", "basic", "inline::basic"),
        ("datasetio", "localfs", "inline::localfs"),
        ("eval", "muniment", "inline::muniment"),
    ]
    return tuple(
        ProviderWire(api=api, provider_id=name, provider_type=kind, config={}, health=ProviderHealth())
        for api, name, kind in named
    )


def _behind_models(settings: Settings) -> list[tuple[str, str, str]]:
    """The providers that models name: each generator is its own, other models share their kind's."""
    named = [(name, f"remote::{generator.provider}") for name, generator in settings.generators.items()]
    taken = {name for name, _ in named} | {"muniment"}
    others = (*settings.embedding_models.values(), *settings.rerankers.values())
    kinds = {model.provider for model in others} | {PACKAGED_PROVIDER}
    in_server = {PACKAGED_PROVIDER: f"inline::{SENTENCE_TRANSFORMERS}"}
    named += [(kind, in_server.get(kind, f"remote::{kind}")) for kind in sorted(kinds - taken)]
    return [("inference", name, kind) for name, kind in named]


def checked_provider(settings: Settings, api: str, provider: str | None) -> str:
    """The provider that is meant: the named one, or the API's first.

    Raises:
        NotFoundError: code ``unknown_provider``.
    """
    known = [one.provider_id for one in known_providers(settings) if one.api == api]
    if not provider:
        return known[0]
    if provider not in known:
        raise unknown_name("provider", provider[:200], known)
    return provider


@router.get(
    "/v1/providers",
    summary="What stands behind the routes",
    operation_id="list_providers",
    responses=dialect_failures(),
)
@router.get(
    "/v1alpha/admin/providers",
    summary="What stands behind the routes",
    operation_id="admin_list_providers",
    responses=dialect_failures(),
)
async def list_providers(settings: SettingsOf) -> ProviderList:
    """By API. `provider_id` of a new store may be left out, or one listed for `vector_io`."""
    return ProviderList(data=known_providers(settings))


@router.get(
    "/v1/providers/{provider_id:path}",
    summary="One provider",
    operation_id="get_provider",
    responses=dialect_failures(404),
)
@router.get(
    "/v1alpha/admin/providers/{provider_id:path}",
    summary="One provider",
    operation_id="admin_get_provider",
    responses=dialect_failures(404),
)
async def get_provider(provider_id: str, settings: SettingsOf) -> ProviderWire:
    """The first of this id, when several APIs have it."""
    known = known_providers(settings)
    found = [one for one in known if one.provider_id == provider_id]
    if not found:
        raise unknown_name("provider", provider_id[:200], sorted({one.provider_id for one in known}))
    return found[0]
