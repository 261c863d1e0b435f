"""All models but the collections: language models, embedding models, rerankers, registered names."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from muniment.answer.models import LanguageModel, Models
from muniment.catalog.resources import Resources
from muniment.collections.embedding_models import EmbeddingModels
from muniment.collections.registered_models import MODEL
from muniment.collections.rerankers import Rerankers
from muniment.errors import ConflictError, InputError, MunimentError, NotFoundError, unknown_name
from muniment.types import JsonObject, Resource
from muniment.weights.catalogue import CATALOGUE

PACKAGED_PROVIDER = "encoder"
SENTENCE_TRANSFORMERS = "sentence-transformers"
"""What Llama Stack calls the provider of embedding models that run in the server; ours go by it too."""


COLLECTION_PREFIX = "muniment/"
"""How the names begin under which collections are models."""


class ModelKind(StrEnum):
    """What a model does, in the words of Llama Stack and OGX."""

    LLM = "llm"
    EMBEDDING = "embedding"
    RERANK = "rerank"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model as listings show it.

    Attributes:
        id: the name it is asked for by.
        provider: a language model's generator, an embedding model's or reranker's provider.
        upstream: what the model is called there.
        created_at: Unix seconds; 0 where nobody made it while the server ran.
        metadata: ``embedding_dimension`` and ``context_length`` as far as known, and what was registered.
    """

    id: str
    kind: ModelKind
    provider: str
    upstream: str
    created_at: int = 0
    metadata: JsonObject = field(default_factory=dict)


