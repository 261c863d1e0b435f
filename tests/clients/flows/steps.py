"""A flow: steps with a real client against a base URL, in order, each reported as one line of JSON.

A line is ``{"step": NAME, "ok": BOOL, "detail": TEXT}``. Steps share one ``State``; a step that fails
does not end the flow, but those that need what it should have made fail after it. The exit code is the
number of failures. The client is imported only when the flow runs, so that anybody can list the steps.
"""

import argparse
import json
import sys
import time
import traceback
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

LONGEST_WAIT_S = 120
SHOWN = 1500
Step = Callable[["State"], object]


class State(SimpleNamespace):
    """What steps know: ``client``, ``base_url``, ``llm``, ``embedding_model``, and what steps made."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no step before this one has made {name!r}")

    def name(self, word: str) -> str:
        """A name that no other run uses."""
        return f"{word}-{self.run}"

    def plain(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of a request without any client, for routes that the client has no call for."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.base_url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=LONGEST_WAIT_S) as reply:
                text = reply.read().decode()
                return reply.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text[:1] in "{[" else text


class Flow:
    """Steps in order; ``only`` names the client versions that a step is for."""

    def __init__(self, connect: Callable[[State], None]) -> None:
        self._connect = connect
        self._steps: list[tuple[Step, tuple[str, ...]]] = []

    def add(self, *steps: Step, only: tuple[str, ...] = ()) -> None:
        """Append steps that are defined elsewhere."""
        self._steps += [(step, only) for step in steps]

    def step(self, step: Step) -> Step:
        """Append the decorated step."""
        self.add(step)
        return step

    def step_of(self, *versions: str) -> Callable[[Step], Step]:
        """Append the decorated step for these versions of the client."""

        def added(step: Step) -> Step:
            self.add(step, only=versions)
            return step

        return added

    def names(self, version: str) -> list[str]:
        """The steps of a client's version."""
        return [step.__name__ for step, only in self._steps if not only or version in only]

    def outcomes(self, state: State) -> Iterator[dict[str, Any]]:
        """Run the steps; a line for each."""
        self._connect(state)
        for step, only in self._steps:
            if only and state.version not in only:
                continue
            try:
                ok, detail = True, repr(step(state))
            except Exception as error:
                ok, detail = False, explained(error)
            yield {"step": step.__name__, "ok": ok, "detail": detail[:SHOWN]}


def explained(error: Exception) -> str:
    """The error, where in the flow it was, and what the server said."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/flows/" in frame.filename]
    place = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[1:]))
    response = getattr(error, "response", None)
    said = getattr(error, "body", None) if response is None else getattr(response, "text", response)
    asked = getattr(getattr(response, "request", None), "url", "")
    return f"{type(error).__name__}: {error} | at {place} | {asked} answered {said}"


def main(flow: Flow) -> None:
    """Run a flow from the command line."""
    parser = argparse.ArgumentParser(description="Run a client's flow against a server.")
    parser.add_argument("base_url", help="without /v1")
    parser.add_argument("--llm", default="smollm2", help="id of a language model that the server has")
    parser.add_argument("--embedding-model", default="all-MiniLM-L6-v2")
    parser.add_argument("--dimension", type=int, default=384)
    given = parser.parse_args()
    base_url = given.base_url.rstrip("/")
    failures = 0
    for line in flow.outcomes(State(**vars(given) | {"base_url": base_url, "run": new_run()})):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        failures += not line["ok"]
    sys.exit(min(failures, 99))


def new_run() -> str:
    """What tells the names of one run from those of another."""
    return uuid.uuid4().hex[:8]


def expect(condition: object, *shown: object) -> None:
    """Fail with what was got."""
    if not condition:
        raise AssertionError("got " + ", ".join(map(repr, shown)))


def equal(got: object, wanted: object, *shown: object) -> None:
    """Fail with both."""
    if got != wanted:
        raise AssertionError(", ".join([f"got {got!r}, wanted {wanted!r}", *map(repr, shown)]))


def refused(call: Callable[[], object], *statuses: int) -> str:
    """The call ends in an error with one of the statuses and a message; gives both."""
    try:
        answer = call()
    except Exception as error:
        return refusal(error, *statuses)
    raise AssertionError(f"no error, but {answer!r}")


def refusal(error: Exception, *statuses: int) -> str:
    """The status, which is one of those wanted, and what the server said, which is not nothing."""
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    if status is None:
        raise error
    response = getattr(error, "response", None)
    said = getattr(error, "body", None) if response is None else response.text
    expect(status in statuses and len(str(said)) > len('{"detail":""}'), status, said)
    return f"{status} {said}"


def items(page: Any) -> list[Any]:
    """The entries of a listing, which is a list with some clients and a page with others."""
    return list(page if isinstance(page, list) else page.data)


def waited(look: Callable[[], Any], done: Callable[[Any], object]) -> Any:
    """What ``look`` gives as soon as it is ``done``."""
    end = time.monotonic() + LONGEST_WAIT_S
    while not done(seen := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"after {LONGEST_WAIT_S} s still {seen!r}")
        time.sleep(0.02)
    return seen


def plain(value: Any) -> Any:
    """A client's object as JSON values."""
    if isinstance(value, dict | list | str | int | float | type(None)):
        return value
    for dump in ("to_dict", "model_dump", "dict"):
        if hasattr(value, dump):
            return getattr(value, dump)()
    return vars(value)


def in_order(got: Iterable[str], wanted: Iterable[str]) -> None:
    """``wanted`` come in this order in ``got``, whatever stands between."""
    seen = list(got)
    position = 0
    for name in wanted:
        expect(name in seen[position:], f"no {name} after {seen[:position]}", seen)
        position = seen.index(name, position) + 1
