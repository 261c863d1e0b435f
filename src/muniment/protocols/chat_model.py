"""A language model spoken to directly, in OpenAI's wire JSON.

Requests, completions and chunks are the JSON of OpenAI's ``/v1/chat/completions`` (and
``/v1/completions`` for plain text): the one form that every endpoint and every client here speaks.
It is passed on as it is, so that a parameter which this program has never heard of still works.
"""

from collections.abc import AsyncGenerator
from typing import Any, Protocol

JsonObject = dict[str, Any]
"""A JSON object of OpenAI's wire format, as ``json.loads`` gives it."""


class CompletionModel(Protocol):
    """Completes requests, whole or in chunks.

    The model named in a request is replaced by the model's own; ``stream`` is set by the method called.
    """

    async def complete(self, request: JsonObject) -> JsonObject:
        """The completion: ``choices``, and ``usage`` where the model counts.

        Raises:
            InputError: ``generator_refused`` with the model's words, or ``prompt_too_long``.
            UnavailableError: ``generator_unavailable``; ``generator_refused`` when the settings are at
                fault (key, model).
            TimeoutExceededError: ``generator_timeout``.
        """

    def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The completion in chunks; closing it stops the model.

        Nothing comes before a chunk that says something, so errors before the first one are those of
        ``complete``. After it an UnavailableError means that the stream broke.
        """


class ChatModel(CompletionModel, Protocol):
    """Completes chats: ``chat.completion`` objects and ``chat.completion.chunk`` events."""

    @property
    def name(self) -> str:
        """The name of its generator."""

    @property
    def model(self) -> str | None:
        """What the model is called where it runs; None until ``check`` or a request has found out."""

    @property
    def text(self) -> CompletionModel | None:
        """Plain text completion (``text_completion`` objects), where the model offers that itself."""

    async def check(self) -> None:
        """Whether it can answer now; raises UnavailableError that says what to do."""
