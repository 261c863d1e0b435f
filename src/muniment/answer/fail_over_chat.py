"""Several language models behind one: when one cannot begin, the next is asked."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from muniment.answer.text_over_chat import text_model_of
from muniment.errors import UnavailableError
from muniment.protocols import ChatModel, CompletionModel, JsonObject

log = logging.getLogger(__name__)


class FailOverCompletions:
    """Asks models in order until one gives its first chunk; what breaks after that is an error.

    A refusal of the request itself (an InputError) is not failed over: the next would refuse it too.
    When none can answer, the error is the last one's.
    """

    def __init__(self, models: Sequence[CompletionModel]) -> None:
        if not models:
            raise ValueError("a fail-over needs at least one model")
        self._models = tuple(models)

    async def complete(self, request: JsonObject) -> JsonObject:
        """The completion of the first that can."""
        *others, last = self._models
        for model in others:
            try:
                return await model.complete(request)
            except UnavailableError as error:
                _log(error)
        return await last.complete(request)

    async def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The chunks of the first that begins."""
        for model in self._models:
            async with aclosing(model.stream(request)) as chunks:
                try:
                    first = await anext(chunks, None)
                except UnavailableError as error:
                    if model is self._models[-1]:
                        raise
                    _log(error)
                    continue
                if first is not None:
                    yield first
                async for chunk in chunks:
                    yield chunk
                return


class FailOverChatModel(FailOverCompletions):
    """Chats with the first of several models that can answer, under the first one's name."""

    def __init__(self, models: Sequence[ChatModel]) -> None:
        super().__init__(models)
        self._chats = tuple(models)

    @property
    def name(self) -> str:
        """The name of the first one's generator, which is the one asked for."""
        return self._chats[0].name

    @property
    def model(self) -> str | None:
        """What the first one is called where it runs."""
        return self._chats[0].model

    @property
    def text(self) -> CompletionModel:
        """Plain text completion by the first that can, through chat where it does not offer it."""
        return FailOverCompletions([text_model_of(chat) for chat in self._chats])

    async def check(self) -> None:
        """Passes when any of them can answer; the last one's UnavailableError otherwise."""
        *others, last = self._chats
        for chat in others:
            try:
                return await chat.check()
            except UnavailableError as error:
                _log(error)
        await last.check()


def _log(error: UnavailableError) -> None:
    log.warning("asking the next language model (%s): %s", error.code, error.message)
