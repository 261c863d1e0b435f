"""A server as a process tree: started, watched, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from machine import installed_environment

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Server:
    """A started server; ``stop`` ends it with everything it started.

    Args:
        command: for the shell.
        folder: its working directory.
        log: file for what it prints.
    """

    def __init__(self, command: str, folder: Path, log: Path) -> None:
        self._started = time.perf_counter()
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=folder,
                env=installed_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, healthy: Callable[[], bool], timeout_s: float) -> float:
        """Seconds from the start until ``healthy`` first says so."""
        while not healthy():
            if self._process.poll() is not None:
                raise SystemExit(f"The server ended with {self._process.returncode}; see {self._log}.")
            if time.perf_counter() - self._started > timeout_s:
                self.stop()
                raise SystemExit(f"The server was not up after {timeout_s:.0f} s; see {self._log}.")
            time.sleep(0.02)
        return time.perf_counter() - self._started

    def usage(self) -> "Usage":
        """Memory and CPU time of the process and all below it (Linux; zeros elsewhere)."""
        parts = [_usage(pid) for pid in _tree(self._process.pid)]
        return Usage(sum(part.rss_mb for part in parts), sum(part.cpu_s for part in parts), len(parts))

    def stop(self) -> None:
        """Ask the process group to end, and make it after ten seconds."""
        group = self._process.pid
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(group, kind)
            except ProcessLookupError:
                break
            deadline = time.perf_counter() + 10
            while _alive(group) and time.perf_counter() < deadline:
                self._process.poll()
                time.sleep(0.1)
        self._process.wait()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree takes: resident memory, CPU seconds so far, processes."""

    rss_mb: float
    cpu_s: float
    processes: int

    def as_json(self) -> dict[str, float]:
        """Rounded, for the results."""
        return {name: round(value, 1) for name, value in asdict(self).items()}


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _tree(pid: int) -> list[int]:
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                found += _tree(int(child))
        except OSError:
            continue
    return found


def _usage(pid: int) -> Usage:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return Usage(0, 0, 0)
    resident = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), "0")
    return Usage(int(resident) * 1024 / 1_000_000, (int(fields[11]) + int(fields[12])) / TICKS_PER_S, 1)
