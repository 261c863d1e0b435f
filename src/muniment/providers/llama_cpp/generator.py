"""The generator that asks the loaded model to answer from passages."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from muniment.protocols import ChatModel, Generator, JsonObject, Prompt, Provider, ProviderContext
from muniment.protocols.chat_chunks import text_of
from muniment.protocols.structured import answer_request, unstructured
from muniment.providers.llama_cpp.chat_model import LlamaCppChatModel
from muniment.providers.llama_cpp.engine import Engine
from muniment.providers.llama_cpp.loading import Server, gguf, load
from muniment.providers.llama_cpp.options import LlamaCppOptions
from muniment.weights import resolve


class LlamaCppGenerator:
    """Streams answers of one model; one at a time, the others wait their turn in order."""

    def __init__(self, name: str, model: str, server: Server, options: LlamaCppOptions) -> None:
        self._options = options
        self._engine = Engine(name, server, options.token_timeout_s)
        self._chat = LlamaCppChatModel(name, model, self._engine)

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
        """The loaded model."""
        return self._chat

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer's tokens. A reader who stops reading stops the model.

        Raises:
            InputError: ``prompt_too_long``.
            UnavailableError: ``generator_unavailable``.
        """
        request = {**answer_request(prompt, structured=self._options.structured), "cache_prompt": True}
        pieces = self._pieces(request)
        async with aclosing(unstructured(pieces) if self._options.structured else pieces) as said:
            async for piece in said:
                yield piece

    async def _pieces(self, request: JsonObject) -> AsyncGenerator[str, None]:
        async with aclosing(self._chat.stream(request)) as chunks:
            async for chunk in chunks:
                if piece := text_of(chunk):
                    yield piece

    async def check(self) -> None:
        """Whether the model is loaded.

        Raises:
            UnavailableError: it was closed.
        """
        self._engine.check()

    async def aclose(self) -> None:
        """Wait for the answer in the making, then free the model."""
        await self._engine.aclose()


async def _create(options: LlamaCppOptions, context: ProviderContext) -> Generator:
    name = context.name or "llama_cpp"
    path = gguf(options.model_path or resolve(str(options.model), context.data_dir), name)
    server = await asyncio.to_thread(load, path, options, name)
    return LlamaCppGenerator(name, options.model or path.stem, server, options)


PROVIDER: Provider[Generator] = Provider("llama_cpp", LlamaCppOptions, _create)
