"""What is said about each thing that was looked at: carried over, changed on the way, or left behind."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a thing."""

    CARRIED = "carried"
    """The settings do the same."""
    CHANGED = "changed"
    """The settings do nearly the same; the remark tells the difference."""
    LEFT = "left"
    """Nothing in the settings does it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """``what`` names the thing as the run.yaml does; ``detail`` says what it became, or why it stays."""

    outcome: Outcome
    what: str
    detail: str


class Remarks:
    """Remarks in the order they were made."""

    def __init__(self) -> None:
        self._made: list[Remark] = []

    def carried(self, what: str, detail: str) -> None:
        """Something that is as it was."""
        self._made.append(Remark(Outcome.CARRIED, what, detail))

    def changed(self, what: str, detail: str) -> None:
        """Something the reader must know of."""
        self._made.append(Remark(Outcome.CHANGED, what, detail))

    def left(self, what: str, detail: str) -> None:
        """Something that was not carried over."""
        self._made.append(Remark(Outcome.LEFT, what, detail))

    @property
    def made(self) -> tuple[Remark, ...]:
        """All of them, the same thing said twice only once."""
        return tuple(dict.fromkeys(self._made))
