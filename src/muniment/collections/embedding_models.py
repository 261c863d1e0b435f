"""The embedding models that can be used, by name; each is loaded when it is first needed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from muniment.errors import MunimentError, UnavailableError, unknown_name
from muniment.protocols import Embedder
from muniment.types import JsonObject

logger = logging.getLogger(__name__)


class EmbeddingModels:
    """Loads models once and keeps them.

    Args:
        known: names of the declared models and of the packaged ones whose weights are here.
        make: loads the model of that name.
        loaded: models that are loaded already, by name.
        default: the model of collections that name none.
        registered: the name that a name registered by a client stands for, or None.
        settings_of: provider and options of the model of that name, without secrets.
        make_from: loads a model by a name and such settings.
    """

    def __init__(
        self,
        known: Sequence[str],
        make: Callable[[str], Awaitable[Embedder]],
        loaded: Mapping[str, Embedder],
        default: str,
        registered: Callable[[str], str | None] = lambda _: None,
        *,
        settings_of: Callable[[str], JsonObject],
        make_from: Callable[[str, JsonObject], Awaitable[Embedder]],
    ) -> None:
        self.known = tuple(sorted({*known, *loaded}))
        self.default = default
        self._make = make
        self._registered = registered
        self._settings_of = settings_of
        self._make_from = make_from
        self._loaded = dict(loaded)
        self._former: dict[str, Embedder] = {}
        self._lock = asyncio.Lock()
        self._loading: set[asyncio.Task[None]] = set()

    def resolve(self, name: str) -> str:
        """The known name that is meant: itself, what it was registered for, or its last part
        (``sentence-transformers/all-MiniLM-L6-v2``).

        Raises:
            NotFoundError: code ``unknown_model``.
        """
        if name in self.known:
            return name
        target = self._registered(name)  # one row by its key, and only for names that are not our own
        if target in self.known:
            return target
        last = name.rpartition("/")[2]
        if last in self.known:
            return last
        raise unknown_name("embedding model", name[:200], list(self.known), code="unknown_model")

    async def get(self, name: str) -> Embedder:
        """The model, loaded; errors as ``resolve``, and those of loading it."""
        name = self.resolve(name)
        async with self._lock:
            if name not in self._loaded:
                self._loaded[name] = await self._make(name)
            return self._loaded[name]

    def load_soon(self, embedder: Embedder) -> None:
        """Load a model that is about to be used, in the background; its first use waits for that."""
        task = asyncio.create_task(self._load(embedder))
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)

    async def _load(self, embedder: Embedder) -> None:
        try:
            await embedder.load()
        except MunimentError as error:
            # Whoever uses it is told.
            logger.warning("An embedding model cannot be loaded: %s %s", error.message, error.hint)

    def settings_of(self, name: str) -> JsonObject:
        """Provider and options of the model, without secrets: enough to load it when it is not declared
        any more.
        """
        return self._settings_of(self.resolve(name))

    async def made_before(self, name: str, fingerprint: str, settings: JsonObject) -> Embedder:
        """The model with this fingerprint, though the settings may name another by now.

        Raises:
            UnavailableError: code ``generation_model_gone``.
        """
        known = (*self._loaded.values(), *self._former.values())
        found = next((embedder for embedder in known if embedder.fingerprint == fingerprint), None)
        if found is not None:
            return found
        async with self._lock:
            try:
                # A generation of before settings were noted has none.
                embedder = await self._make_from(name, settings or self.settings_of(name))
            except MunimentError as error:
                raise _gone(name, f"{error.message} {error.hint}".strip()) from error
            if embedder.fingerprint != fingerprint:
                await embedder.aclose()
                raise _gone(name, "The model that is there under its name gives other vectors.")
            self._former[fingerprint] = embedder
            return embedder

    def is_loaded(self, name: str) -> bool:
        """Whether the known model of that name is in memory."""
        return name in self._loaded

    async def aclose(self) -> None:
        """Free all of them."""
        await asyncio.gather(*self._loading, return_exceptions=True)
        for embedder in (*self._loaded.values(), *self._former.values()):
            await embedder.aclose()


def _gone(name: str, why: str) -> UnavailableError:
    return UnavailableError(
        f"The embedding model {name!r}, which the live generation was made with, cannot be used: {why}",
        code="generation_model_gone",
        hint="Bring the model back, or make the chunks anew with the declared one: "
        "`muniment ingest NAME --rebuild`.",
    )
