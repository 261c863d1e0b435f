"""The generator that asks the endpoint to answer from passages."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from muniment.endpoints import read_key
from muniment.errors import InputError, UnavailableError
from muniment.protocols import ChatModel, Generator, JsonObject, Prompt, Provider, ProviderContext
from muniment.protocols.chat_chunks import text_of
from muniment.protocols.structured import answer_request, unstructured
from muniment.providers.openai_generator.chat_model import OpenAIChatModel
from muniment.providers.openai_generator.endpoint import Endpoint
from muniment.providers.openai_generator.options import OpenAIGeneratorOptions


class OpenAIGenerator:
    """Streams chat completions; tries again only while nothing has been received."""

    def __init__(self, name: str, options: OpenAIGeneratorOptions, api_key: str = "") -> None:
        self._options = options
        self._endpoint = Endpoint(name, options, api_key)
        self._chat = OpenAIChatModel(name, self._endpoint)

    @property
    def name(self) -> str:
        """The name the settings give it."""
        return self._chat.name

    @property
    def context_tokens(self) -> int:
        """As the options say."""
        return self._options.context_tokens

    @property
    def chat(self) -> ChatModel:
        """The endpoint's model."""
        return self._chat

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer's text as the endpoint sends it.

        Raises:
            UnavailableError: ``generator_unavailable`` (cannot be reached, server error, stream broke)
                or ``generator_refused`` (4xx, with the server's message).
            TimeoutExceededError: ``generator_timeout``.
            InputError: ``prompt_too_long``.
        """
        request = answer_request(prompt, structured=self._options.structured)
        try:
            pieces = self._pieces(request)
            async with aclosing(unstructured(pieces) if self._options.structured else pieces) as said:
                async for piece in said:
                    yield piece
        except InputError as error:
            if error.code != "generator_refused":
                raise
            hint = "Check that the endpoint speaks OpenAI's chat API."
            if self._options.structured:
                hint += " It may not know JSON schemas: leave out `structured`."
            # The request is ours, so its refusal is no mistake of the person who asked.
            raise UnavailableError(error.message, code=error.code, hint=hint) from error

    async def _pieces(self, request: JsonObject) -> AsyncGenerator[str, None]:
        async with aclosing(self._chat.stream(request)) as chunks:
            async for chunk in chunks:
                if piece := text_of(chunk):
                    yield piece

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """The model's own count for each text; None when the endpoint cannot tell."""
        return await self._endpoint.count_tokens(texts)

    async def check(self) -> None:
        """Whether the endpoint answers and serves the model.

        Raises:
            UnavailableError: it does not.
        """
        await self._endpoint.check()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()


async def _create(options: OpenAIGeneratorOptions, context: ProviderContext) -> Generator:
    name = context.name or "openai"
    return OpenAIGenerator(
        name, options, read_key(f"Generator {name!r}", options.api_key_env, options.api_key_file)
    )


PROVIDER: Provider[Generator] = Provider("openai", OpenAIGeneratorOptions, _create)