class ModelDirectory:
    """Lists models and keeps other names for them.

    Args:
        generator_providers: provider of each declared generator.
        embedding_providers: provider of each declared embedding model.
        embedding_names: what each declared embedding model is called by its provider.
        rerank_providers: provider of each declared reranker.
    """

    def __init__(
        self,
        models: Models,
        embedding_models: EmbeddingModels,
        rerankers: Rerankers,
        resources: Resources,
        *,
        generator_providers: Mapping[str, str],
        embedding_providers: Mapping[str, str],
        embedding_names: Mapping[str, str],
        rerank_providers: Mapping[str, str],
    ) -> None:
        self._models = models
        self._embedding = embedding_models
        self._rerankers = rerankers
        self._resources = resources
        self._generator_providers = generator_providers
        self._embedding_providers = embedding_providers
        self._embedding_names = embedding_names
        self._rerank_providers = rerank_providers

    # -- list

    async def listed(self) -> tuple[ModelEntry, ...]:
        """Language models, embedding models, rerankers, then registered names, oldest first."""
        entries = [_language(model) for model in self._models.listed()]
        entries += [await self._embedding_entry(name) for name in self._embedding.known]
        entries += [self._rerank_entry(name) for name in self._rerankers.known]
        for kept in await asyncio.to_thread(self._resources.list, MODEL):
            entries += [_registered(entry, kept) for entry in entries if _is_target(entry, kept)][:1]
        return tuple(entries)

    async def get(self, name: str) -> ModelEntry:
        """The model of that name, also by a name that listings do not show; the id is the name.

        Raises:
            NotFoundError: code ``unknown_model``.
        """
        declared = name in self._declared()
        kept = None if declared else await asyncio.to_thread(self._resources.get, MODEL, name)
        entry = await self._named(str(kept.body["target"]) if kept else name)
        return _registered(entry, kept) if kept else replace(entry, id=name)

    async def names(self) -> list[str]:
        """The names that listings show."""
        kept = await asyncio.to_thread(self._resources.list, MODEL)
        return [*self._declared(), *(resource.id for resource in kept)]

    # -- register

    async def register(
        self,
        name: str,
        *,
        provider: str | None = None,
        upstream: str | None = None,
        kind: ModelKind | None = None,
        metadata: JsonObject | None = None,
    ) -> ModelEntry:
        """Keep ``name`` as another name of the model ``upstream``; the same once more changes its metadata.

        Args:
            provider: as listings show it, or the provider's name in the settings; any when omitted.
            upstream: the model's name here or at its provider; ``name`` when omitted.
            kind: a language model when omitted, else an embedding model, else a reranker.

        Raises:
            NotFoundError: codes ``unknown_provider``, ``unknown_model``.
            InputError: code ``wrong_dimension``, or the name is one that a collection could have.
            ConflictError: code ``model_exists``: the name stands for another model.
        """
        if name.startswith(COLLECTION_PREFIX):
            raise InputError(
                f"{name[:200]!r} cannot be registered: so begin the names of collections.",
                hint="Choose another name; a collection is a model without being registered.",
            )
        wanted = upstream or name
        entry = await self._wanted(wanted, provider, kind)
        await self._check_dimension(entry, metadata or {})
        known = await self._known(name)
        if known is not None and (known.provider, known.upstream) != (entry.provider, entry.upstream):
            raise ConflictError(
                f"Model {name!r} exists, and is {known.upstream!r} of {known.provider!r}.",
                code="model_exists",
                hint="Choose another name, or remove the registered one first.",
            )
        if known is not None and name == entry.id:
            return known
        body = {"target": entry.id, "model_type": entry.kind.value, "metadata": metadata or {}}
        await asyncio.to_thread(self._resources.add, MODEL, [(name, body)])
        return await self.get(name)

    async def unregister(self, name: str) -> bool:
        """Forget a registered name; whether there was such."""
        return await asyncio.to_thread(self._resources.remove, MODEL, name)

    # -- inside

    def _declared(self) -> list[str]:
        language = (model.id for model in self._models.listed())
        return [*language, *self._embedding.known, *self._rerankers.known]

    async def _known(self, name: str) -> ModelEntry | None:
        """The model that goes by the name exactly: declared or registered, not guessed from its last part."""
        if name not in await self.names():
            return None
        return await self.get(name)

    async def _named(self, name: str) -> ModelEntry:
        try:
            return await self._language_entry(name)
        except NotFoundError:
            with suppress(NotFoundError):
                return await self._embedding_entry(self._embedding.resolve(name))
            with suppress(NotFoundError):
                return self._rerank_entry(await self._rerankers.resolve(name))
        raise unknown_name("model", name[:200], await self.names())

    async def _wanted(self, wanted: str, provider: str | None, kind: ModelKind | None) -> ModelEntry:
        if provider is not None and provider not in self._providers():
            raise unknown_name("provider", provider[:200], sorted(self._providers()))
        found = await self._candidates(wanted, provider, kind)
        for entry in found:
            if provider is None or provider in self._providers_of(entry):
                return entry
        where = f" of provider {provider!r}" if provider else ""
        what = f"{kind.value} model" if kind else "model"
        raise NotFoundError(
            f"There is no {what} {wanted[:200]!r}{where}.",
            code="unknown_model",
            hint=f"Known: {', '.join(sorted(await self.names()))}. Declare others in the settings.",
        )

    async def _candidates(
        self, wanted: str, provider: str | None, kind: ModelKind | None
    ) -> tuple[ModelEntry, ...]:
        found: list[ModelEntry] = []
        if kind in (None, ModelKind.LLM):
            for name in (f"{provider}/{wanted}", wanted) if provider else (wanted,):
                with suppress(NotFoundError):
                    found.append(await self._language_entry(name))
        if kind in (None, ModelKind.EMBEDDING):
            with suppress(NotFoundError):
                found.append(await self._embedding_entry(self._embedding.resolve(wanted)))
        if kind in (None, ModelKind.RERANK):
            with suppress(NotFoundError):
                found.append(self._rerank_entry(await self._rerankers.resolve(wanted)))
        return tuple(found)

    def _providers(self) -> set[str]:
        language = {model.id for model in self._models.listed()}
        providers = {
            self._generator_providers[name] for name in language if name in self._generator_providers
        }
        embedding = {*self._embedding_providers.values(), PACKAGED_PROVIDER, SENTENCE_TRANSFORMERS}
        return language | providers | embedding | set(self._rerank_providers.values())

    def _providers_of(self, entry: ModelEntry) -> set[str]:
        if entry.kind is ModelKind.EMBEDDING:
            return {entry.provider, SENTENCE_TRANSFORMERS}
        if entry.kind is ModelKind.RERANK:
            return {entry.provider}
        return {entry.provider, self._generator_providers.get(entry.provider, entry.provider)}

    async def _check_dimension(self, entry: ModelEntry, metadata: JsonObject) -> None:
        stated = metadata.get("embedding_dimension")
        if entry.kind is not ModelKind.EMBEDDING or stated is None:
            return
        embedder = await self._embedding.get(entry.id)
        if stated != embedder.dimension:
            raise InputError(
                f"Embedding model {entry.id!r} has {embedder.dimension} dimensions, not {stated!r}.",
                code="wrong_dimension",
                hint=f"Leave `embedding_dimension` out, or give {embedder.dimension}.",
            )

    async def _language_entry(self, name: str) -> ModelEntry:
        chat = await self._models.resolve(name)
        return next(_language(model) for model in self._models.listed() if model.id == chat.name)

    async def _embedding_entry(self, name: str) -> ModelEntry:
        """Packaged models are described without loading them, others tell their dimension when loaded."""
        metadata: JsonObject = {}
        packaged = CATALOGUE.get(name) if name not in self._embedding_providers else None
        if self._embedding.is_loaded(name) or packaged is None:
            with suppress(MunimentError):  # a listing must not fail because one model cannot be had
                embedder = await self._embedding.get(name)
                metadata = {"embedding_dimension": embedder.dimension, "context_length": embedder.max_tokens}
        elif packaged.dimension is not None:
            metadata = {"embedding_dimension": packaged.dimension}
        return ModelEntry(
            id=name,
            kind=ModelKind.EMBEDDING,
            provider=self._embedding_providers.get(name, PACKAGED_PROVIDER),
            upstream=self._embedding_names.get(name, name),
            metadata=metadata,
        )

    def _rerank_entry(self, name: str) -> ModelEntry:
        upstream = self._rerankers.upstream[name]
        return ModelEntry(name, ModelKind.RERANK, self._rerank_providers[name], upstream)


def _language(model: LanguageModel) -> ModelEntry:
    return ModelEntry(
        id=model.id,
        kind=ModelKind.LLM,
        provider=model.id,
        upstream=model.upstream or model.id,
        metadata={"context_length": model.context_tokens},
    )


def _is_target(entry: ModelEntry, kept: Resource) -> bool:
    return (entry.id, entry.kind.value) == (str(kept.body["target"]), str(kept.body["model_type"]))


def _registered(entry: ModelEntry, kept: Resource) -> ModelEntry:
    metadata = {**entry.metadata, **kept.body["metadata"]}
    return replace(entry, id=kept.id, created_at=kept.created_at, metadata=metadata)
