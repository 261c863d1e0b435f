"""Chooses how a command works on the data: through the running server, or by itself."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from muniment.cli.server_file import live_server
from muniment.collections.workspace import Workspace
from muniment.errors import UnavailableError
from muniment.settings import Settings

if TYPE_CHECKING:
    from muniment.cli.remote import RemoteWorkspace

Result = TypeVar("Result")

STARTING_SECONDS = 30.0
SETTLING_SECONDS = 1.0


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work to its end; Ctrl-C cancels it."""
    return asyncio.run(work)


@asynccontextmanager
async def connected(settings: Settings, *, asking: bool = False) -> AsyncIterator[Workspace]:
    """The workspace of the settings' data directory, closed afterwards.

    With ``asking`` the embedding models are loaded while the rest is opened.
    An embedded store belongs to one process: while a server works on the data, it does the work.

    Raises:
        UnavailableError: code ``data_in_use``: another command works on the data.
    """
    workspace = await _workspace(settings, asking=asking)
    try:
        yield workspace
    finally:
        await workspace.aclose()


async def _workspace(settings: Settings, *, asking: bool) -> Workspace:
    remote = await _remote(settings)
    if remote is not None:
        return remote
    from muniment.build import open_workspace

    try:
        return await open_workspace(settings, serving=False, asking=asking)
    except UnavailableError as error:
        if error.code != "data_in_use":
            raise
        # A server that is just starting says where it listens a moment after it takes the data.
        await asyncio.sleep(SETTLING_SECONDS)
        remote = await _remote(settings)
        if remote is None:
            raise
        return remote


async def _remote(settings: Settings) -> "RemoteWorkspace | None":
    server = await live_server(settings.data_dir)
    if server is None:
        return None
    from muniment.cli.remote import RemoteWorkspace

    remote = RemoteWorkspace(server.url)
    await remote.wait_until_open(STARTING_SECONDS)
    return remote
