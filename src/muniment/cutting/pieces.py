"""Ranges of a document with the places they stand at."""

from dataclasses import dataclass

from muniment.types import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of the document's text and the spans that cover it, or more than it."""

    start: int
    end: int
    places: tuple[Span, ...]

    def spans(self) -> list[Span]:
        """The places within the range; together they cover it."""
        made: list[Span] = []
        at = self.start
        for place in self.places:
            start, end = max(place.start, at), min(place.end, self.end)
            if start < end:
                if start > at:
                    made.append(Span(at, start))
                made.append(Span(start, end, place.page, place.box))
                at = end
        if at < self.end:
            made.append(Span(at, self.end))
        return made

    def halves(self, text: str) -> "list[Piece]":
        """Two pieces, parted at a blank near the middle where there is one."""
        middle = (self.start + self.end) // 2
        blank = text.rfind(" ", self.start + 1, middle)
        cut = blank if blank > 0 else middle
        return [Piece(self.start, cut, self.places), Piece(cut, self.end, self.places)]
