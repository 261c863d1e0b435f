"""One loaded model that works through requests one at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor

from muniment.errors import InputError, MunimentError, TimeoutExceededError, UnavailableError
from muniment.protocols import JsonObject
from muniment.providers.llama_cpp.loading import Receive, Server

_END = None

Work = Callable[[Server, JsonObject, Receive], None]
"""Which of the server's functions a request is for."""


class Engine:
    """Runs requests in a thread of its own; those that come meanwhile wait their turn in order."""

    def __init__(self, name: str, server: Server, token_timeout_s: float) -> None:
        self._name = name
        self._server: Server | None = server
        self._token_timeout_s = token_timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"llama-{name}")

    async def events(self, work: Work, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The chunks of a streamed request. A reader who stops reading stops the model.

        Raises:
            InputError: ``prompt_too_long`` or ``generator_refused``.
            UnavailableError: ``generator_unavailable``.
            TimeoutExceededError: ``generator_timeout``, no token came in time.
        """
        self.check()
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[JsonObject | None] = asyncio.Queue()
        abandoned = False

        def receive(event: JsonObject) -> bool:
            loop.call_soon_threadsafe(arrived.put_nowait, event)
            return abandoned

        def run() -> None:
            try:
                if not abandoned and self._server is not None:
                    work(self._server, {**request, "stream": True}, receive)
            except (ValueError, RuntimeError) as error:  # what it raises, it raises for the request
                receive({"error": {"code": 400, "message": str(error)}})
            finally:
                loop.call_soon_threadsafe(arrived.put_nowait, _END)

        running = loop.run_in_executor(self._thread, run)
        try:
            while (event := await self._next(arrived)) is not _END:
                if "error" in event:
                    raise self._failed(event["error"])
                yield event
            await running
        finally:
            abandoned = True

    def check(self) -> None:
        """Whether the model is loaded; UnavailableError when it was closed."""
        if self._server is None:
            raise UnavailableError(
                f"Generator {self._name!r} has been closed.",
                code="generator_unavailable",
                hint="Restart.",
            )

    async def aclose(self) -> None:
        """Wait for the answer in the making, then free the model."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        self._server = None

    async def _next(self, arrived: asyncio.Queue[JsonObject | None]) -> JsonObject | None:
        try:
            return await asyncio.wait_for(arrived.get(), self._token_timeout_s)
        except TimeoutError as error:
            raise TimeoutExceededError(
                f"Generator {self._name!r} wrote nothing for {self._token_timeout_s:g} s.",
                code="generator_timeout",
                hint="Give it a processor core of its own, or raise `token_timeout_s`.",
            ) from error

    def _failed(self, error: JsonObject) -> MunimentError:
        told = str(error.get("message", error))
        if error.get("type") == "exceed_context_size_error":
            return InputError(
                f"The prompt is too long for generator {self._name!r}: {told}",
                code="prompt_too_long",
                hint="Send less (for answers: lower the collection's `top_k`), or raise the generator's "
                "`context_tokens`.",
            )
        if 400 <= (error.get("code") or 0) < 500:
            return InputError(
                f"Generator {self._name!r} refused the request. {told}",
                code="generator_refused",
                hint="Change the request as the message says.",
            )
        return UnavailableError(
            f"Generator {self._name!r} failed: {told}", code="generator_unavailable", hint="Look at the log."
        )
