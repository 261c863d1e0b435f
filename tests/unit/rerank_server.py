"""A reranking server on loopback, in both shapes, over the fake reranker; it fails as it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from chat_endpoint import Message, Send, whole

from muniment.providers.fake_reranker import FakeReranker, FakeRerankerOptions

MOST_TEXTS = 32
"""As TEI's ``--max-client-batch-size`` is by default."""


@dataclass
class Fault:
    """A reply in place of the scores: a status with a body, after a pause in seconds."""

    status: int = 500
    body: str = '{"error": {"message": "out of memory", "type": "InternalServerError", "code": 500}}'
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.0


@dataclass
class RerankServer:
    """Serves ``/v1/rerank`` as vLLM does, and ``/rerank`` as Text Embeddings Inference does.

    ``faults`` are answered first, each once, or the last again and again while ``broken``.
    """

    faults: list[Fault] = field(default_factory=list)
    broken: bool = False
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def root(self) -> str:
        """Where TEI's route is."""
        return self.url.removesuffix("/v1")

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        request = json.loads(body)
        self.asked.append((scope["path"], request))
        if self.faults:
            fault = self.faults[0] if self.broken and len(self.faults) == 1 else self.faults.pop(0)
            await asyncio.sleep(fault.pause)
            return await whole(send, fault.status, fault.body, fault.headers)
        answer = {"/v1/rerank": _as_vllm, "/rerank": _as_tei}.get(scope["path"])
        if answer is None:
            return await whole(send, 404, '{"detail": "Not Found"}')
        status, reply = await answer(request)
        await whole(send, status, json.dumps(reply))


async def _as_vllm(request: dict[str, Any]) -> tuple[int, object]:
    documents = request["documents"]
    results = [
        {"index": index, "document": {"text": documents[index]}, "relevance_score": score}
        for index, score in await _ranked(request["query"], documents)
    ]
    tokens = sum(len(text.split()) for text in documents)
    if tokens > 1000 and request.get("truncate_prompt_tokens") is None:
        message = "This model's maximum context length is 1000 tokens. Please reduce the input."
        return 400, {"error": {"message": message, "type": "BadRequestError", "param": None, "code": 400}}
    model = request.get("model") or "bag"
    return 200, {"id": "rerank-1", "model": model, "usage": {"total_tokens": tokens}, "results": results}


async def _as_tei(request: dict[str, Any]) -> tuple[int, object]:
    texts = request["texts"]
    if len(texts) > MOST_TEXTS:
        error = f"batch size {len(texts)} > maximum allowed batch size {MOST_TEXTS}"
        return 413, {"error": error, "error_type": "Validation"}
    if sum(len(text.split()) for text in texts) > 1000 and not request.get("truncate"):
        error = "Input validation error: `inputs` must have less than 1000 tokens."
        return 413, {"error": error, "error_type": "Validation"}
    return 200, [{"index": index, "score": score} for index, score in await _ranked(request["query"], texts)]


async def _ranked(query: str, texts: list[str]) -> list[tuple[int, float]]:
    """Places and scores, best first, as all servers send them."""
    scores = await FakeReranker("bag", FakeRerankerOptions()).score(query, texts)
    return sorted(enumerate(scores), key=lambda one: -one[1])
