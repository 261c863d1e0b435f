"""The store of an adopted collection, where that is not the store of all others."""

import asyncio
from collections.abc import Awaitable, Callable

from muniment.protocols import VectorStore


class AdoptedStore:
    """A vector store that is opened when it is first needed: the others must not wait for it."""

    def __init__(self, open_store: Callable[[], Awaitable[VectorStore]]) -> None:
        self._open = open_store
        self._opening = asyncio.Lock()
        self._store: VectorStore | None = None

    async def get(self) -> VectorStore:
        """The store; raises UnavailableError as long as it cannot be reached."""
        async with self._opening:
            if self._store is None:
                self._store = await self._open()
            return self._store

    async def aclose(self) -> None:
        """Let go of it, if it was opened."""
        if self._store is not None:
            await self._store.aclose()
            self._store = None
