"""The embedding models that can be used, by name; each is loaded when it is first needed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from muniment.errors import unknown_name
from muniment.protocols import Embedder


class EmbeddingModels:
    """Loads models once and keeps them.

    Args:
        known: names of the declared models and of the packaged ones whose weights are here.
        make: loads the model of that name.
        loaded: models that are loaded already, by name.
        default: the model of collections that name none.
        registered: the name that a name registered by a client stands for, or None.
    """

    def __init__(
        self,
        known: Sequence[str],
        make: Callable[[str], Awaitable[Embedder]],
        loaded: Mapping[str, Embedder],
        default: str,
        registered: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.known = tuple(sorted({*known, *loaded}))
        self.default = default
        self._make = make
        self._registered = registered
        self._loaded = dict(loaded)
        self._lock = asyncio.Lock()

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

    def is_loaded(self, name: str) -> bool:
        """Whether the known model of that name is in memory."""
        return name in self._loaded

    async def aclose(self) -> None:
        """Free all of them."""
        for embedder in self._loaded.values():
            await embedder.aclose()
