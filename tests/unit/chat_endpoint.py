"""A chat endpoint on loopback that does what a script says, in OpenAI's wire format."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import uvicorn

from prompt_server import PromptServer

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


@dataclass
class Reply:
    """One reply: a status with a body, or a stream of words with pauses (seconds before each)."""

    words: tuple[str, ...] = ("The ", "warranty ", "lasts 36 months [1].")
    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    pauses: tuple[float, ...] = ()
    cut: bool = False
    error_inside: str = ""


@dataclass
class ChatEndpoint:
    """Serves ``replies`` in order, the last one again and again; keeps what it was asked."""

    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    models: tuple[str, ...] = ("granite",)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        if scope["path"].endswith("/models"):
            listing = {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
            return await whole(send, 200, json.dumps(listing))
        self.asked.append(json.loads(body))
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if reply.status != 200:
            return await whole(send, reply.status, reply.body, reply.headers)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        async for event in _events(reply):
            await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def whole(send: Send, status: int, body: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
    """Send a JSON body at once."""
    raw = [
        (name.encode(), value.encode()) for name, value in (("content-type", "application/json"), *headers)
    ]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body.encode()})


async def _events(reply: Reply) -> AsyncIterator[str]:
    yield ": keep-alive\n\n"
    yield _event({"role": "assistant", "content": ""})
    for number, word in enumerate(reply.words):
        await asyncio.sleep(reply.pauses[number] if number < len(reply.pauses) else 0)
        yield _event({"content": word})
    if reply.error_inside:
        yield f"data: {json.dumps({'error': {'message': reply.error_inside}})}\n\n"
    elif not reply.cut:
        yield _event({}, finish="stop")
        yield "data: [DONE]\n\n"


def _event(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"


class Endpoint(Protocol):
    """An ASGI application that wants to know where it is served."""

    url: str

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send
    ) -> None: ...


Served = TypeVar("Served", bound=Endpoint)


@contextmanager
def serve(endpoint: Served) -> Iterator[Served]:
    """Serve on a free port of loopback until the block ends."""
    server = PromptServer(
        uvicorn.Config(endpoint, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the endpoint did not start")
        threading.Event().wait(0.005)
    endpoint.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield endpoint
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
