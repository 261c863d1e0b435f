"""The worker process: parses one document after the other, cut off from network and other programs.

Started with ``python -c``; stdin brings jobs, stdout takes answers, stderr goes to a file of the parent's.
It ends when stdin does, so it outlives its parent by no more than a moment, however that one died.
"""

import contextlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from muniment.errors import DocumentError, MunimentError
from muniment.protocols import ParsedFile
from muniment.providers.docling import wire
from muniment.providers.docling.jobs import Job, Limits

Parse = Callable[[Job, Limits, str], ParsedFile]
"""What a worker runs: a file, its limits and the parser's version give a parsed file. Beside it may stand a
function ``loaded``: whether all is imported that another file may need."""

_STACK_BYTES = 128 * 1024 * 1024
_RECURSION_LIMIT = 6000
_FORBIDDEN_EVENTS = frozenset(
    (
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "pty.spawn",
    )
)


def main() -> None:
    """Serve jobs until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs_in, answers_out = _private_pipes()
    settings = json.loads(wire.read_frame(jobs_in) or b"{}")
    limits = Limits(**settings["limits"])
    _confine(limits)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(jobs_in, jobs), daemon=True).start()
    # Parsers recurse as deeply as documents nest: a thread of its own can have a larger stack.
    threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(_RECURSION_LIMIT)
    server = threading.Thread(target=_serve, args=(jobs, answers_out, limits, settings), daemon=True)
    server.start()
    server.join()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Streams of our own for jobs and answers, so that a library's print cannot disturb them."""
    jobs_in = os.fdopen(os.dup(0), "rb")
    answers_out = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return jobs_in, answers_out


def _receive(stream: BinaryIO, jobs: "queue.SimpleQueue[bytes]") -> None:
    """Hand jobs on; leave at once when the parent has gone, even in the middle of a job."""
    while (job := wire.read_frame(stream)) is not None:
        jobs.put(job)
    os._exit(0)


def _confine(limits: Limits) -> None:
    """No network, no other programs, no core dumps, and a last limit on memory behind the parent's watch."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            most = limits.memory_bytes * 3 + _STACK_BYTES
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN_EVENTS:
        raise PermissionError(f"{event} is not allowed while a document is parsed")


def _serve(jobs: "queue.SimpleQueue[bytes]", out: BinaryIO, limits: Limits, settings: dict[str, Any]) -> None:
    while True:
        frames = _answer(json.loads(jobs.get()), limits, settings)
        with contextlib.suppress(OSError):
            for frame in frames:
                wire.write_frame(out, frame)


def _answer(job: dict[str, str], limits: Limits, settings: dict[str, Any]) -> list[bytes]:
    from muniment.types.parsed_format import encode_parsed

    try:
        name, function = settings["target"].split(":")
        module = import_module(name)
        parse: Parse = getattr(module, function)
        parsed = parse(Job(Path(job["path"]), job["name"], job["content_hash"]), limits, settings["parser"])
        loaded = getattr(module, "loaded", lambda: True)()
        return [wire.to_json({"ok": True, "loaded": loaded}), encode_parsed(parsed.document), parsed.full]
    except MunimentError as error:
        answer = error
    except MemoryError:
        answer = out_of_memory(job["name"], limits)
    except Exception as error:
        answer = DocumentError(
            f"{job['name']} cannot be parsed: {type(error).__name__}: {str(error)[:300]}",
            code="parser_failed",
            hint="Save the file anew or in another format. If it opens elsewhere, please report it.",
        )
    return [wire.to_json({"ok": False, "error": wire.error_to_json(answer)})]


def out_of_memory(name: str, limits: Limits) -> DocumentError:
    """The error for a document that wants more memory than it may have."""
    return DocumentError(
        f"Parsing {name} took more than {limits.memory_bytes // 2**20} MB of memory.",
        code="parse_out_of_memory",
        hint="Split the file into smaller parts, or raise parser.memory_mb.",
    )


if __name__ == "__main__":
    main()
