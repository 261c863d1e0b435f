"""An OpenAI-compatible endpoint on loopback whose model is the fake one: whole, streamed, chat and text."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from chat_endpoint import Message, Send, whole

from muniment.answer.text_over_chat import TextOverChat
from muniment.errors import MunimentError
from muniment.protocols import CompletionModel
from muniment.providers.fake_generator import FakeChatModel, FakeGeneratorOptions


@dataclass
class ModelEndpoint:
    """Keeps what it was asked, by path; serves ``/completions`` unless told not to."""

    model: FakeChatModel = field(default_factory=lambda: FakeChatModel("fake", FakeGeneratorOptions()))
    texts: bool = True
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path = scope["path"].removeprefix("/v1/")
        if path == "models":
            return await whole(send, 200, json.dumps({"data": [{"id": self.model.model}]}))
        request = json.loads(body)
        self.asked.append((path, request))
        if path == "completions" and not self.texts:
            return await whole(send, 404, '{"error": {"message": "no such route"}}')
        model: CompletionModel = self.model if path == "chat/completions" else TextOverChat(self.model)
        try:
            if request.get("stream"):
                return await _stream(send, model, request)
            await whole(send, 200, json.dumps(await model.complete(request)))
        except MunimentError as error:
            await whole(send, error.status, json.dumps({"error": {"message": error.message}}))


async def _stream(send: Send, model: CompletionModel, request: dict[str, Any]) -> None:
    chunks = [chunk async for chunk in model.stream(request)]
    kind = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    for data in (*map(json.dumps, chunks), "[DONE]"):
        await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
