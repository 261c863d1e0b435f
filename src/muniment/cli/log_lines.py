"""What the program logs while a command runs, on stderr: every trouble once, none that its error tells."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HELD_S = 1.0
"""Seconds for which a line waits: an error that says the same mostly comes right behind it."""

_LOGGER = logging.getLogger("muniment")


class LogLines(logging.Handler):
    """Holds lines back for a moment, and leaves out what has been told."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: list[str] = []
        self._held: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a line, unless an earlier one says as much."""
        text = self.format(record)
        if any(told in text for told in (*self._told, *self._held)):
            return
        self._held.append(text)
        try:
            asyncio.get_running_loop().call_later(HELD_S, self.flush)
        except RuntimeError:
            # Outside the loop, as in a thread, nobody would let it out.
            self.flush()

    def tell(self, text: str) -> None:
        """Take note that this is told to the user now; lines that wait and say the same are dropped."""
        self._told.append(text)
        self._held = [held for held in self._held if text not in held]

    def flush(self) -> None:
        """Print what waits."""
        from muniment.cli.output import clean

        held, self._held = self._held, []
        self._told += held
        for text in held:
            sys.stderr.write(clean(text) + "\n")


_lines: list[LogLines] = []


@contextmanager
def log_lines() -> Iterator[None]:
    """What is logged inside goes to stderr, in its own time."""
    lines = LogLines()
    _lines.append(lines)
    _LOGGER.addHandler(lines)
    try:
        yield
    finally:
        lines.flush()
        _LOGGER.removeHandler(lines)
        _lines.remove(lines)


def leave_to_root() -> None:
    """Say nothing more: a server's log has handlers of its own."""
    for lines in _lines:
        lines.flush()
        _LOGGER.removeHandler(lines)


def told(text: str) -> None:
    """Say that the text is printed now, so that no line of the log repeats it."""
    for lines in _lines:
        lines.tell(text)
