"""The worker processes: which of them parses a document, and when one is started, kept or replaced."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from muniment.errors import DocumentError
from muniment.protocols import ParsedFile
from muniment.providers.docling import wire
from muniment.providers.docling.jobs import Limits
from muniment.providers.docling.worker_process import WorkerProcess
from muniment.types.parsed_format import decode_parsed

TARGET = "muniment.providers.docling.reading:parse"
"""The function that workers run, see ``worker.Parse``."""
_WORKER_FAILURES = ("parser_crashed", "parse_out_of_memory")
_IDLE_S = 60.0
"""Workers hold some 300 MB; without work they are stopped after this long."""
_PATIENCE_S = 2.5
"""A further worker is started when a document has waited this long: its start takes a core about as long,
and while files take milliseconds one worker is enough."""
_WORN_SHARE = 0.5
"""A worker that still holds more than this share of its memory after a document is replaced."""


class WorkerPool:
    """Up to ``workers`` processes, started when needed; each parses one document at a time.

    Args:
        timeout_s: longest time for one document.
        recycle_after: documents after which a worker is replaced.
        parser: version of the parser, written into its documents.
        target: ``module:function`` that workers run.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout_s: float,
        recycle_after: int,
        limits: Limits,
        parser: str,
        target: str = TARGET,
    ) -> None:
        self._timeout_s = timeout_s
        self._recycle_after = recycle_after
        self._limits = limits
        self._settings = {"limits": limits.to_dict(), "parser": parser, "target": target}
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="muniment-parser")
        self._idle: list[WorkerProcess] = []
        self._busy = 0
        self._changed = threading.Condition()
        """Guards the idle and busy workers; notified when one rests, and when somebody gives up."""
        self._rested_at = 0.0
        self._reaper: threading.Timer | None = None
        self._closing = threading.Event()

    async def parse(self, path: Path, name: str, content_hash: str) -> ParsedFile:
        """Parse in a worker; a cancelled call kills its worker.

        Raises:
            DocumentError, UnsupportedFormatError: see protocols.Parser.
        """
        given_up = threading.Event()
        job = {"path": str(Path.cwd() / path), "name": name, "content_hash": content_hash}
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._run, job, given_up)
        try:
            return await future
        except asyncio.CancelledError:
            self._give_up(given_up)
            raise

    async def aclose(self) -> None:
        """Stop all workers, busy ones too."""
        self._give_up(self._closing)
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._stop_idle()

    def _give_up(self, told: threading.Event) -> None:
        told.set()
        with self._changed:
            self._changed.notify_all()

    def _run(self, job: dict[str, str], given_up: threading.Event) -> ParsedFile:
        """Parse in an idle worker or a new one.

        When a used worker fails, what it parsed before may be the cause, so a new one tries again.
        """
        worker = self._take(given_up)
        try:
            if worker is not None:
                try:
                    return _result(self._ask(worker, job, given_up))
                except DocumentError as error:
                    if error.code not in _WORKER_FAILURES:
                        raise
            return _result(self._ask(WorkerProcess(self._limits, self._settings), job, given_up))
        finally:
            with self._changed:
                self._busy -= 1

    def _take(self, given_up: threading.Event) -> WorkerProcess | None:
        """An idle worker, or None when it is worth starting one."""
        with self._changed:
            if not self._idle and self._busy:
                self._changed.wait_for(
                    lambda: self._idle or not self._busy or given_up.is_set() or self._closing.is_set(),
                    _PATIENCE_S,
                )
            self._busy += 1
            return self._idle.pop() if self._idle else None

    def _ask(self, worker: WorkerProcess, job: dict[str, str], given_up: threading.Event) -> list[bytes]:
        """The worker's answer; afterwards it rests or, when it failed or is worn, is stopped."""
        keep = False
        try:
            frames = worker.ask(job, self._timeout_s, lambda: given_up.is_set() or self._closing.is_set())
            keep = not (self._closing.is_set() or self._is_worn(worker, frames))
        finally:
            if keep:
                self._rest(worker)
            else:
                worker.stop()
        return frames

    def _is_worn(self, worker: WorkerProcess, frames: list[bytes]) -> bool:
        """Whether what the libraries leak, or may have left broken, is reason to replace the worker."""
        return (
            worker.jobs >= self._recycle_after
            or worker.memory_bytes > _WORN_SHARE * self._limits.memory_bytes
            or b"parse_out_of_memory" in frames[0]
        )

    def _rest(self, worker: WorkerProcess) -> None:
        """Keep the worker for the next document; all idle ones are stopped when none comes for a while."""
        with self._changed:
            self._idle.append(worker)
            self._rested_at = time.monotonic()
            if self._reaper is None:
                self._watch_idle(_IDLE_S)
            self._changed.notify()

    def _watch_idle(self, seconds: float) -> None:
        self._reaper = threading.Timer(seconds, self._reap)
        self._reaper.daemon = True
        self._reaper.start()

    def _reap(self) -> None:
        with self._changed:
            left = self._rested_at + _IDLE_S - time.monotonic()
            if left > 0 and not self._closing.is_set():
                self._watch_idle(left)
                return
        self._stop_idle()

    def _stop_idle(self) -> None:
        with self._changed:
            idle, self._idle = self._idle, []
            if self._reaper is not None:
                self._reaper.cancel()
                self._reaper = None
        for worker in idle:
            worker.stop()


def _result(frames: list[bytes]) -> ParsedFile:
    answer = json.loads(frames[0])
    if not answer["ok"]:
        raise wire.error_from_json(answer["error"])
    return ParsedFile(decode_parsed(frames[1]), frames[2])
