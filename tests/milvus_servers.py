"""Real Milvus servers for tests: Milvus Lite's own, and Milvus 2.3.5, which has no BM25."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from filelock import FileLock

import warm_process

HERE = Path(__file__).parent
RELEASE = "milvus==2.3.5"
ENVIRONMENT = HERE.parent / ".milvus"
"""Made at the first slow test that wants it; MUNIMENT_MILVUS_PYTHON names another Python that has Milvus."""

_NAMESPACE = "unshare --user --map-root-user --net --pid --fork --kill-child --mount-proc".split()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LiteServer:
    """Milvus Lite's server over a folder; it can be killed and started again under the same address."""

    folder: Path
    port: int = field(default_factory=free_port)
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = [
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--data-dir",
            str(self.folder),
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder.with_name(f"{self.folder.name}.log")
        process = self._running.enter_context(
            warm_process.started(arguments, self.folder, os.environ, log, log, "milvus_lite.cmdline")
        )
        for _ in range(1200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"Milvus Lite's server did not start: {log.read_text()}")

    def kill(self) -> None:
        self._running.close()


@dataclass
class Standalone:
    """Milvus 2.3.5 over a folder, reachable from this machine alone; all of it ends when it is killed."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[str] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        python = _python_with_milvus()
        with socket.create_server(("127.0.0.1", self.port)) as listening:
            number = listening.fileno()
            script = [python, str(HERE / "milvus_standalone.py"), str(number), str(self.folder)]
            self._process = subprocess.Popen(
                [*_NAMESPACE, *script],
                pass_fds=[number],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.kill()
            pytest.skip("Milvus 2.3.5 does not start here")

    def kill(self) -> None:
        if self._process is not None:
            # The first process of the namespace goes with its parent, and all others with it.
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


@cache
def _python_with_milvus() -> str:
    if not shutil.which("unshare") or subprocess.run([*_NAMESPACE, "true"], check=False).returncode:
        pytest.skip("Milvus listens on all interfaces; without network namespaces it is not started")
    if given := os.environ.get("MUNIMENT_MILVUS_PYTHON"):
        return given
    ENVIRONMENT.mkdir(exist_ok=True)
    python = ENVIRONMENT / "bin" / "python"
    with FileLock(ENVIRONMENT / "lock"):
        if python.exists() and _has_milvus(python):
            return str(python)
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True, capture_output=True)
        command = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
        done = subprocess.run([*command, RELEASE], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{RELEASE} could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    return str(python)


def _has_milvus(python: Path) -> bool:
    return subprocess.run([python, "-c", "import milvus"], check=False, capture_output=True).returncode == 0
