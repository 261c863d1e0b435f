"""Programs that begin where the imports end: commands of ours, and Milvus Lite's server.

A command is a process of its own, with its own folder, environment, streams and exit code. Its first
second and a half go into imports, though, which are the same for all of them and have tests of their own
(``test_light_start``, ``test_cli_process``). So one process imports, and each command is a copy of it.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

POSSIBLE = sys.platform == "linux"
"""Elsewhere a copy of a process that has libraries loaded is not safe."""

COMMAND_LINE = "muniment.cli.main"

IMPORTED = [
    COMMAND_LINE,
    "muniment.cli.connect",
    "muniment.cli.server",
    "muniment.cli.status_report",
    "muniment.api.app",
    "muniment.collections.local",
    "muniment.providers.extractive",
    "muniment.providers.fake_embedder",
    "muniment.providers.fake_parser",
    "muniment.providers.milvus",
    "milvus_lite",
    "pymilvus",
    "uvicorn",
]


class WarmProcess:
    """As much of ``subprocess.Popen`` as is needed of a program that runs meanwhile."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid
        self.terminate = process.terminate
        self.kill = process.kill

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout_s: float | None = None) -> int:
        """The exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        self._process.join(timeout_s)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("muniment", timeout_s)
        return self._process.exitcode


@contextmanager
def started(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    out: Path,
    err: Path,
    program: str = COMMAND_LINE,
) -> Iterator["WarmProcess | subprocess.Popen[bytes]"]:
    """What ``python -m muniment`` with these arguments would be; killed at the end if it lives.

    Args:
        program: a module whose ``main`` is run, with the arguments in ``sys.argv``.
    """
    if not POSSIBLE:
        with _started_cold(arguments, folder, environment, out, err, program) as cold:
            yield cold
        return
    process = _context().Process(
        target=_be_command, args=(program, list(arguments), folder, dict(environment), out, err)
    )
    process.start()
    try:
        yield WarmProcess(process)
    finally:
        process.kill()
        process.join()
        process.close()


def run(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    program: str = COMMAND_LINE,
) -> "subprocess.CompletedProcess[str]":
    """What ``subprocess.run`` of it would leave.

    Raises:
        subprocess.TimeoutExpired: it took too long, and was killed.
    """
    with TemporaryDirectory() as streams:
        out, err = Path(streams, "out"), Path(streams, "err")
        with started(arguments, folder, environment, out, err, program) as process:
            code = process.wait(timeout_s)
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


@contextmanager
def _started_cold(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], out: Path, err: Path, program: str
) -> "Iterator[subprocess.Popen[bytes]]":
    beside = str(Path(__file__).with_name("e2e"))
    code = f"import sys; sys.path.append({beside!r}); from {program} import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    with out.open("ab") as told, err.open("ab") as complained:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=told, stderr=complained)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def muniment(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder to its end."""
    return run(arguments, folder, os.environ, 250)


@cache
def _context() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    before = os.environ.get("OMP_NUM_THREADS")
    # As the command line has it. A library that starts threads when it is loaded could not be copied; the one
    # thread there is keeps jemalloc's memory in order, and jemalloc starts it anew in a copy.
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before
    return context


def _be_command(
    program: str, arguments: list[str], folder: Path, environment: dict[str, str], out: Path, err: Path
) -> None:
    for descriptor, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["muniment", *arguments]
    try:
        import_module(program).main()
    finally:
        # Python leaves these out at the end of a copy.
        atexit._run_exitfuncs()
