"""Runs responses: streamed, awaited, or in the background; keeps what comes of them."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator

from muniment.api.errors import internal_error
from muniment.api.openai.identifiers import new_id
from muniment.api.openai.responses.kept import KeptResponses
from muniment.api.openai.responses.objects import ConversationId, Response, ResponseWithInput
from muniment.api.openai.responses.plan import Plan
from muniment.api.openai.responses.steps import Maker, Step
from muniment.api.openai.responses.stream_events import Composer, StreamEvent, failed
from muniment.errors import MunimentError, UnavailableError

logger = logging.getLogger(__name__)

UNFINISHED = ("queued", "in_progress")


class BackgroundResponses:
    """The responses that this server makes in the background."""

    def __init__(self) -> None:
        self.since = int(time.time())
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, runner: "Runner", plan: Plan, response: Response) -> None:
        """Make the response, and keep it at its end."""
        task = asyncio.create_task(runner.to_the_end(plan, response))
        self._tasks[response.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(response.id, None))

    async def cancel(self, response_id: str) -> bool:
        """Stop making it; whether it was being made here."""
        task = self._tasks.get(response_id)
        if task is None:
            return False
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return True

    async def aclose(self) -> None:
        """Stop all; who asks for them later is told that the server was stopped."""
        for response_id in list(self._tasks):
            await self.cancel(response_id)

    def seen(self, response: ResponseWithInput) -> ResponseWithInput:
        """The response as it stands: one that a server no longer there was making has failed."""
        lost = response.status in UNFINISHED and response.id not in self._tasks
        if not lost or response.created_at > self.since:
            return response
        stopped = UnavailableError(
            "The server was stopped before the response was finished.", code="stopping", hint="Ask again."
        )
        return ResponseWithInput.model_validate(
            {**failed(response, stopped).model_dump(), "input": response.input}
        )


class Runner:
    """Runs plans and keeps their responses."""

    def __init__(self, maker: Maker, kept: KeptResponses) -> None:
        self._maker = maker
        self._kept = kept

    async def events(self, plan: Plan, *, live: bool) -> AsyncGenerator[StreamEvent, None]:
        """The response as events; the last one holds it whole.

        Raises:
            MunimentError: before the first event; and later on too, unless somebody watches (``live``):
                then the last event tells of it.
        """
        steps = self._maker.steps(plan, live=live)
        first = await anext(steps)
        composer = Composer(new_response(plan))
        for event in composer.begun():
            yield event
        try:
            async for step in _chained(first, steps):
                for event in composer.on(step):
                    yield event
        except Exception as error:
            if not live:
                raise
            last = composer.failed(_told(error))
        else:
            last = composer.finished(int(time.time()))
        await self._keep(plan, composer.response)
        yield last

    async def to_the_end(self, plan: Plan, response: Response) -> None:
        """Make a response that was promised, and keep it, also when it fails."""
        composer = Composer(response)
        try:
            async for step in self._maker.steps(plan, live=False):
                for _ in composer.on(step):
                    pass
            composer.finished(int(time.time()))
        except Exception as error:
            composer.failed(_told(error))
        await self._keep(plan, composer.response)

    async def _keep(self, plan: Plan, response: Response) -> None:
        if plan.asked.kept:
            await self._kept.keep(response, plan.new_items)
        if plan.asked.conversation_id and response.status != "failed":
            said = response.model_dump(mode="json")["output"]
            await self._kept.add_to_conversation(plan.asked.conversation_id, (*plan.new_items, *said))


def new_response(plan: Plan) -> Response:
    """A response in progress, which shows what was asked for."""
    asked = plan.asked
    choice = asked.tool_choice
    shown: dict[str, object] = {
        "instructions": plan.turn.instructions or None,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "top_logprobs": asked.top_logprobs or 0,
        "truncation": asked.truncation or "disabled",
        "prompt_cache_key": asked.prompt_cache_key,
        "temperature": asked.temperature or 0.0,
        "top_p": 1.0 if asked.top_p is None else asked.top_p,
        "previous_response_id": asked.previous_response_id,
        "conversation": ConversationId(id=asked.conversation_id) if asked.conversation_id else None,
        "prompt": asked.prompt.model_dump(mode="json") if asked.prompt else None,
        "tools": tuple(tool.json_object() for tool in asked.tools or ()),
        "tool_choice": choice if isinstance(choice, str) else choice.json_object() if choice else "auto",
        "text": asked.text.json_object()
        if asked.text and asked.text.format
        else {"format": {"type": "text"}},
        "metadata": asked.metadata or {},
        "background": bool(asked.background),
        "store": asked.kept,
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
    }
    return Response.model_validate(
        {
            "id": new_id("resp"),
            "created_at": int(time.time()),
            "status": "in_progress",
            "model": plan.model,
            **shown,
        }
    )


async def _chained(first: Step, rest: AsyncIterator[Step]) -> AsyncIterator[Step]:
    yield first
    async for step in rest:
        yield step


def _told(error: Exception) -> MunimentError:
    if isinstance(error, MunimentError):
        return error
    logger.error("A response failed", exc_info=error)
    return internal_error()
