"""Opens the workspace behind the server's back, so that it answers while collections are mended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from muniment.collections.workspace import Workspace
from muniment.errors import MunimentError, UnavailableError
from muniment.types import Check, Readiness

CLOSE_SECONDS = 20.0

logger = logging.getLogger(__name__)

WorkspaceFactory = Callable[[], Awaitable[Workspace]]


class Opening:
    """A workspace that is being opened, is open, or could not be.

    Args:
        factory: opens it.
        close_seconds: how long closing may take before it is given up.
    """

    def __init__(self, factory: WorkspaceFactory, close_seconds: float = CLOSE_SECONDS) -> None:
        self._factory = factory
        self._close_seconds = close_seconds
        self._task: asyncio.Task[Workspace] | None = None

    def start(self) -> None:
        """Begin to open; returns at once."""
        self._task = asyncio.create_task(self._open())

    async def _open(self) -> Workspace:
        return await self._factory()

    async def wait(self) -> Workspace:
        """The workspace once open; raises what opening raised."""
        if self._task is None:
            raise UnavailableError("The server has not started.", code="starting")
        return await asyncio.shield(self._task)

    @property
    def workspace(self) -> Workspace:
        """The open workspace.

        Raises:
            UnavailableError: code ``starting``, or the code of what went wrong while opening.
        """
        if self._task is None or not self._task.done() or self._task.cancelled():
            raise UnavailableError(
                "The server is still opening its data.",
                code="starting",
                hint="Try again in a moment; GET /v1/ready says when.",
            )
        failure = self._task.exception()
        if failure is None:
            return self._task.result()
        if isinstance(failure, MunimentError):
            raise UnavailableError(failure.message, code=failure.code, hint=failure.hint) from failure
        raise failure

    async def readiness(self) -> Readiness:
        """Whether questions can be answered; never raises for a reason it can name."""
        try:
            workspace = self.workspace
        except MunimentError as error:
            return Readiness((Check("workspace", False, error.message, error.hint),))
        return await workspace.readiness()

    async def close(self) -> None:
        """Close the workspace, or stop opening it."""
        if self._task is None:
            return
        if not self._task.done():
            self._task.cancel()
        closing = asyncio.create_task(_closed(self._task))
        done, _ = await asyncio.wait({closing}, timeout=self._close_seconds)
        if not done:
            closing.cancel()
            logger.error(
                "The data was not closed within %g s. What was done is kept; what was under way is taken up "
                "by the next start.",
                self._close_seconds,
            )
            return
        closing.result()


async def _closed(opening: "asyncio.Task[Workspace]") -> None:
    opened = (await asyncio.gather(opening, return_exceptions=True))[0]
    if not isinstance(opened, BaseException):
        await opened.aclose()
