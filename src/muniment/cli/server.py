"""The server process: one socket, one application, an orderly end."""

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

import muniment
from muniment.api.app import create_app
from muniment.api.opening import Opening
from muniment.cli.log_lines import leave_to_root
from muniment.cli.output import messages, styled
from muniment.cli.server_file import ServerRecord, live_server, remove_record, write_record
from muniment.collections.workspace import Workspace
from muniment.errors import ConflictError, InputError
from muniment.settings import Settings

GRACE_SECONDS = 3
READY_POLL_SECONDS = 0.5


class _Server(uvicorn.Server):
    """Ends in order on SIGINT and SIGTERM, and with exit code 0."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but without dying of the signal after the orderly end."""
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def serve_workspace(
    settings: Settings, factory: Callable[[], Awaitable[Workspace]] | None = None
) -> None:
    """Serve until a signal comes, or until the workspace turns out not to open.

    Args:
        factory: opens the workspace; what the settings declare when None.

    Raises:
        ConflictError: codes ``port_in_use``, ``server_running``.
        InputError: code ``host_unusable``.
        MunimentError: why the workspace cannot be opened.
    """
    running = await live_server(settings.data_dir)
    if running is not None:
        raise ConflictError(
            f"A server already works on {settings.data_dir}, at {running.url}.",
            code="server_running",
            hint=f"Use that one, stop it (process {running.pid}), or set another data_dir.",
        )
    # Libraries tell only of trouble; what they did to load is no news to whoever runs a server.
    leave_to_root()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("muniment").setLevel(settings.server.log_level.upper())
    with _bound(settings.server.host, settings.server.port) as bound:
        await _serve(settings, factory or _local(settings), bound)


def _local(settings: Settings) -> Callable[[], Awaitable[Workspace]]:
    async def opened() -> Workspace:
        build = await asyncio.to_thread(_import_build)
        workspace: Workspace = await build(settings, serving=True)
        return workspace

    return opened


def _import_build() -> Callable[..., Awaitable[Workspace]]:
    """In a thread, because the libraries behind it take a second to load."""
    from muniment.build import open_workspace

    return open_workspace


async def _serve(
    settings: Settings, factory: Callable[[], Awaitable[Workspace]], bound: socket.socket
) -> None:
    instance = uuid4().hex
    app = create_app(factory, settings, instance=instance)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    url = _url(bound)
    watching: list[asyncio.Task[None]] = []

    def on_listening() -> None:
        write_record(settings.data_dir, ServerRecord(url, os.getpid(), instance))
        messages().print(styled(f"Muniment {muniment.__version__} listens on {url}", "bold"))
        watching.append(asyncio.create_task(_watch(app, server)))

    server = _Server(config, on_listening)
    try:
        await server.serve(sockets=[bound])
    finally:
        remove_record(settings.data_dir, instance)
    for task in watching:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    messages().print("Stopped.")


async def _watch(app: FastAPI, server: _Server) -> None:
    """Say when questions can be answered; end the server when its data cannot be opened."""
    opening: Opening = app.state.opening
    try:
        workspace = await opening.wait()
    except asyncio.CancelledError:
        raise
    except BaseException:
        server.should_exit = True
        raise
    console = messages()
    for status in await workspace.collections():
        line = f"  {status.name}: {status.documents} documents, {status.pages} pages, by {status.generator}"
        console.print(styled(line))
    told: set[str] = set()
    while not (readiness := await workspace.readiness()).ready:
        for check in readiness.checks:
            if not check.ok and check.name not in told:
                told.add(check.name)
                console.print(styled(f"  not ready: {check.name}: {check.detail} {check.hint}", "yellow"))
        await asyncio.sleep(READY_POLL_SECONDS)
    for check in readiness.checks:
        if not check.ok:
            console.print(styled(f"  does without {check.name}: {check.detail} {check.hint}", "yellow"))
    console.print(styled("Ready. Ctrl-C stops it.", "green"))


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to the address, so that a port in use is known before anything is opened."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise _unusable(host, error.strerror or str(error)) from error
    with socket.socket(family, kind, protocol) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
        except PermissionError as error:
            raise _unusable(host, f"port {port} needs more rights") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _unusable(host, error.strerror or str(error)) from error
            raise ConflictError(
                f"Port {port} on {host} is in use.",
                code="port_in_use",
                hint="Stop the program that listens there, or choose another with --port.",
            ) from error
        bound.set_inheritable(True)
        yield bound


def _unusable(host: str, why: str) -> InputError:
    return InputError(
        f"The server cannot listen on {host!r}: {why}.",
        code="host_unusable",
        hint="Use an address of this machine, such as 127.0.0.1 or 0.0.0.0, with --host.",
    )


def _url(bound: socket.socket) -> str:
    """The address as clients on this machine reach it."""
    host, port = bound.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
