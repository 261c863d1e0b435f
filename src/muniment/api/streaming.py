"""Long work whose client may go away: it is cancelled then, streamed or not."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import ClientDisconnect

from muniment.api.errors import internal_error
from muniment.errors import MunimentError

Event = TypeVar("Event")
Result = TypeVar("Result")

PING_SECONDS = 15
LINE_END = "\n"

logger = logging.getLogger(__name__)


def sent_event(data: str, name: str | None = None) -> ServerSentEvent:
    """One event, its lines ended by a plain newline, on which simple clients insist."""
    return ServerSentEvent(data, event=name, sep=LINE_END)


async def until_disconnect(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` returns.

    Raises:
        ClientDisconnect: the client went first; the work was cancelled.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        for unfinished in (task, gone):
            unfinished.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def pumped(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """The same events, all made in one task of their own.

    A generator that holds a task group or a time-out open must not be resumed from several tasks,
    as the server does when it waits for the first event before it decides on the status.
    """
    queue: asyncio.Queue[Event | _End] = asyncio.Queue(maxsize=16)
    task = asyncio.create_task(_pump(events, queue))
    try:
        while not isinstance(item := await queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _End:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


async def _pump(events: AsyncIterator[Event], queue: "asyncio.Queue[Event | _End]") -> None:
    end = _End()
    try:
        async for event in events:
            await queue.put(event)
    except Exception as error:
        end = _End(error)
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
    await queue.put(end)


async def last_event(events: AsyncIterator[Event]) -> Event:
    """The last of the events; there is at least one."""
    last: Event | None = None
    async for event in events:
        last = event
    assert last is not None
    return last


async def event_response(
    request: Request,
    events: AsyncIterator[Event],
    encode: Callable[[Event], list[ServerSentEvent]],
    on_error: Callable[[MunimentError], list[ServerSentEvent]],
) -> EventSourceResponse:
    """Server-sent events, one list for each event.

    The first is awaited here, so that an error before it leaves with its own HTTP status.
    """
    pump = pumped(events)
    try:
        first = await until_disconnect(request, _next(pump))
    except BaseException:
        await pump.aclose()
        raise
    body = _encoded(first, pump, encode, on_error)
    return EventSourceResponse(body, ping=PING_SECONDS, sep=LINE_END, headers={"Cache-Control": "no-store"})


async def _next(events: AsyncGenerator[Event, None]) -> Event:
    return await anext(events)


async def _encoded(
    first: Event,
    rest: AsyncGenerator[Event, None],
    encode: Callable[[Event], list[ServerSentEvent]],
    on_error: Callable[[MunimentError], list[ServerSentEvent]],
) -> AsyncIterator[ServerSentEvent]:
    try:
        for sent in encode(first):
            yield sent
        async for event in rest:
            for sent in encode(event):
                yield sent
    except MunimentError as error:
        for sent in on_error(error):
            yield sent
    except Exception:
        logger.exception("A stream failed")
        for sent in on_error(internal_error()):
            yield sent
    finally:
        await rest.aclose()
