"""One worker process as its parent sees it: its pipes, its log, and the watch over its time and memory."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from muniment.errors import DocumentError, MunimentError, UnavailableError
from muniment.providers.docling import wire
from muniment.providers.docling.jobs import Limits
from muniment.providers.docling.worker import out_of_memory

_TICK_S = 0.05
_KEPT_VARIABLES = (
    *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV"),
)
_COMMAND = "from muniment.providers.docling.worker import main; main()"
_BOOT_S = 60.0
"""Added to a worker's deadlines until it has imported Docling, for doing so on a slow disk."""


class WorkerProcess:
    """One process, its pipes and its log."""

    def __init__(self, limits: Limits, settings: dict[str, Any]) -> None:
        self.jobs = 0
        self._loaded = False
        self._limits = limits
        self._log: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the worker)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=_environment(limits.threads),
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise UnavailableError(
                f"No parser process can be started: {error}.",
                code="parser_unavailable",
                hint="Check free memory and the limit on processes (ulimit -u).",
            ) from error
        self._send(settings)

    def ask(self, job: dict[str, str], timeout_s: float, given_up: Callable[[], bool]) -> list[bytes]:
        """The frames that answer ``job``.

        Raises:
            DocumentError: ``parse_timeout``, ``parse_out_of_memory`` or ``parser_crashed``. The worker
                must be stopped then.
        """
        self._log.seek(0)
        self._log.truncate()
        deadline = time.monotonic() + timeout_s + (0.0 if self._loaded else _BOOT_S)
        self.jobs += 1
        self._send(job)
        out = self._process.stdout
        assert out is not None
        buffer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while True:
                ready = selector.select(_TICK_S)
                if ready:
                    data = os.read(out.fileno(), 1 << 20)
                    if not data:
                        raise self._crashed(job["name"])
                    buffer += data
                    if (frames := _complete(buffer)) is not None:
                        self._loaded = json.loads(frames[0]).get("loaded", True)
                        return frames
                self._check(job["name"], deadline, timeout_s, given_up)

    def _check(self, name: str, deadline: float, timeout_s: float, given_up: Callable[[], bool]) -> None:
        if given_up():
            raise DocumentError(
                f"Parsing {name} was given up.", code="parse_cancelled", hint="Ingest the document again."
            )
        if time.monotonic() > deadline:
            raise DocumentError(
                f"Parsing {name} took longer than {timeout_s:g} seconds.",
                code="parse_timeout",
                hint="Split the file into smaller parts, or raise parser.timeout_s.",
            )
        if self.memory_bytes > self._limits.memory_bytes:
            raise out_of_memory(name, self._limits)

    def _crashed(self, name: str) -> MunimentError:
        self._process.wait()
        code = self._process.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        tail = self._log_tail()
        if "MemoryError" in tail or "bad_alloc" in tail:
            return out_of_memory(name, self._limits)
        return DocumentError(
            f"The parser crashed on {name} ({how}){': ' + tail if tail else ''}.",
            code="parser_crashed",
            hint="The file is probably damaged. Save it anew or in another format; other documents go on.",
        )

    def _log_tail(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 2000))
        lines = [
            line.strip() for line in self._log.read().decode(errors="replace").splitlines() if line.strip()
        ]
        return lines[-1][:300] if lines else ""

    @property
    def memory_bytes(self) -> int:
        """What the process holds now."""
        return resident_bytes(self._process.pid)

    def stop(self) -> None:
        """Kill the process with all it has started, and free its pipes."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _send(self, value: dict[str, Any]) -> None:
        # A worker that has died already shows when its answer is read.
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            wire.write_frame(self._process.stdin, wire.to_json(value))


def resident_bytes(pid: int) -> int:
    """Memory a process holds now; 0 when it cannot be told (it has ended)."""
    try:
        if sys.platform == "linux":
            pages = Path(f"/proc/{pid}/statm").read_bytes().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE")
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, timeout=5
        )
        return int(shown.stdout) * 1024
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return 0


def _environment(threads: int) -> dict[str, str]:
    """What a worker gets to know: no secrets, no offers to reach a network, its share of the threads."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    shares = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "DOCLING_NUM_THREADS")
    paths = [entry for entry in sys.path if entry and Path(entry).exists()]
    return {
        **kept,
        **dict.fromkeys(shares, str(threads)),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": "utf-8",
        "HF_HUB_OFFLINE": "1",
    }


def _complete(buffer: bytearray) -> list[bytes] | None:
    """The whole answer, or None while parts of it are missing."""
    head = wire.take_frames(buffer, 1)
    if head is None:
        return None
    return wire.take_frames(buffer, 3) if json.loads(head[0])["ok"] else head
