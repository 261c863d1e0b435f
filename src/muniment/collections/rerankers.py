"""The rerankers that the settings declare, by name."""

import asyncio
from collections.abc import Callable, Mapping

from muniment.errors import unknown_name
from muniment.protocols import ProviderContext, Reranker
from muniment.registry import create
from muniment.settings import Settings


class Rerankers:
    """Finds rerankers by the names that clients use.

    Args:
        made: by name.
        upstream: what each is called by its provider.
        registered: the name that a name registered by a client stands for, or None; may block.
    """

    def __init__(
        self,
        made: Mapping[str, Reranker],
        upstream: Mapping[str, str],
        registered: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._made = dict(made)
        self._upstream = dict(upstream)
        self._registered = registered

    @property
    def upstream(self) -> Mapping[str, str]:
        """What each is called by its provider."""
        return self._upstream

    @property
    def known(self) -> tuple[str, ...]:
        """The declared names."""
        return tuple(sorted(self._made))

    def get(self, name: str) -> Reranker | None:
        """The declared reranker of exactly this name."""
        return self._made.get(name)

    async def resolve(self, name: str) -> str:
        """The declared name that is meant: itself, what it was registered for, what the provider calls the
        model if only one has it, or its last part.

        Raises:
            NotFoundError: code ``unknown_model``.
        """
        if name in self._made:
            return name
        target = await asyncio.to_thread(self._registered, name) if self._made else None
        same = [one for one, upstream in self._upstream.items() if upstream == name]
        last = name.rpartition("/")[2]
        for meant in (target, same[0] if len(same) == 1 else None, last):
            if meant in self._made:
                return str(meant)
        raise unknown_name("reranker", name[:200], list(self.known), code="unknown_model")

    async def find(self, name: str) -> Reranker:
        """The reranker of that name; errors as ``resolve``."""
        return self._made[await self.resolve(name)]

    async def aclose(self) -> None:
        """Free all of them."""
        for reranker in self._made.values():
            await reranker.aclose()


async def make_reranker(settings: Settings, name: str) -> Reranker:
    """The declared reranker of that name.

    Raises:
        SettingsError: its options are wrong, or its key is missing.
    """
    context = ProviderContext(settings.data_dir, name)
    made: Reranker = await create("rerankers", settings.rerankers[name], context, f"rerankers.{name}")
    return made


async def make_rerankers(settings: Settings, registered: Callable[[str], str | None]) -> Rerankers:
    """All declared ones; errors as ``make_reranker``."""
    made = {name: await make_reranker(settings, name) for name in settings.rerankers}
    upstream = {name: str(one.options.get("model") or name) for name, one in settings.rerankers.items()}
    return Rerankers(made, upstream, registered)
