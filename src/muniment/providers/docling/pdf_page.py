"""The plain values the PDF engine works with: boxes, words, lines, rules and pages.

Coordinates are PDF points (1/72 inch) with the origin at the top left corner of the page as it is
displayed, x to the right and y downwards.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle: left, top, right, bottom."""

    l: float  # noqa: E741 - the names of Docling's own BoundingBox
    t: float
    r: float
    b: float

    @property
    def width(self) -> float:
        """Width in points."""
        return self.r - self.l

    @property
    def height(self) -> float:
        """Height in points."""
        return self.b - self.t

    @property
    def area(self) -> float:
        """Area in square points."""
        return max(0.0, self.r - self.l) * max(0.0, self.b - self.t)

    def overlap(self, other: "Box") -> float:
        """Area shared with another box."""
        width = min(self.r, other.r) - max(self.l, other.l)
        height = min(self.b, other.b) - max(self.t, other.t)
        return width * height if width > 0 and height > 0 else 0.0

    def x_overlap(self, other: "Box") -> float:
        """Length shared on the x axis (negative: the gap)."""
        return min(self.r, other.r) - max(self.l, other.l)

    def y_overlap(self, other: "Box") -> float:
        """Length shared on the y axis (negative: the gap)."""
        return min(self.b, other.b) - max(self.t, other.t)

    def holds(self, other: "Box", share: float = 0.5) -> bool:
        """Whether at least this share of the other box lies inside."""
        return self.overlap(other) >= share * max(other.area, 1e-6)


def around(boxes: "list[Box]") -> Box:
    """The smallest box that holds all of the given ones."""
    return Box(
        min(box.l for box in boxes),
        min(box.t for box in boxes),
        max(box.r for box in boxes),
        max(box.b for box in boxes),
    )


def turned(box: Box, degrees: int, width: float, height: float) -> Box:
    """A box on a page of the given size after the page is turned clockwise by 0, 90, 180 or 270 degrees."""
    if degrees == 90:
        return Box(height - box.b, box.l, height - box.t, box.r)
    if degrees == 180:
        return Box(width - box.r, height - box.b, width - box.l, height - box.t)
    if degrees == 270:
        return Box(box.t, width - box.r, box.b, width - box.l)
    return box


class Word(NamedTuple):
    """A run of characters without a space."""

    box: Box
    text: str
    font: str


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one baseline without a gap as wide as a column gutter.

    ``size`` is the height of the line's typical word: the text layer gives no font size, and this
    height is proportional to it. ``mono``: set in a typewriter face, as program code is.
    ``leader``: dots lead from a title to its page number, as in a table of contents. ``marked``: a bullet
    is drawn, not written, to its left. ``sideways``: it runs in another direction than the page's text.
    """

    box: Box
    text: str
    font: str
    size: float
    bold: bool
    italic: bool = False
    mono: bool = False
    leader: bool = False
    marked: bool = False
    sideways: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A drawn straight line (or thin rectangle, or edge of one): position and extent."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is painted on a page besides text: straight lines, small shapes (bullets), images.

    ``shapes`` counts all painted shapes.
    """

    horizontal: tuple[Rule, ...] = ()
    vertical: tuple[Rule, ...] = ()
    marks: tuple[Box, ...] = ()
    images: tuple[Box, ...] = ()
    shapes: int = 0


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as read from the file or by OCR.

    Its coordinates are those in which its text is upright. ``turn`` is the clockwise rotation in degrees
    (0, 90, 180, 270) that takes them to the page as it is displayed; ``width`` and ``height`` are the
    upright ones.
    """

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    drawing: Drawing = field(default_factory=Drawing)
    sideways: tuple[Line, ...] = ()
    turn: int = 0
    by_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell: text, box, and its half-open row and column ranges."""

    text: str
    box: Box
    row: int
    row_end: int
    column: int
    column_end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table on one page; ``size`` is the typical height of its words."""

    box: Box
    size: float
    rows: int
    columns: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page reduced to what the document-wide steps need."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    tables: tuple[Table, ...] = ()
    turn: int = 0
    by_ocr: bool = False

    @property
    def shown_size(self) -> tuple[float, float]:
        """Width and height of the page as it is displayed."""
        return (self.width, self.height) if self.turn in (0, 180) else (self.height, self.width)

    def as_shown(self, box: Box) -> Box:
        """A box of this page in the coordinates of the page as it is displayed."""
        return turned(box, self.turn, self.width, self.height)
