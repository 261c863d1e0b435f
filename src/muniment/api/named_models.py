"""Every model that a request can name: the collections, and the models behind them."""

from typing import Annotated, cast

from fastapi import Depends

from muniment.answer.text_over_chat import text_model_of
from muniment.api.collection_model import CollectionModel
from muniment.api.context import SettingsOf, WorkspaceOf
from muniment.collections.model_directory import COLLECTION_PREFIX as PREFIX
from muniment.collections.model_directory import ModelEntry, ModelKind
from muniment.collections.services import ServedWorkspace, Services
from muniment.collections.workspace import Workspace
from muniment.errors import ConflictError, NotFoundError, unknown_name
from muniment.protocols import ChatModel, CompletionModel
from muniment.settings import Settings
from muniment.settings.model import DEFAULT_GENERATOR

PROVIDER = "muniment"
"""Shown as the provider of collections."""


class NamedModels:
    """Finds models by the names that clients use; a workspace without services has only its collections."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        served = hasattr(workspace, "services")
        self._services: Services | None = cast(ServedWorkspace, workspace).services if served else None

    async def listed(self) -> tuple[ModelEntry, ...]:
        """Language models, embedding models, rerankers, registered names, then the collections.

        Clients that take the first language model there is get one that follows instructions.
        """
        own = await self._services.model_directory.listed() if self._services else ()
        return (*own, *[self._collection_entry(name) for name in await self._collection_names()])

    async def get(self, name: str) -> ModelEntry:
        """The model of that name.

        Raises:
            NotFoundError: code ``unknown_model``.
        """
        if await self.collection(name) is not None:
            return self._collection_entry(name)
        if self._services is not None and not name.startswith(PREFIX):
            try:
                return await self._services.model_directory.get(name)
            except NotFoundError as error:
                raise await self._also_collections(error) from None
        raise await self._unknown(name)

    async def chat(self, name: str) -> ChatModel:
        """The language model, or the collection, of that name; errors as ``get``."""
        found = await self.collection(name)
        if found is not None:
            return CollectionModel(name, *found, self._workspace, self._settings)
        if self._services is not None and not name.startswith(PREFIX):
            try:
                return await self._services.models.resolve(name)
            except NotFoundError as error:
                raise await self._also_collections(error) from None
        raise await self._unknown(name)

    async def text(self, name: str) -> CompletionModel:
        """Plain text completion by that model; errors as ``get``."""
        return text_model_of(await self.chat(name))

    async def unregister(self, name: str) -> None:
        """Forget a registered name.

        Raises:
            NotFoundError: code ``unknown_model``.
            ConflictError: code ``model_declared``, for a model that was not registered.
        """
        if self._services is not None and await self._services.model_directory.unregister(name):
            return
        await self.get(name)
        raise ConflictError(
            f"Model {name!r} was not registered over the API, so it cannot be removed from the models.",
            code="model_declared",
            hint="Change `generators`, `embedding_models` or `rerankers` in the settings; delete a "
            "collection as a store.",
        )

    async def _also_collections(self, error: NotFoundError) -> NotFoundError:
        collections = ", ".join(await self._collection_names()) or "none"
        return NotFoundError(error.message, code=error.code, hint=f"{error.hint} Collections: {collections}.")

    async def _unknown(self, name: str) -> NotFoundError:
        own = await self._services.model_directory.names() if self._services else []
        return unknown_name("model", name[:200], [*own, *await self._collection_names()])

    # -- collections

    async def _collection_names(self) -> list[str]:
        """``muniment/<id>`` of every collection; declared ones with each generator as well."""
        if self._services is not None:
            stores = await self._services.stores.list()
            ids, declared = [s.id for s in stores], [s.id for s in stores if s.declared]
        else:
            ids = declared = [status.name for status in await self._workspace.collections()]
        return [f"{PREFIX}{one}" for one in ids] + [
            f"{PREFIX}{one}@{generator}" for one in declared for generator in self._generators()
        ]

    async def collection(self, model: str) -> tuple[str, str | None] | None:
        """The collection and the generator that a model's name means, if it means a collection there is."""
        if not model.startswith(PREFIX):
            return None
        wanted = model.removeprefix(PREFIX)
        if (whole := await self._find(wanted)) is not None:
            return whole, None
        head, _, generator = wanted.rpartition("@")
        if generator not in self._generators() or (collection := await self._find(head)) is None:
            return None
        return collection, generator

    async def _find(self, id_or_name: str) -> str | None:
        if self._services is None:
            names = [status.name for status in await self._workspace.collections()]
            return id_or_name if id_or_name in names else None
        try:
            return await self._services.stores.find(id_or_name)
        except NotFoundError:
            return None

    def _collection_entry(self, name: str) -> ModelEntry:
        return ModelEntry(name, ModelKind.LLM, PROVIDER, name.removeprefix(PREFIX))

    def _generators(self) -> list[str]:
        return sorted({DEFAULT_GENERATOR, *self._settings.generators})


async def _named_models(workspace: WorkspaceOf, settings: SettingsOf) -> NamedModels:
    return NamedModels(workspace, settings)


NamedModelsOf = Annotated[NamedModels, Depends(_named_models)]
