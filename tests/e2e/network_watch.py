"""Watches processes and those that they start: whom do they try to reach outside of this machine?"""

import json
import sys
from pathlib import Path

SITECUSTOMIZE = """
import json, os, sys

CALLS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
LOOPBACK = ("127.", "::1", "::ffff:127.", "localhost")

def watch(event, arguments):
    if event not in CALLS:
        return
    address = arguments[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else arguments[-1]
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(address, (str, bytes)) and event == "socket.connect":
        return  # a socket in the file system
    if host and not str(host).startswith(LOOPBACK):
        with open(os.path.join(os.path.dirname(__file__), "reached.jsonl"), "a") as file:
            file.write(json.dumps([event, str(address), sys.argv]) + chr(10))

sys.addaudithook(watch)
"""
"""Runs at the start of every Python process, workers too, and writes down whom it tries to reach."""


def watched_environment(folder: Path) -> dict[str, str]:
    """An environment in which a process is watched and has an empty home folder, both in ``folder``."""
    (folder / "watch").mkdir()
    (folder / "home").mkdir()
    (folder / "watch" / "sitecustomize.py").write_text(SITECUSTOMIZE)
    paths = [str(folder / "watch"), *(path for path in sys.path if path)]
    return {"PYTHONPATH": ":".join(paths), "HOME": str(folder / "home")}


def reached(folder: Path) -> list[object]:
    """The calls that were to lead out of this machine."""
    log = folder / "watch" / "reached.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
