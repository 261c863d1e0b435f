"""Real servers for tests: PostgreSQL and Milvus, started on this machine and stopped again."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

POSTGRES = [Path(shutil.which("initdb") or "/nowhere").parent, *Path("/usr/lib/postgresql").glob("*/bin")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.2):
            return True
    except OSError:
        return False


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """An empty PostgreSQL server; its SQLAlchemy URI."""
    programs = next((place for place in POSTGRES if (place / "initdb").exists()), None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed here")
    data = folder / "pg"
    data.mkdir(mode=0o700)
    as_user: list[str] = []
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        shutil.chown(data, "postgres")
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
        as_user = ["runuser", "-u", "postgres", "--"]
    subprocess.run(
        [*as_user, programs / "initdb", "-D", data / "d", "-A", "trust", "-U", "muniment"],
        check=True,
        capture_output=True,
    )
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data} -c fsync=off"
    control = [*as_user, programs / "pg_ctl", "-D", data / "d"]
    subprocess.run(
        [*control, "-o", options, "-l", data / "log", "-w", "start"], check=True, capture_output=True
    )
    try:
        yield f"postgresql://muniment@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True)


class MilvusServer:
    """The server that Milvus Lite brings, over data of its own, which outlive it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = Path(sys.executable).with_name("milvus-lite")
        address = ["--host", "127.0.0.1", "--port", str(self._port)]
        log = self._folder / "milvus.log"
        with log.open("a") as file:
            self._process = subprocess.Popen(
                [program, "server", "--data-dir", self._folder / "milvus", *address], stdout=file, stderr=file
            )
        deadline = time.monotonic() + 120
        while not answers(self._port):
            assert self._process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """Let it end in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def kill(self) -> None:
        """As when its machine loses power."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)


@contextmanager
def milvus(folder: Path) -> Iterator[str]:
    """An empty Milvus server; its URI."""
    server = MilvusServer(folder)
    try:
        server.start()
        yield server.uri
    finally:
        server.stop()
