"""What documents may do to a worker, as functions that a worker runs. The file's text says which."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from muniment.errors import DocumentError
from muniment.protocols import ParsedFile
from muniment.providers.docling.jobs import Job, Limits
from muniment.providers.fake_parser import parse_text


def parse(job: Job, limits: Limits, parser: str) -> ParsedFile:
    wish = job.path.read_text()
    acts = {
        "crash": lambda: ctypes.string_at(0),
        "abort": os.abort,
        "exit": lambda: os._exit(3),
        "hang": lambda: time.sleep(3600),
        "spin": _spin,
        "eat": _eat,
        "raise": lambda: 1 / 0,
        "recurse": lambda: _recurse(0),
        "refuse": _refuse,
        "print": lambda: sys.stdout.write("noise\n") + sys.stderr.write("noise\n"),
        "write": lambda: os.write(1, b"\x00" * 100),
        "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    }
    answers = {
        "pid": lambda: str(os.getpid()),
        "outside": _outside,
        "environment": lambda: str(sorted(os.environ)),
    }
    if wish in acts:
        acts[wish]()
    return ParsedFile(parse_text(answers.get(wish, lambda: wish)(), job.content_hash, parser), b"{}")


def _spin() -> None:
    while True:
        pass


def _eat() -> None:
    kept = []
    while True:
        kept.append(os.urandom(1 << 20) * 16)


def _recurse(depth: int) -> int:
    return _recurse(depth + 1)


def _refuse() -> None:
    raise DocumentError("refused for a reason", code="made_up", hint="do something else")


def _outside() -> str:
    """Try every way out; say which ones were open."""
    ways = {
        "connect": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "resolve": lambda: socket.getaddrinfo("localhost", 80),
        "url": lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
        "process": lambda: subprocess.run(["true"], check=True),
        "shell": lambda: os.system("true"),
    }
    stopped = []
    for name, way in ways.items():
        with contextlib.suppress(Exception):
            try:
                way()
            except PermissionError:
                stopped.append(name)
            except OSError as error:
                if "not allowed" in str(error):
                    stopped.append(name)
    return "stopped: " + " ".join(stopped)
