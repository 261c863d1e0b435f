"""The command line in a process that is killed, as by ``kill -9``, at one place in its work.

    python killed_process.py STAGE NTH MOMENT ARGUMENTS...

It dies at the NTH time that it comes to STAGE: ``before`` the step, ``after`` it, or a random moment
``during`` it. With ``watch`` for a stage nothing is killed. Where the environment names a file in
``WATCHED``, a line is added to it when work on a document begins and when it ends.
"""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

STAGES = {
    "plan": ("muniment.collections.planning", "Planning", "_make"),
    "fetch": ("muniment.ingest.reader", "Reader", "_fetch"),
    "parse": ("muniment.ingest.reader", "Reader", "_parse"),
    "keep": ("muniment.ingest.kept_files", "KeptFiles", "save_raw"),
    "chunk": ("muniment.ingest.pipeline", "Pipeline", "_present"),
    "embed": ("muniment.providers.fake_embedder", "FakeEmbedder", "embed_texts"),
    "write": ("muniment.providers.milvus.index", "MilvusIndex", "upsert"),
    "settle": ("muniment.ingest.settling", "Settling", "_write"),
    "forget": ("muniment.ingest.settling", "Settling", "_forget"),
    "clean": ("muniment.ingest.settling", "Settling", "clean"),
}
"""The step of each stage at which the process can be killed."""

MOMENTS = ("before", "during", "after")
LONGEST_S = 0.008
"""How far into a step a process is killed at most; a step of these small documents takes about as long."""

Step = Callable[..., Awaitable[Any]]


def kill_at(stage: str, nth: int, moment: str) -> None:
    """Have this process killed there."""
    module, owner, name = STAGES[stage]
    holder = getattr(import_module(module), owner)
    step: Step = getattr(holder, name)
    numbers = count(1)

    @wraps(step)
    async def deadly(*arguments: Any, **named: Any) -> Any:
        here = next(numbers) == nth
        if here and moment == "before":
            _die()
        if here and moment == "during":
            threading.Thread(target=_die_soon, daemon=True).start()
        result = await step(*arguments, **named)
        if here:
            _die()
        return result

    setattr(holder, name, deadly)


def watch(path: str) -> None:
    """Write down when work on a document begins, and when it is settled or given up."""
    from muniment.ingest.claims import Claims
    from muniment.ingest.feed import WorkFeed
    from muniment.ingest.settling import Settling

    def told(what: str, uri: str) -> None:
        line = f"{time.time():.6f} {os.getpid()} {what} {uri}\n".encode()
        with Path(path).open("ab", buffering=0) as file:
            file.write(line)

    hand_out, write, release = WorkFeed.next, Settling._write, Claims.release

    async def handing_out(self: WorkFeed) -> Any:
        work = await hand_out(self)
        if work is not None:
            told("begins", work.file.uri)
        return work

    async def writing(self: Settling, steps: Sequence[Any]) -> Any:
        for step in steps:
            # Told before: once it is written, another may take the document.
            told("ends", step.uri)
        return await write(self, steps)

    async def releasing(self: Claims, *keys: str) -> None:
        for key in keys:
            if key.startswith("doc:") and key in self._held:
                told("ends", key.split(":", 3)[3])
        await release(self, *keys)

    WorkFeed.next = handing_out  # type: ignore[method-assign]
    Settling._write = writing  # type: ignore[method-assign]
    Claims.release = releasing  # type: ignore[method-assign]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_soon() -> None:
    time.sleep(random.uniform(0, LONGEST_S))
    _die()


def main() -> None:
    """Run the command line."""
    stage, nth, moment, *arguments = sys.argv[1:]
    if stage != "watch":
        kill_at(stage, int(nth), moment)
    if "WATCHED" in os.environ:
        watch(os.environ["WATCHED"])
    from muniment.cli.main import main as command_line

    sys.argv = ["muniment", *arguments]
    command_line()


if __name__ == "__main__":
    main()
