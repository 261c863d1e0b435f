"""A language model with tools as the generator of one answer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from muniment.protocols import ChatModel, JsonObject, Prompt
from muniment.protocols.chat_chunks import assembled, text_of


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants made; ``arguments`` are JSON as it wrote them."""

    id: str
    name: str
    arguments: str


class ChatGenerator:
    """Asks a language model once, with tools or a form for its text; what came of it can be read after.

    Args:
        chat: the model.
        context_tokens: tokens that request and completion may have together.
        request: what the request has besides messages, such as ``tools`` and ``response_format``.
        after: messages that stand behind the question: calls made for it, and their results.
        live: whether pieces are wanted as they are written; else the model is asked for the whole.

    Attributes:
        calls: the tool calls the model made.
        usage: the tokens it counted, in OpenAI's fields; empty where it does not count.
        finish_reason: why it ended, such as ``length``.
    """

    def __init__(
        self,
        chat: ChatModel,
        context_tokens: int,
        request: JsonObject,
        after: Sequence[JsonObject] = (),
        *,
        live: bool = True,
    ) -> None:
        self._chat = chat
        self._context_tokens = context_tokens
        self._request = request
        self._after = tuple(after)
        self._live = live
        self.calls: tuple[ToolCall, ...] = ()
        self.usage: JsonObject = {}
        self.finish_reason = ""

    @property
    def name(self) -> str:
        """The name of the model's generator."""
        return self._chat.name

    @property
    def context_tokens(self) -> int:
        """As it was told."""
        return self._context_tokens

    @property
    def chat(self) -> ChatModel:
        """The model."""
        return self._chat

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The text in pieces, none where the model only calls tools; errors as the model's."""
        messages = [{"role": role, "content": content} for role, content in prompt.messages]
        limits = {"max_tokens": prompt.max_tokens, "temperature": prompt.temperature}
        return self.say([*messages, *self._after], limits)

    async def say(self, messages: Sequence[JsonObject], limits: JsonObject) -> AsyncIterator[str]:
        """The same for a conversation as it is; ``limits`` are ``max_tokens`` and ``temperature``."""
        request = {**self._request, **limits, "messages": list(messages)}
        if not self._live:
            completion = await self._chat.complete(request)
            text = self._note(completion)
            if text:
                yield text
            return
        chunks: list[JsonObject] = []
        counted = {**request, "stream_options": {"include_usage": True}}
        async with aclosing(self._chat.stream(counted)) as stream:
            async for chunk in stream:
                chunks.append(chunk)
                if piece := text_of(chunk):
                    yield piece
        self._note(assembled(chunks))

    async def check(self) -> None:
        """Whether the model can answer now."""
        await self._chat.check()

    async def aclose(self) -> None:
        """The model belongs to its generator."""

    def _note(self, completion: JsonObject) -> str:
        choice = (completion.get("choices") or [{}])[0]
        message = choice.get("message") or {}
        self.calls = tuple(
            ToolCall(
                call.get("id") or f"call_{number}", said.get("name") or "", said.get("arguments") or "{}"
            )
            for number, call in enumerate(message.get("tool_calls") or [])
            if (said := call.get("function"))
        )
        self.usage = completion.get("usage") or {}
        self.finish_reason = choice.get("finish_reason") or ""
        return message.get("content") or ""
