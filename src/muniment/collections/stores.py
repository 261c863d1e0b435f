"""Collections as stores of clients: found by id or name, created, changed and deleted over the API."""

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from uuid import uuid4

from muniment.catalog import Catalog
from muniment.collections.attachments import Attachments
from muniment.collections.files import seconds_of
from muniment.collections.generations import Generations
from muniment.collections.given import insert_given
from muniment.collections.parts import Parts
from muniment.collections.reconciler import Reconciler
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError, InputError, MunimentError, NotFoundError, unknown_name
from muniment.settings import CollectionSettings
from muniment.types import CreatedCollection, Document, GivenChunk, JsonObject, Store

logger = logging.getLogger(__name__)

_DOMAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LONGEST_ID = 512
_TOUCH_SECONDS = 60
"""A use is noted at most this often: stores expire by days, and a search must not wait for a disk."""


class Stores:
    """Every collection, declared or created, under the ids that clients call it by."""

    def __init__(
        self, parts: Parts, reconciler: Reconciler, attachments: Attachments, generations: Generations
    ) -> None:
        self._parts = parts
        self._generations = generations
        self._reconciler = reconciler
        self._attachments = attachments
        self._opening = asyncio.Lock()
        self._touched: dict[str, float] = {}

    @property
    def _catalog(self) -> Catalog:
        return self._parts.catalog

    # -- find

    async def open_created(self) -> None:
        """Make the runtimes of all created collections, before the first check of the reconciler."""
        filled = await asyncio.to_thread(self._catalog.filled)
        for created in await asyncio.to_thread(self._catalog.stores.list):
            try:
                runtime = await self._make(created)
                if created.collection in filled:
                    await runtime.embedder.load()
            except MunimentError as error:
                # The others must not suffer; whoever asks for this one is told why.
                logger.error("Store %s cannot be opened: %s %s", created.id, error.message, error.hint)

    async def find(self, id_or_name: str) -> str:
        """The collection's name in the domain, whatever a client calls it.

        Another server may have made it or removed it: the catalog decides.

        Raises:
            NotFoundError: code ``unknown_store``.
        """
        runtime = self._parts.runtimes.get(id_or_name)
        if runtime is not None and runtime.declared:
            await self.refresh(runtime)
            return id_or_name
        created = await self._created_as(id_or_name)
        if created is None or _expired(created):
            if runtime is not None and created is None:
                self._parts.runtimes.pop(id_or_name, None)
            raise await self._unknown(id_or_name)
        if created.collection not in self._parts.runtimes:
            await self._open(created)
        await self.refresh(self._parts.runtimes[created.collection])
        return created.collection

    async def _created_as(self, id_or_name: str) -> CreatedCollection | None:
        stores = self._catalog.stores
        return stores.known(id_or_name) or await asyncio.to_thread(stores.find, id_or_name)

    async def client_id(self, collection: str) -> str:
        """What clients call the collection."""
        created = await self._created_as(collection)
        return created.id if created else collection

    async def get(self, id_or_name: str) -> Store:
        """The store; errors as ``find``."""
        collection = await self.find(id_or_name)
        created = await self._created_as(collection)
        return await self._store(self._parts.runtime(collection), created)

    async def list(self) -> tuple[Store, ...]:
        """Declared collections by name, then created ones, oldest first."""
        declared = [runtime for runtime in self._parts.runtimes.values() if runtime.declared]
        stores = [await self._store(runtime, None) for runtime in sorted(declared, key=lambda r: r.name)]
        for created in await asyncio.to_thread(self._catalog.stores.list):
            if _expired(created):
                continue
            if created.collection not in self._parts.runtimes:
                await self._open(created)
            stores.append(await self._store(self._parts.runtimes[created.collection], created))
        return tuple(stores)

    async def refresh(self, runtime: CollectionRuntime) -> None:
        """See what other servers did to the collection."""
        if not self._catalog.database.shared or runtime.busy.locked():
            return
        revision = await asyncio.to_thread(self._catalog.revision, runtime.name)
        if revision == runtime.revision:
            return
        await self._generations.refresh(runtime)
        titles = await asyncio.to_thread(self._catalog.given.titles, runtime.name)
        documents = await asyncio.to_thread(self._catalog.documents, runtime.name)
        runtime.show_all(documents, titles)
        runtime.revision = revision

    # -- create, change, delete

    async def create(
        self,
        *,
        store_id: str = "",
        name: str = "",
        embedding_model: str | None = None,
        dimension: int | None = None,
        metadata: JsonObject | None = None,
        expires_days: int | None = None,
        description: str = "",
    ) -> Store:
        """Create a collection, or return the one that has this id already.

        Args:
            store_id: what clients shall call it; a new ``vs_…`` when empty.
            embedding_model: the default one when omitted.
            dimension: checked against the model's when given.

        Raises:
            NotFoundError: code ``unknown_model``.
            InputError: codes ``wrong_dimension``, ``invalid_store_id``.
            ConflictError: code ``store_exists``: the id is taken, with another embedding model.
        """
        models = self._parts.embedding_models
        model = models.resolve(embedding_model or models.default)
        embedder = await models.get(model)
        if dimension is not None and dimension != embedder.dimension:
            raise InputError(
                f"Embedding model {model!r} has {embedder.dimension} dimensions, not {dimension}.",
                code="wrong_dimension",
                hint=f"Leave the dimension out, or give {embedder.dimension}.",
            )
        if store_id:
            existing = await self._existing(store_id, model)
            if existing is not None:
                return existing
        made_id = store_id or f"vs_{uuid4()}"
        now = int(time.time())
        created = CreatedCollection(
            collection=_domain_name(made_id),
            id=made_id,
            name=name or (store_id if store_id else ""),
            embedding_model=model,
            created_at=now,
            last_active_at=now,
            metadata=metadata or {},
            expires_days=expires_days,
            description=description,
        )
        await asyncio.to_thread(self._catalog.stores.save, created)
        # Something will be put in or asked; what follows need not wait as long for the model then.
        models.load_soon(embedder)
        await self._open(created)
        return await self.get(made_id)

    async def update(
        self,
        id_or_name: str,
        *,
        name: str | None = None,
        metadata: JsonObject | None = None,
        expires_days: int | None = None,
    ) -> Store:
        """Change what is given of a created store.

        Raises:
            NotFoundError: code ``unknown_store``.
            ConflictError: code ``collection_declared``.
        """
        created = await self._created(await self.find(id_or_name), "changed")
        created = replace(
            created,
            name=created.name if name is None else name,
            metadata=created.metadata if metadata is None else metadata,
            expires_days=created.expires_days if expires_days is None else expires_days,
            last_active_at=int(time.time()),
        )
        await asyncio.to_thread(self._catalog.stores.save, created)
        return await self.get(created.id)

    async def delete(self, id_or_name: str) -> None:
        """Delete a store with everything in it.

        A declared collection is emptied, when the settings allow it at all; it exists as long as it is
        declared, and the next ingestion fills it from its sources.

        Raises:
            NotFoundError: code ``unknown_store``.
            ConflictError: code ``collection_declared``.
        """
        await self._delete(await self.find(id_or_name))

    async def _delete(self, collection: str) -> None:
        runtime = self._parts.runtime(collection)
        if runtime.declared and not self._parts.settings.server.delete_declared:
            raise _declared(collection, "deleted")
        async with runtime.busy:
            if not runtime.declared:
                self._parts.runtimes.pop(collection, None)
            await self._generations.remove_all(collection)
            await asyncio.to_thread(self._catalog.remove_collection, collection)
            runtime.generation, runtime.recipe, runtime.index = None, runtime.wanted, None
            runtime.given = {}
            runtime.hide_all_but(())
        if runtime.declared:
            await self._reconciler.check(runtime, in_background=False)

    async def sweep(self) -> None:
        """Delete stores whose time is over."""
        for created in await asyncio.to_thread(self._catalog.stores.list):
            if _expired(created):
                await self._open(created)
                await self._delete(created.collection)

    async def touch(self, collection: str) -> None:
        """Note that a created store was used, which puts off its end."""
        runtime = self._parts.runtimes.get(collection)
        now = time.time()
        if runtime is None or runtime.declared or now - self._touched.get(collection, 0) < _TOUCH_SECONDS:
            return
        self._touched[collection] = now
        await asyncio.to_thread(self._catalog.stores.touch, collection, int(now))

    def embedding_of(self, collection: str) -> tuple[str, int]:
        """Name and dimension of the embedding model of a collection that was found."""
        runtime = self._parts.runtime(collection)
        return runtime.recipe.embedding_model, runtime.embedder.dimension

    # -- given chunks

    async def insert(self, id_or_name: str, chunks: Sequence[GivenChunk]) -> None:
        """Keep chunks and make them searchable; one with a known id is replaced.

        Raises:
            NotFoundError: code ``unknown_store``.
            InputError: codes ``wrong_dimension``, ``invalid_embedding``.
        """
        collection = await self.find(id_or_name)
        await insert_given(self._parts.runtime(collection), self._catalog, chunks)
        await self.touch(collection)

    async def given(
        self, collection: str, row_ids: Sequence[int], *, vectors: bool = True
    ) -> dict[int, GivenChunk]:
        """Which of these rows, which a search found, are chunks that clients inserted, as they were sent.

        Where nobody is shown the ``vectors``, they need not be read.
        """
        if not row_ids or not self._parts.runtime(collection).given:
            return {}
        return await asyncio.to_thread(self._catalog.given.get, collection, row_ids, vectors=vectors)

    async def documents_of(self, collection: str, document_ids: Sequence[str]) -> dict[str, Document]:
        """The documents behind passages, by id."""
        if not document_ids:
            return {}
        return await asyncio.to_thread(self._catalog.documents_by_id, collection, document_ids)

    # -- inside

    async def _existing(self, store_id: str, model: str) -> Store | None:
        try:
            store = await self.get(store_id)
        except NotFoundError:
            return None
        if store.id != store_id:
            return None
        if store.embedding_model != model:
            raise ConflictError(
                f"Store {store_id!r} exists, with embedding model {store.embedding_model!r}, not {model!r}.",
                code="store_exists",
                hint="Use it as it is, or choose another id.",
            )
        return store

    async def _open(self, created: CreatedCollection) -> None:
        async with self._opening:
            if created.collection in self._parts.runtimes:
                return
            runtime = await self._make(created)
            await self._reconciler.check(runtime, in_background=True)
            await self._attachments.resume(created.collection)

    async def _make(self, created: CreatedCollection) -> CollectionRuntime:
        settings = CollectionSettings(
            description=created.description, embedding_model=created.embedding_model
        )
        runtime = await self._parts.make_runtime(created.collection, settings)
        runtime.declared = False
        self._parts.runtimes[created.collection] = runtime
        return runtime

    async def _store(self, runtime: CollectionRuntime, created: CreatedCollection | None) -> Store:
        counts, usage = await self._attachments.counts(runtime.name)
        record = await asyncio.to_thread(self._catalog.created_at, runtime.name)
        made = created.created_at if created else seconds_of(record)
        return Store(
            collection=runtime.name,
            id=created.id if created else runtime.name,
            name=created.name if created else runtime.name,
            declared=runtime.declared,
            embedding_model=runtime.recipe.embedding_model,
            dimension=runtime.embedder.dimension,
            created_at=made,
            last_active_at=created.last_active_at if created else made,
            metadata=created.metadata if created else {},
            expires_days=created.expires_days if created else None,
            counts=counts,
            usage_bytes=usage,
            description=runtime.settings.description,
        )

    async def _created(self, collection: str, what: str) -> CreatedCollection:
        created = await self._created_as(collection)
        if created is None or created.collection != collection:
            raise _declared(collection, what)
        return created

    async def _unknown(self, name: str) -> NotFoundError:
        created = await asyncio.to_thread(self._catalog.stores.list)
        declared = [runtime.name for runtime in self._parts.runtimes.values() if runtime.declared]
        return unknown_name(
            "vector store", name[:200], declared + [one.id for one in created], code="unknown_store"
        )


def _declared(collection: str, what: str) -> ConflictError:
    return ConflictError(
        f"Collection {collection!r} is declared in the settings and cannot be {what} over the API.",
        code="collection_declared",
        hint="Change the settings; deleting over the API needs `server.delete_declared: true`.",
    )


def _domain_name(store_id: str) -> str:
    """The id itself where it can be a collection's name, else one made from it.

    Raises:
        InputError: code ``invalid_store_id``.
    """
    if len(store_id) > _LONGEST_ID or not store_id.isprintable() or not store_id.strip():
        raise InputError(
            f"{store_id[:60]!r} cannot be a store's id.",
            code="invalid_store_id",
            hint=f"Use 1 to {_LONGEST_ID} printable characters.",
        )
    if _DOMAIN_NAME.fullmatch(store_id):
        return store_id
    return f"store_{sha256(store_id.encode()).hexdigest()[:32]}"


def _expired(created: CreatedCollection) -> bool:
    if created.expires_days is None:
        return False
    return created.last_active_at + created.expires_days * 86400 <= time.time()
