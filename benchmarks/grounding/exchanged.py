"""Claims that join what the evidence says of two things, or say the opposite of it."""

import itertools
import random
import re
from collections.abc import Iterator

from material import Case, Material

from muniment.language.negation import cues
from muniment.language.quantities import amounts
from muniment.types import Chunk, ParsedDocument, Passage, Span


def numbers_changed_places(material: Material) -> Iterator[Case]:
    """Two numbers of one kind in one sentence, each in the other's place."""
    for text, passage in material.sentences:
        found = list(re.finditer(NUMBER, text))
        for one, other in itertools.pairwise(found):
            between = text[one.end() : other.start()]
            listed = len(re.findall(r"[A-Za-z]{2,}", re.sub(r"\b(?:and|or|to)\b", "", between))) < 2
            years = [re.fullmatch(r"1[5-9]\d\d|20\d\d", m.group()) is not None for m in (one, other)]
            if listed or one.group() == other.group() or years[0] != years[1]:
                continue
            if _unit(text, one) == _unit(text, other):
                changed = text[: one.start()] + other.group() + between + one.group() + text[other.end() :]
                yield changed, (passage,)
                break


NUMBER = r"(?<![\w.,$€£-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,.-]*\d)(?!\w)"


def _unit(text: str, match: re.Match[str]) -> str:
    """The unit behind a number, where it is one that the product knows."""
    found = amounts(text[match.start() : match.end() + 20]).quantities
    return found[0].unit if found else ""


OPPOSITES = [
    tuple(line.split(" - "))
    for line in """
inside - outside
longer than - shorter than
larger than - smaller than
at least - at most
more than - less than
up to - at least
before - after
increased - decreased
annual - monthly
daily - weekly
once - twice
internal - external
north - south
east - west
northern - southern
eastern - western
higher - lower
upper - lower
majority - minority
minimum - maximum
public - private
valid - invalid
temporary - permanent
manually - automatically
directly - indirectly
enabled - disabled
won - lost
success - failure
early - late
older - younger
above - below
always - sometimes
horizontal - vertical
import - export
gained - lost
domestic - foreign
direct - indirect
available - unavailable
positive - negative
include - exclude
includes - excludes
improved - worsened
optional - mandatory
strong - weak
sell - buy
sold - bought
employer - employee
receive - send
""".strip().split("\n")
]
"""Written by hand; some of them stand in the product's own list."""


def opposite_word(material: Material) -> Iterator[Case]:
    """One word replaced by its opposite."""
    for text, passage in material.sentences:
        pairs_ = [*OPPOSITES, *((other, one) for one, other in OPPOSITES)]
        there = [
            (one, other) for one, other in pairs_ if re.search(rf"\b{one}\b", text) and other not in text
        ]
        if there and not cues(text):
            one, other = material.random.choice(there)
            yield re.sub(rf"\b{one}\b", other, text, count=1), (passage,)


def changed_modality(material: Material) -> Iterator[Case]:
    """ "May" becomes "must" and the reverse."""
    for text, passage in material.sentences:
        if cues(text) or re.search(r"\bonly\b", text):
            continue
        found = re.search(r"\b(may|must|shall)\b(?= [a-z])", text)
        if found:
            new = "must" if found[1] == "may" else "may"
            yield text[: found.start()] + new + text[found.end() :], (passage,)


COLUMNS = ["Price in euros", "Weight in kg", "Warranty in months", "Stock", "Colour"]


def rows_mixed(material: Material) -> Iterator[Case]:
    """What one row of a table says, said of another row, in words; both rows stand in the passage."""
    for passage, header, one, other, column in _row_pairs(material):
        yield f"The {header[column]} of {one[0]} is {other[column]}.", (passage,)


def rows_read(material: Material) -> Iterator[Case]:
    """What a row of a table says, in words."""
    for passage, header, one, _, column in _row_pairs(material):
        yield f"The {header[column]} of {one[0]} is {one[column]}.", (passage,)


def _row_pairs(material: Material) -> Iterator[tuple[Passage, list[str], list[str], list[str], int]]:
    """Tables made of the sets' names and chance numbers: passage, header, two rows, a column."""
    rng = material.random
    things = [one for one in material.names if len(one) > 4]
    for number, (_, passage) in enumerate(material.sentences):
        keys = rng.sample(things, 5)
        header = [
            "Product",
            *rng.sample(["Price in euros", "Weight in kg", "Warranty in months", "Stock", "Colour"], 3),
        ]
        rows = [[key, *(_cell(name, rng) for name in header[1:])] for key in keys]
        text = "\n".join(" | ".join(row) for row in (header, *rows))
        name = f"table {number}"
        material.documents[name] = ParsedDocument("0" * 64, name, text, (), (), "benchmark 1")
        chunk = Chunk(0, text, "", (), (Span(0, len(text)),), 0)
        column = rng.randrange(1, 4)
        one, other = rng.sample(rows, 2)
        if one[column] != other[column]:
            yield Passage(passage.id, name, "table.md", chunk, 0.0), header, one, other, column


def _cell(column: str, rng: random.Random) -> str:
    return (
        rng.choice("red blue green white black".split()) if column == "Colour" else str(rng.randrange(2, 900))
    )
