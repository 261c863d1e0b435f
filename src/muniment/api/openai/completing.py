"""Completions of language models as responses: whole, or as OpenAI's stream."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from sse_starlette import ServerSentEvent

from muniment.api.dialects.base import Dialect
from muniment.api.streaming import event_response, sent_event, until_disconnect
from muniment.errors import MunimentError
from muniment.protocols import CompletionModel, JsonObject
from muniment.protocols.chat_chunks import assembled

DONE = "[DONE]"

Keep = Callable[[JsonObject], Awaitable[None]]


async def completed(
    request: Request, model: CompletionModel, asked: JsonObject, keep: Keep | None = None
) -> Response:
    """The model's completion under the name it was asked for by; ``keep`` gets it before the client does."""

    async def complete() -> JsonObject:
        completion = {**await model.complete(asked), "model": asked["model"]}
        if keep is not None:
            await keep(completion)
        return completion

    return JSONResponse(await until_disconnect(request, complete()))


async def streamed(
    request: Request, model: CompletionModel, asked: JsonObject, dialect: Dialect, keep: Keep | None = None
) -> Response:
    """The model's chunks as events, the sign of their end and errors in between as the dialect has them."""
    end = [sent_event(DONE)] if dialect.streams_end_with_done else []

    def on_error(error: MunimentError) -> list[ServerSentEvent]:
        return [sent_event(dialect.stream_error(error).model_dump_json())]

    def encode(chunk: JsonObject | None) -> list[ServerSentEvent]:
        return end if chunk is None else [sent_event(_compact(chunk))]

    return await event_response(request, _chunks(model, asked, keep), encode, on_error)


async def _chunks(
    model: CompletionModel, asked: JsonObject, keep: Keep | None
) -> AsyncGenerator[JsonObject | None, None]:
    """The chunks, then None."""
    kept: list[JsonObject] = []
    async with aclosing(model.stream(asked)) as chunks:
        async for chunk in chunks:
            named = {**chunk, "model": asked["model"]}
            if keep is not None:
                kept.append(named)
            yield named
    if keep is not None and kept:
        await keep(assembled(kept))
    yield None


def _compact(chunk: JsonObject) -> str:
    return json.dumps(chunk, ensure_ascii=False, separators=(",", ":"))
