"""Chunks in the making: pieces of the text, grouped by what must stay together."""

from dataclasses import dataclass, field

from muniment.cutting import Piece
from muniment.types import Span


@dataclass(frozen=True, slots=True)
class Unit:
    """What is not parted without need.

    Attributes:
        lead: headings and captions that go with ``body``.
        header: a table's header rows, repeated in each part.
        tokens: estimate of all of it.
    """

    lead: tuple[Piece, ...]
    header: tuple[Piece, ...]
    body: tuple[Piece, ...]
    tokens: int

    def pieces(self) -> tuple[Piece, ...]:
        """All of it in reading order."""
        return self.lead + self.header + self.body

    def halves(self, text: str) -> "list[Unit]":
        """Smaller units with the same text; one letter alone cannot be parted further."""
        body = self.body
        if len(body) > 1:
            middle = len(body) // 2
            return [self._with(body[:middle]), self._with(body[middle:], lead=())]
        if body and body[0].end - body[0].start > 1:
            return [
                self._with((part,), lead=self.lead if n == 0 else ())
                for n, part in enumerate(body[0].halves(text))
            ]
        return [Unit((), (), (piece,), self.tokens) for piece in self.pieces()]

    def _with(self, body: tuple[Piece, ...], lead: tuple[Piece, ...] | None = None) -> "Unit":
        return Unit(self.lead if lead is None else lead, self.header, body, self.tokens)


@dataclass(slots=True)
class Draft:
    """Units that become one chunk.

    Attributes:
        path: headings above its first piece, which make its context.
        headings: headings above its first text.
        section: headings above its last text.
        budget: tokens its units may take.
    """

    path: tuple[str, ...]
    headings: tuple[str, ...]
    section: tuple[str, ...]
    budget: int
    units: list[Unit] = field(default_factory=list)
    tokens: int = 0

    def add(self, unit: Unit) -> None:
        """Append a unit."""
        self.units.append(unit)
        self.tokens += unit.tokens

    def spans(self) -> tuple[Span, ...]:
        """The places of all pieces."""
        return tuple(span for unit in self.units for piece in unit.pieces() for span in piece.spans())

    def halves(self, text: str) -> "list[Draft]":
        """Two or more smaller drafts with the same text."""
        if len(self.units) > 1:
            middle = len(self.units) // 2
            groups = [self.units[:middle], self.units[middle:]]
        else:
            groups = [[unit] for unit in self.units[0].halves(text)]
        return [
            Draft(
                self.path, self.headings, self.section, self.budget, group, sum(unit.tokens for unit in group)
            )
            for group in groups
        ]
