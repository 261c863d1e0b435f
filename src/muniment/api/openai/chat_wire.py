"""OpenAI's shapes for chat and text completions; what they do not name is let through as it is."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from muniment.api.wire import AnswerWire
from muniment.api.wire.documented import Documented
from muniment.protocols import JsonObject


class _Open(Documented):
    """Fields that are not named here are kept: models take more than this server knows of."""

    model_config = ConfigDict(frozen=True, extra="allow")


class ContentPart(_Open):
    """A part of a message; a collection reads only those of type `text`."""

    type: str
    text: str | None = None


class ChatMessage(_Open):
    """A message of the conversation."""

    role: str
    content: str | list[ContentPart] | None = None


class StreamOptions(_Open):
    """What a stream holds besides the text."""

    include_usage: bool | None = None
    """Send a last chunk with `usage` and no choices."""


class _Asked(_Open):
    model: str = Field(examples=["muniment/handbook"])
    """A language model, a registered name, `muniment/<collection>` or `muniment/<collection>@<generator>`."""
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    def as_sent(self) -> JsonObject:
        """The request's JSON as the client sent it."""
        sent: JsonObject = self.model_dump(mode="json", exclude_unset=True)
        return sent


class ChatRequest(_Asked):
    """A conversation. A language model is sent every field; a collection reads the last user message."""

    messages: list[ChatMessage] = Field(
        examples=[[{"role": "user", "content": "How many days of annual leave do I have?"}]]
    )
    store: bool | None = None
    """Keep the completion for `GET /v1/chat/completions`."""
    metadata: dict[str, Any] | None = None
    """Kept with a completion that is kept."""


class CompletionRequest(_Asked):
    """A text to be continued. A model that only chats is sent it as the user's message."""

    prompt: str | list[str] | list[int] | list[list[int]]
    """A text, or several, each with its own completion; token ids where the model takes them."""


class MetadataRequest(_Open):
    """What of a kept completion can be changed."""

    metadata: dict[str, Any]
    """Replaces the metadata."""


class Message(_Open):
    """What the model says, or the tools it calls."""

    role: str | None = None
    content: str | list[Any] | None = None
    muniment: AnswerWire | None = None
    """Of a collection: the whole answer as `POST /v1/answers` gives it: verdict, claims, citations."""


class Choice(_Open):
    """A reply."""

    index: int = 0
    message: Message
    finish_reason: str | None = None


class Usage(_Open):
    """Tokens; of a collection words and signs, counted by the server."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


class Completion(_Open):
    """A finished chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None = None


class KeptCompletion(Completion):
    """A chat completion that was kept."""

    input_messages: list[ChatMessage]
    """The conversation it answers."""
    metadata: dict[str, Any] | None = None
    """What its client noted about it."""


class KeptCompletionList(_Open):
    """Kept completions."""

    object: Literal["list"] = "list"
    data: list[KeptCompletion]
    first_id: str | None
    last_id: str | None
    has_more: bool


class KeptMessage(ChatMessage):
    """A message of a kept conversation."""

    id: str


class KeptMessageList(_Open):
    """Messages of a kept conversation."""

    object: Literal["list"] = "list"
    data: list[KeptMessage]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedCompletion(_Open):
    """A completion that is no longer kept."""

    object: Literal["chat.completion.deleted"] = "chat.completion.deleted"
    id: str
    deleted: bool = True


class TextChoice(_Open):
    """A continuation."""

    index: int = 0
    text: str
    finish_reason: str | None = None


class TextCompletion(_Open):
    """A finished text completion."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[TextChoice]
    usage: Usage | None = None
