"""The only place where objects are wired together from settings."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from muniment.answer.fail_over import fallback_chain, with_fallbacks
from muniment.catalog import Catalog
from muniment.chunkers import chunker_for
from muniment.collections import setup
from muniment.collections.adopted_store import AdoptedStore
from muniment.collections.embedding_models import EmbeddingModels
from muniment.collections.local import LocalWorkspace
from muniment.collections.lock import DataLock
from muniment.collections.parts import Parts
from muniment.collections.recipe import Recipe, without_secrets
from muniment.collections.registered_models import RegisteredModels
from muniment.collections.rerankers import make_reranker, make_rerankers
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import InputError, MunimentError, unknown_name
from muniment.ingest.kept_files import KeptFiles
from muniment.protocols import (
    ChatModel,
    Embedder,
    FileStore,
    Generator,
    Parser,
    ProviderContext,
    Source,
    VectorStore,
)
from muniment.providers.structure_chunker import StructureChunker
from muniment.registry import check_options, create
from muniment.settings import CollectionSettings, ProviderSettings, Settings
from muniment.settings.model import DEFAULT_GENERATOR
from muniment.settings.own_paths import catalog_uri, own_paths
from muniment.types import Verification
from muniment.weights import list_weights


async def open_workspace(settings: Settings, *, serving: bool, asking: bool = False) -> LocalWorkspace:
    """Open the data directory and everything the settings declare.

    Embedding models are loaded at once when ``serving`` or ``asking``, else when they are first used:
    a run with nothing to do needs none.

    Raises:
        SettingsError: a provider's options are wrong.
        UnavailableError: code ``data_in_use``, when another process works on the directory.
        NotFoundError: code ``weights_missing``, naming the command that fetches them.
    """
    check_providers(settings)
    lock = DataLock(settings.data_dir)
    lock.acquire()
    try:
        # What a killed process left half-read; nothing in it is needed.
        shutil.rmtree(settings.data_dir / "scratch", ignore_errors=True)
        workspace = LocalWorkspace(await _make_parts(settings, load=serving or asking), lock)
    except BaseException:
        lock.release()
        raise
    try:
        await workspace.start(serving=serving)
    except BaseException:
        await workspace.aclose()
        raise
    return workspace


@asynccontextmanager
async def open_kept_files(settings: Settings) -> AsyncIterator[tuple[FileStore, Catalog]]:
    """The store of kept files and the catalog alone; a server may work on the data meanwhile."""
    context = ProviderContext(settings.data_dir)
    catalog = await asyncio.to_thread(Catalog.open, catalog_uri(settings))
    try:
        store: FileStore = await create("file_stores", settings.file_store, context, "file_store")
        try:
            yield store, catalog
        finally:
            await store.aclose()
    finally:
        catalog.close()


async def remote_source_problems(settings: Settings) -> list[str]:
    """What is wrong with declared sources that are no folders, tried as a run would before its first file."""
    found = []
    context = _source_context(settings)
    for kind, where, provider in named_providers(settings):
        if kind != "sources" or provider.provider == "folder":
            continue
        try:
            source: Source = await create(kind, provider, context, where)
            try:
                await source.check()
            finally:
                await source.aclose()
        except MunimentError as error:
            found.append(f"{where}: {error.message} {error.hint}")
    return found


async def verify_setup(settings: Settings, collection: str) -> Verification:
    """Try everything that a declared collection rests on, without opening the data.

    Raises:
        NotFoundError: codes ``unknown_collection``, ``unknown_provider``.
        SettingsError: a provider's options are wrong.
    """
    check_providers(settings)
    if collection not in settings.collections:
        raise unknown_name("collection", collection, list(settings.collections))
    declared, context = settings.collections[collection], ProviderContext(settings.data_dir)
    generator, reranker = settings.generator_of(declared), settings.reranker_of(declared)

    async def make_generator() -> Generator:
        chain = fallback_chain(generator, _fallbacks(_declared_generators(settings)))
        return (await _make_generators(settings, chain))[generator]

    if declared.adopt:
        make_store = partial(open_adopted_store, settings, collection)
    else:
        make_store = partial(_make_vector_store, settings, context)
    where = f"collections.{collection}.sources"
    return await setup.verify_setup(
        setup.Makers(
            collection=collection,
            data_dir=settings.data_dir,
            catalog=partial(Catalog.open, catalog_uri(settings)),
            file_store=partial(create, "file_stores", settings.file_store, context, "file_store"),
            sources=[
                partial(create, "sources", source, _source_context(settings), f"{where}.{number}")
                for number, source in enumerate(declared.sources)
            ],
            embedding_model=declared.embedding_model,
            embedder=partial(_make_embedder, settings, declared.embedding_model),
            vector_store=make_store,
            generator_name=generator,
            generator=make_generator,
            adopted=declared.adopt.collection if declared.adopt else "",
            reranker=partial(make_reranker, settings, reranker) if reranker else None,
            reranker_name=reranker or "",
        )
    )


def check_providers(settings: Settings) -> None:
    """Check the options of every provider that the settings name, without making any.

    Raises:
        NotFoundError: code ``unknown_provider``.
        SettingsError: an option is wrong, or a fallback leads nowhere.
    """
    for kind, where, provider in named_providers(settings):
        check_options(kind, provider, where)
    declared = _declared_generators(settings)
    for name in declared:
        fallback_chain(name, _fallbacks(declared))


def named_providers(settings: Settings) -> list[tuple[str, str, ProviderSettings]]:
    """Every provider that the settings name, as kind, place in the settings and its own settings."""
    named = [
        ("parsers", "parser", settings.parser),
        ("vector_stores", "vector_store", settings.vector_store),
        ("file_stores", "file_store", settings.file_store),
    ]
    named += [("embedders", f"embedding_models.{name}", p) for name, p in settings.embedding_models.items()]
    named += [("generators", f"generators.{name}", p) for name, p in settings.generators.items()]
    named += [("rerankers", f"rerankers.{name}", p) for name, p in settings.rerankers.items()]
    for collection, declared in settings.collections.items():
        if declared.adopt:
            lies_in = settings.adopted_from(declared.adopt)
            named.append(("vector_stores", f"collections.{collection}.adopt", lies_in))
        for number, source in enumerate(declared.sources):
            named.append(("sources", f"collections.{collection}.sources.{number}", source))
    return named


def _source_context(settings: Settings, name: str = "") -> ProviderContext:
    return ProviderContext(settings.data_dir, name, own_paths(settings))


async def _make_parts(settings: Settings, *, load: bool) -> Parts:
    context = ProviderContext(settings.data_dir)
    store_opening = asyncio.create_task(_make_vector_store(settings, context))
    try:
        catalog = await asyncio.to_thread(Catalog.open, catalog_uri(settings))
        embedders, store = await asyncio.gather(_make_embedders(settings, catalog, load=load), store_opening)
        return await _parts_around(settings, embedders, store, catalog)
    except BaseException:
        # An embedded database must be closed in order, whatever else could not be opened.
        with suppress(MunimentError):
            await (await store_opening).aclose()
        raise


async def _parts_around(
    settings: Settings, embedders: dict[str, Embedder], store: VectorStore, catalog: Catalog
) -> Parts:
    context = ProviderContext(settings.data_dir)
    file_store: FileStore = await create("file_stores", settings.file_store, context, "file_store")
    parser: Parser = await create("parsers", settings.parser, context, "parser")
    generators = await _make_generators(settings)
    registered = RegisteredModels(catalog.resources).target
    rerankers = await make_rerankers(settings, registered)
    models = EmbeddingModels(
        _known_embedding_models(settings),
        lambda name: _make_embedder(settings, name),
        embedders,
        settings.default_embedding_model,
        registered,
        settings_of=lambda name: without_secrets(_embedder_settings(settings, name).model_dump()),
        make_from=lambda name, given: _create_embedder(
            settings, name, ProviderSettings.model_validate(given)
        ),
    )

    async def make_runtime(name: str, declared: CollectionSettings) -> CollectionRuntime:
        made = await _make_runtime(settings, name, declared, models, generators, parser.version)
        made.reranker = rerankers.get(settings.reranker_of(declared) or "")
        return made

    runtimes = {name: await make_runtime(name, declared) for name, declared in settings.collections.items()}
    _add_adopted_stores(settings, runtimes)
    return Parts(
        settings=settings,
        catalog=catalog,
        kept=KeptFiles(file_store),
        parser=parser,
        store=store,
        runtimes=runtimes,
        generators=generators,
        readers=settings.ingest.readers,
        embedding_models=models,
        rerankers=rerankers,
        make_runtime=make_runtime,
    )


def _add_adopted_stores(settings: Settings, runtimes: dict[str, CollectionRuntime]) -> None:
    """Stores beside our own that adopted collections lie in, one for each address."""
    stores: dict[str, AdoptedStore] = {}
    for name, runtime in runtimes.items():
        adopt = runtime.settings.adopt
        if adopt is not None and (place := settings.adopted_from(adopt)) != settings.vector_store:
            key = place.model_dump_json()
            stores[key] = stores.get(key) or AdoptedStore(partial(open_adopted_store, settings, name))
            runtime.adopted_from = stores[key]


async def open_adopted_store(settings: Settings, collection: str) -> VectorStore:
    """The store that a declared collection is adopted from.

    Raises:
        UnavailableError: it does not answer, or another process has it open.
    """
    adopt = settings.collections[collection].adopt
    place = settings.adopted_from(adopt) if adopt else settings.vector_store
    context = ProviderContext(settings.data_dir)
    store: VectorStore = await create("vector_stores", place, context, f"collections.{collection}.adopt")
    return store


async def open_embedder(settings: Settings, collection: str) -> Embedder:
    """The embedding model of a declared collection."""
    name = settings.collections[collection].embedding_model
    return await _make_embedder(settings, name)


async def _make_vector_store(settings: Settings, context: ProviderContext) -> VectorStore:
    store: VectorStore = await create("vector_stores", settings.vector_store, context, "vector_store")
    return store


async def _make_embedders(settings: Settings, catalog: Catalog, *, load: bool) -> dict[str, Embedder]:
    """The embedding models that declared collections use; with ``load``, loaded where there is something
    to search."""
    collections = settings.collections.items()
    embedders = {
        name: await _make_embedder(settings, name)
        for name in sorted({declared.embedding_model for _, declared in collections})
    }
    if not load:
        return embedders
    filled = await asyncio.to_thread(catalog.filled)
    for name in {one.embedding_model for key, one in collections if key in filled or one.adopt}:
        await embedders[name].load()
    return embedders


async def _make_embedder(settings: Settings, name: str) -> Embedder:
    return await _create_embedder(settings, name, _embedder_settings(settings, name))


def _embedder_settings(settings: Settings, name: str) -> ProviderSettings:
    """Those of the embedding model; a name that is not declared is that of packaged weights."""
    return settings.embedding_models.get(name) or ProviderSettings.model_validate(
        {"provider": "encoder", "model": name}
    )


async def _create_embedder(settings: Settings, name: str, provider: ProviderSettings) -> Embedder:
    context = ProviderContext(settings.data_dir, name)
    embedder: Embedder = await create("embedders", provider, context, f"embedding_models.{name}")
    return embedder


def _known_embedding_models(settings: Settings) -> list[str]:
    """The declared models, and the packaged ones whose weights are here."""
    here = [
        known.weights.name
        for known in list_weights(settings.data_dir)
        if known.weights.kind == "embedding" and known.state in ("ready", "installed")
    ]
    return [*settings.embedding_models, *here]


async def _make_generators(settings: Settings, only: Sequence[str] = ()) -> dict[str, Generator]:
    """The declared generators by name, each followed by those it falls back to; all without ``only``."""
    declared = _declared_generators(settings)
    made: dict[str, Generator] = {}
    for name in only or declared:
        context = ProviderContext(settings.data_dir, name)
        made[name] = await create("generators", declared[name], context, f"generators.{name}")
    fallbacks = _fallbacks(declared)
    return with_fallbacks(made, {name: fallbacks[name] for name in made})


@asynccontextmanager
async def open_chat_model(settings: Settings, generator: str) -> AsyncIterator[ChatModel]:
    """The language model behind a declared generator; its fallbacks stand in for it.

    Raises:
        NotFoundError: code ``unknown_generator``.
        InputError: code ``no_language_model``: the generator writes without one.
    """
    declared = _declared_generators(settings)
    if generator not in declared:
        raise unknown_name("generator", generator, list(declared))
    made = await _make_generators(settings, fallback_chain(generator, _fallbacks(declared)))
    try:
        model = made[generator].chat
        if model is None:
            raise InputError(
                f"Generator {generator!r} has no language model.",
                code="no_language_model",
                hint="Name one that has: docs/guides/connect-a-language-model.md.",
            )
        yield model
    finally:
        for one in made.values():
            await one.aclose()


def _declared_generators(settings: Settings) -> dict[str, ProviderSettings]:
    return {DEFAULT_GENERATOR: ProviderSettings(provider=DEFAULT_GENERATOR), **settings.generators}


def _fallbacks(declared: dict[str, ProviderSettings]) -> dict[str, str | None]:
    return {name: provider.options.get("fallback") for name, provider in declared.items()}


async def _make_runtime(
    settings: Settings,
    name: str,
    declared: CollectionSettings,
    embedding_models: EmbeddingModels,
    generators: dict[str, Generator],
    parser_version: str,
) -> CollectionRuntime:
    embedder = await embedding_models.get(declared.embedding_model)
    context = _source_context(settings, name)
    sources: list[Source] = []
    for number, source in enumerate(declared.sources):
        sources.append(await create("sources", source, context, f"collections.{name}.sources.{number}"))
    chunker = StructureChunker(
        tokenizer=embedder.tokenizer,
        max_tokens=min(declared.chunking.max_tokens, embedder.max_tokens),
        min_tokens=declared.chunking.min_tokens,
    )
    recipe = Recipe(
        embedder=embedder,
        embedding_model=declared.embedding_model,
        embedding_settings=embedding_models.settings_of(declared.embedding_model),
        chunker_spec=chunker.spec,
        parser_version=parser_version,
        chunker_of=partial(chunker_for, tokenizer=embedder.tokenizer),
    )
    return CollectionRuntime(
        name=name,
        settings=declared,
        sources=sources,
        wanted=recipe,
        recipe=recipe,
        generator=generators[settings.generator_of(declared)],
    )
