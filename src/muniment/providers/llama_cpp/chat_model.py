"""The loaded model, spoken to directly."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from muniment.protocols import CompletionModel, JsonObject
from muniment.protocols.chat_chunks import assembled, says_something
from muniment.providers.llama_cpp.engine import Engine, Work
from muniment.providers.llama_cpp.loading import Receive, Server


class LlamaCppCompletions:
    """Requests of one kind, passed through but for the model's name."""

    def __init__(self, engine: Engine, model: str, work: Work) -> None:
        self._engine = engine
        self._model = model
        self._work = work

    async def complete(self, request: JsonObject) -> JsonObject:
        """The completion, put together from its chunks so that a caller who leaves stops the model."""
        counted = {**request, "stream_options": {"include_usage": True}}
        return assembled([chunk async for chunk in self.stream(counted)])

    async def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The chunks; those that say nothing are kept back until one says something."""
        silent: list[JsonObject] = []
        begun = False
        async with aclosing(self._engine.events(self._work, request)) as events:
            async for event in events:
                begun = begun or says_something(event)
                silent.append({**event, "model": self._model})
                while begun and silent:
                    yield silent.pop(0)


class LlamaCppChatModel(LlamaCppCompletions):
    """Chats with the model by the template in its file."""

    def __init__(self, name: str, model: str, engine: Engine) -> None:
        super().__init__(engine, model, _chat)
        self._name = name
        self._text = LlamaCppCompletions(engine, model, _text)

    @property
    def name(self) -> str:
        """The name of its generator."""
        return self._name

    @property
    def model(self) -> str:
        """The weights' name, or the file's without its ending."""
        return self._model

    @property
    def text(self) -> CompletionModel:
        """The model without its chat template."""
        return self._text

    async def check(self) -> None:
        """Whether the model is loaded; UnavailableError when it was closed."""
        self._engine.check()


def _chat(server: Server, request: JsonObject, receive: Receive) -> None:
    server.handle_chat_completions(request, receive)


def _text(server: Server, request: JsonObject, receive: Receive) -> None:
    server.handle_completions(request, receive)
