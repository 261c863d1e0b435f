"""The endpoint's model, spoken to directly."""

from collections.abc import AsyncGenerator

from muniment.protocols import CompletionModel, JsonObject
from muniment.providers.openai_generator.endpoint import Endpoint


class OpenAICompletions:
    """Requests of one kind, passed through but for the model's name."""

    def __init__(self, endpoint: Endpoint, path: str) -> None:
        self._endpoint = endpoint
        self._path = path

    async def complete(self, request: JsonObject) -> JsonObject:
        """The completion as the endpoint sends it."""
        return await self._endpoint.complete(self._path, request)

    def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The chunks as the endpoint sends them."""
        return self._endpoint.stream(self._path, request)


class OpenAIChatModel(OpenAICompletions):
    """Chats with the endpoint's model; plain text goes to ``/completions``."""

    def __init__(self, name: str, endpoint: Endpoint) -> None:
        super().__init__(endpoint, "chat/completions")
        self._name = name
        self._text = OpenAICompletions(endpoint, "completions")

    @property
    def name(self) -> str:
        """The name of its generator."""
        return self._name

    @property
    def model(self) -> str | None:
        """The endpoint's name of the model."""
        return self._endpoint.model

    @property
    def text(self) -> CompletionModel:
        """The endpoint's ``/completions``; one without it refuses with ``generator_refused``."""
        return self._text

    async def check(self) -> None:
        """Whether the endpoint answers and serves the model; UnavailableError when not."""
        await self._endpoint.check()
