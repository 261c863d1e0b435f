"""OpenAI's shapes for chat completions and models, and the way of an answer into them."""

import json
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from muniment.api.wire import AnswerWire
from muniment.types import Answer


class _Lenient(BaseModel):
    """OpenAI's clients send fields that mean nothing here; they are let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class ContentPart(_Lenient):
    """A part of a message; only parts of type `text` are read."""

    type: str
    text: str | None = None


class ChatMessage(_Lenient):
    """A message of the conversation."""

    role: str
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """Its text, parts joined by newlines."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text" and part.text)
        return self.content or ""


class StreamOptions(_Lenient):
    """What a stream holds besides the text."""

    include_usage: bool | None = None
    """Send a last chunk with `usage` and no choices."""


class ChatRequest(_Lenient):
    """A conversation whose last user message is the question. Other fields of OpenAI are ignored."""

    model: str = Field(examples=["muniment/handbook"])
    """`muniment/<collection>` or `muniment/<collection>@<generator>`."""
    messages: list[ChatMessage] = Field(
        examples=[[{"role": "user", "content": "How many days of annual leave do I have?"}]]
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def question(self) -> str:
        """The last user message; empty when there is none."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Message(_Sent):
    """The answer's text with the list of its sources, and its evidence."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None
    muniment: AnswerWire
    """The whole answer as `POST /v1/answers` gives it: verdict, claims, citations."""


class Choice(_Sent):
    """The one choice there is."""

    index: int = 0
    message: Message
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(_Sent):
    """Words and signs, counted by the server; an estimate of the generator's tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(_Sent):
    """A finished chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage
    system_fingerprint: str | None = None


class ChunkDelta(_Sent):
    """What a chunk adds to the message; absent fields are not sent."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    muniment: AnswerWire | None = None
    """On the last chunk of the text: the whole answer as `POST /v1/answers` gives it."""


class ChunkChoice(_Sent):
    """The one choice of a chunk."""

    index: int = 0
    delta: ChunkDelta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class Chunk(_Sent):
    """A piece of a streamed chat completion."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: Usage | None = None
    system_fingerprint: str | None = None

    def data(self) -> str:
        """Its JSON as OpenAI sends it: a delta holds only what it adds."""
        sent = self.model_dump(mode="json")
        for choice in sent["choices"]:
            choice["delta"] = {key: value for key, value in choice["delta"].items() if value is not None}
        return json.dumps(sent, ensure_ascii=False, separators=(",", ":"))


class Model(_Sent):
    """A collection as a model."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: Literal["muniment"] = "muniment"


class ModelList(_Sent):
    """Every model."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...]


def usage_of(answer: Answer, content: str) -> Usage:
    """The question and the passages looked at as prompt, ``content`` as completion."""
    asked = _count(answer.question) + sum(_count(passage.chunk.text) for passage in answer.looked_at)
    written = _count(content)
    return Usage(prompt_tokens=asked, completion_tokens=written, total_tokens=asked + written)


def _count(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))
