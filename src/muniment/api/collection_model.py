"""A collection as a language model: the last user message is the question, the cited answer the reply."""

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from muniment.answer.events import AnswerEvent, Delta, Finished
from muniment.api.marking import marked
from muniment.api.questions import checked_question
from muniment.api.sources import sources_text
from muniment.api.streaming import last_event
from muniment.api.wire import AnswerWire
from muniment.collections.workspace import Workspace
from muniment.errors import InputError
from muniment.protocols import JsonObject
from muniment.settings import Settings
from muniment.types import Answer

CHECKED = "\n\nAfter checking, the answer reads:\n\n"


class CollectionModel:
    """A ChatModel whose messages have the extra field ``muniment``: the answer as ``/v1/answers`` gives it.

    Of a request it reads the last user message, and whether a stream shall count; each question stands
    for itself.
    """

    text = None

    def __init__(
        self, name: str, collection: str, generator: str | None, workspace: Workspace, settings: Settings
    ) -> None:
        self._collection = collection
        self._generator = generator
        self._workspace = workspace
        self._settings = settings
        self.name = name
        self.model = name

    async def complete(self, request: JsonObject) -> JsonObject:
        """The text is the checked answer, what is not founded marked, with the list of its sources under it.

        Raises:
            InputError: codes ``question_empty``, ``question_too_long``, ``generator_refused``.
        """
        async with self._events(request) as events:
            finished = await last_event(events)
        assert isinstance(finished, Finished)
        answer = finished.answer
        content = marked(answer).text + sources_text(answer)
        message = {"role": "assistant", "content": content, "refusal": None, "muniment": _evidence(answer)}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        head = _head("chat.completion", self.name)
        return {**head, "choices": [choice], "usage": _usage(answer, content)}

    async def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The text as it is written, the role first; what is sent before the check cannot be taken back."""
        counts = bool((request.get("stream_options") or {}).get("include_usage"))
        reply = _Reply(_head("chat.completion.chunk", self.name))
        async with self._events(request) as events:
            yield reply.chunk({"role": "assistant", "content": ""})
            async for event in events:
                if isinstance(event, Delta):
                    yield reply.text(event.text)
                elif isinstance(event, Finished):
                    for chunk in reply.end(event.answer, counts=counts):
                        yield chunk

    async def check(self) -> None:
        """Every collection there is can be asked; what keeps it from answering is an error of the answer."""

    @asynccontextmanager
    async def _events(self, request: JsonObject) -> AsyncIterator[AsyncIterator[AnswerEvent]]:
        """The answer in the making, begun: errors before its first event are raised here."""
        question = checked_question(_question(request), self._settings)
        events = self._workspace.answer(self._collection, question, generator=self._generator)
        try:
            first = await anext(events)
            yield _with_first(first, events)
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()


@dataclass
class _Reply:
    """The chunks of one answer, and the text in them."""

    head: JsonObject
    sent: list[str] = field(default_factory=list)

    def chunk(self, delta: JsonObject, finish_reason: str | None = None) -> JsonObject:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self.head, "choices": [choice], "usage": None}

    def text(self, text: str) -> JsonObject:
        self.sent.append(text)
        return self.chunk({"content": text})

    def end(self, answer: Answer, *, counts: bool) -> list[JsonObject]:
        chunks = [self.text(text) for text in (self._rest(marked(answer).text), sources_text(answer)) if text]
        chunks.append(self.chunk({"muniment": _evidence(answer)}, "stop"))
        if counts:
            chunks.append({**self.head, "choices": [], "usage": _usage(answer, "".join(self.sent))})
        return chunks

    def _rest(self, text: str) -> str:
        """What is missing of the checked text; all of it when it is not what was sent so far."""
        sent = "".join(self.sent)
        if text.startswith(sent):
            return text[len(sent) :]
        return "" if text.strip() == sent.strip() else CHECKED + text


async def _with_first(
    first: AnswerEvent, rest: AsyncIterator[AnswerEvent]
) -> AsyncGenerator[AnswerEvent, None]:
    yield first
    async for event in rest:
        yield event


def _question(request: JsonObject) -> str:
    messages = request.get("messages")
    if not isinstance(messages, list):
        raise InputError("The request has no messages.", code="generator_refused", hint="Send `messages`.")
    return next((_text(m.get("content")) for m in reversed(messages) if m.get("role") == "user"), "")


def _text(content: object) -> str:
    """The text of a message, that of its parts joined by newlines."""
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part.get("type") == "text" and part.get("text"))
    return str(content or "")


def _evidence(answer: Answer) -> JsonObject:
    return AnswerWire.of(answer).model_dump(mode="json")


def _head(kind: str, model: str) -> JsonObject:
    head = {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}
    return {**head, "system_fingerprint": None}


def _usage(answer: Answer, content: str) -> JsonObject:
    """The question and the passages looked at as prompt, ``content`` as completion; words and signs."""
    asked = _count(answer.question) + sum(_count(passage.chunk.text) for passage in answer.looked_at)
    written = _count(content)
    return {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}


def _count(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))
