"""Language models by name, for callers who speak to one directly."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from muniment.answer.text_over_chat import text_model_of
from muniment.errors import NotFoundError, UnavailableError, unknown_name
from muniment.protocols import ChatModel, CompletionModel, Generator


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A model that can be spoken to.

    Attributes:
        id: the public name, which is its generator's.
        upstream: what it is called where it runs; None while its endpoint has not been asked.
        context_tokens: tokens that a request and its completion may have together.
    """

    id: str
    upstream: str | None
    context_tokens: int

    @property
    def alias(self) -> str | None:
        """``generator/upstream``, when the upstream name is known."""
        return f"{self.id}/{self.upstream}" if self.upstream else None


class Models:
    """The language models behind the declared generators; a generator without one is not listed.

    Args:
        registered: the name that a name registered by a client stands for, or None; may block.
    """

    def __init__(
        self,
        generators: Mapping[str, Generator],
        registered: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._registered = registered
        self._context = {name: generator.context_tokens for name, generator in generators.items()}
        self._chats = {name: chat for name, generator in generators.items() if (chat := generator.chat)}

    def listed(self) -> tuple[LanguageModel, ...]:
        """The models by public name; nothing is asked of their endpoints."""
        return tuple(
            LanguageModel(name, chat.model, self._context[name]) for name, chat in sorted(self._chats.items())
        )

    async def resolve(self, name: str) -> ChatModel:
        """The model by its generator's name, ``generator/upstream``, the upstream name if only one has it,
        or a registered name; the first of these that fits. Endpoints that have not told theirs yet are asked.

        Raises:
            NotFoundError: code ``unknown_model``, with the known names.
        """
        found = self._find(name)
        if found is None:
            target = await asyncio.to_thread(self._registered, name)
            name = target or name
            found = self._find(name)
        if found is None:
            await self._learn()
            found = self._find(name)
        if found is None:
            raise unknown_name("model", name, self._names())
        return found

    async def resolve_text(self, name: str) -> CompletionModel:
        """Plain text completion by the model of that name: its own, or through chat.

        Raises:
            NotFoundError: code ``unknown_model``, with the known names.
        """
        return text_model_of(await self.resolve(name))

    def _find(self, name: str) -> ChatModel | None:
        if name in self._chats:
            return self._chats[name]
        listed = self.listed()
        for model in listed:
            if name == model.alias:
                return self._chats[model.id]
        same = [model for model in listed if name == model.upstream]
        if len(same) > 1:
            raise NotFoundError(
                f"Several generators have the model {name!r}.",
                code="unknown_model",
                hint=f"Name one of them: {', '.join(str(model.alias) for model in same)}.",
            )
        return self._chats[same[0].id] if same else None

    async def _learn(self) -> None:
        """Ask the endpoints whose only model has no known name; one that does not answer stays as it is."""
        for chat in self._chats.values():
            if chat.model is None:
                try:
                    await chat.check()
                except UnavailableError:
                    continue

    def _names(self) -> list[str]:
        listed = self.listed()
        return [*self._chats, *(model.alias for model in listed if model.alias)]
