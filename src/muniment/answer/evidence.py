"""Finds where a claim's evidence stands: in the passage, and from there in the stored document."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from muniment.language.cell_amounts import caption_measure, table_amounts
from muniment.language.currencies import MONEY
from muniment.language.names import codes, names
from muniment.language.quantities import amounts, carried, dated
from muniment.language.terms import WORD, begun_alike, content_stems, stem, stems
from muniment.language.units import Unit, UnitKind, split_units, trim
from muniment.types import Chunk, Span, text_of

MOST_UNITS = 4
MOST_LIST_UNITS = 8
_BETWEEN = re.compile(r"[\W_]+")
_IN_WORD = re.compile(r"\w")
_SAME_SUBJECT = 2
"""Content words of the claim that a unit farther away must share to count as evidence."""
_NUMBER_WEIGHT, _NAME_WEIGHT = 2.0, 1.5


@dataclass(frozen=True, slots=True)
class Located:
    """A quote and where it stands in the document: ``quote == text_of(document_text, spans)``."""

    quote: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The units of a passage that carry a claim best.

    ``ranges`` index the passage's text, a table row's header first; ``best`` is the range of the unit
    that carries most; ``around`` is the text of the units before and behind.
    """

    ranges: tuple[tuple[int, int], ...]
    best: tuple[int, int]
    around: str
    weight: float


def locate(chunk: Chunk, ranges: Sequence[tuple[int, int]], document_text: str) -> Located | None:
    """Where ``ranges`` of the chunk's text stand in the document, with the pages and boxes of its spans.

    None when the document does not hold them there (it has changed, or the chunk is another's).
    """
    pieces = _aligned(chunk, document_text)
    spans: list[Span] = []
    for wanted in ranges:
        trimmed = trim(chunk.text, *wanted)
        if trimmed is None:
            continue
        found = _cut(pieces, trimmed)
        held = "".join("".join(document_text[span.start : span.end].split()) for span in found)
        if held != "".join(chunk.text[slice(*trimmed)].split()):
            return None
        spans.extend(found)
    return Located(text_of(document_text, spans), tuple(spans)) if spans else None


def find_window(claim: str, text: str) -> Window | None:
    """The units of ``text`` that carry most of ``claim``; None when they share nothing with it.

    A claim that stands in the text word for word is found there. Otherwise the unit that shares most
    with it is taken, and others are added while they carry what is still missing.
    """
    units = split_units(text)
    if not units:
        return None
    verbatim = _verbatim(claim, text, units)
    if verbatim is not None:
        chosen = list(range(verbatim[0], verbatim[1] + 1))
        return _window(text, units, chosen, best=chosen[0], weight=float("inf"))
    wanted = _Wanted(claim)
    held = [wanted.held(_with_header(text, unit)) for unit in units]
    weights = [wanted.weight(one) for one in held]
    shared = [len(wanted.all_words & stems(unit.of(text))) for unit in units]
    best = max(range(len(units)), key=lambda index: (weights[index], shared[index], -index))
    if not weights[best]:
        return None
    chosen = _widened(units, held, best, wanted)
    total = frozenset().union(*(held[index] for index in chosen))
    window = _window(text, units, chosen, best=best, weight=wanted.weight(total))
    return _with_captions(window, text, [units[index] for index in chosen]) if wanted.sums else window


class _Wanted:
    """What a claim needs its evidence to carry, each thing with a weight."""

    def __init__(self, claim: str) -> None:
        self._stems = frozenset(content_stems(claim))
        self._names = frozenset(stem(word) for word in (*names(claim), *codes(claim)))
        self._amounts = amounts(claim)
        self.all_words = stems(claim)
        self.sums = any(one.unit in MONEY for one in self._amounts.quantities)

    def held(self, text: str) -> frozenset[str]:
        mine = {stem(word) for word in WORD.findall(text)}
        mine |= {stem(code) for code in codes(text)}
        found = {f"w {one}" for one in self._stems if one in mine or begun_alike(one, mine)}
        found |= {f"n {one}" for one in self._names & mine}
        if self._amounts.quantities or self._amounts.dates:
            theirs = table_amounts(text)
            found |= {f"# {one.text}" for one in self._amounts.quantities if carried(one, theirs)}
            found |= {f"# {one.text}" for one in self._amounts.dates if dated(one, theirs)}
        return frozenset(found)

    def weight(self, held: frozenset[str]) -> float:
        factor = {"w": 1.0, "n": _NAME_WEIGHT, "#": _NUMBER_WEIGHT}
        return sum(factor[key[0]] for key in held)

    def subject(self, held: frozenset[str]) -> int:
        return sum(key[0] == "w" for key in held)


def _with_header(text: str, unit: Unit) -> str:
    """The unit below the header of its table, and below the line above that when it names the unit."""
    above = (_caption(text, unit), unit.header)
    return "\n".join([*(text[slice(*one)] for one in above if one), unit.of(text)])


def _caption(text: str, unit: Unit) -> tuple[int, int] | None:
    """The range of the line above a row's table that says in what its numbers are given."""
    if unit.header is None:
        return None
    end = len(text[: unit.header[0]].rstrip())
    found = trim(text, text.rfind("\n", 0, end) + 1, end)
    return found if found and caption_measure(text[slice(*found)]) else None


def _with_captions(window: Window, text: str, chosen: list[Unit]) -> Window:
    """The window of a claim that states sums, with the lines that name the currency of the tables quoted."""
    captions = {found for unit in chosen if (found := _caption(text, unit))}
    ranges = list(window.ranges)
    for start, end in captions:
        if any(left <= start and end <= right for left, right in ranges):
            continue
        following = next(at for at, one in enumerate([*ranges, (len(text), 0)]) if one[0] >= end)
        ranges.insert(following, (start, end))
    return replace(window, ranges=tuple(ranges))


def _verbatim(claim: str, text: str, units: list[Unit]) -> tuple[int, int] | None:
    found = WORD.findall(claim)
    if len(found) < 2 or len(found) > 300:
        return None
    stands = _stands_at(found, text)
    if stands is None:
        return None
    start, end = stands
    touched = [i for i, unit in enumerate(units) if unit.start < end and unit.end > start]
    return (touched[0], touched[-1]) if touched else None


def _stands_at(sequence: Sequence[str], text: str) -> tuple[int, int] | None:
    """The range where these words first stand in a row, whatever separates them.

    The same as searching for them joined by ``_BETWEEN``, without compiling an expression for each claim.
    """
    at = text.find(sequence[0])
    while at >= 0:
        end = at + len(sequence[0])
        for word in sequence[1:]:
            gap = _BETWEEN.match(text, end)
            if gap is None or not text.startswith(word, gap.end()):
                break
            end = gap.end() + len(word)
        else:
            if not (at and _IN_WORD.match(text, at - 1)) and not _IN_WORD.match(text, end):
                return at, end
        at = text.find(sequence[0], at + 1)
    return None


def _widened(units: list[Unit], held: list[frozenset[str]], best: int, wanted: _Wanted) -> list[int]:
    """Indices of the best unit and of those that carry what it lacks, near it or on the same subject."""
    chosen = [best]
    covered = held[best]
    while True:
        listed = all(units[index].kind is not UnitKind.SENTENCE for index in chosen)
        if len(chosen) >= (MOST_LIST_UNITS if listed else MOST_UNITS):
            return sorted(chosen)
        near = {neighbour for index in chosen for neighbour in (index - 1, index + 1)}
        gains = [
            (wanted.weight(held[index] | covered) - wanted.weight(covered), index in near, -index)
            for index in range(len(units))
            if wanted.subject(held[index] - covered)  # a number alone may be another thing's number
            and (index in near or wanted.subject(held[index]) >= _SAME_SUBJECT)
        ]
        gain, _, index = max(gains, default=(0.0, False, 0))
        if gain < 1:
            return sorted(chosen)
        chosen.append(-index)
        covered |= held[-index]


def _window(text: str, units: list[Unit], chosen: list[int], *, best: int, weight: float) -> Window:
    own = {(units[index].start, units[index].end) for index in chosen}
    ranges: list[tuple[int, int]] = []
    before = -2
    for index in chosen:
        unit = units[index]
        if unit.header and unit.header not in own and unit.header not in ranges:
            ranges.append(unit.header)
            before = -2
        if index == before + 1:
            ranges[-1] = (ranges[-1][0], unit.end)
        else:
            ranges.append((unit.start, unit.end))
        before = index
    near = sorted({other for index in chosen for other in (index - 1, index + 1)} - set(chosen))
    around = [units[index].of(text) for index in near if 0 <= index < len(units)]
    return Window(tuple(ranges), (units[best].start, units[best].end), "\n".join(around), weight)


def _aligned(chunk: Chunk, document_text: str) -> list[tuple[int, Span]]:
    """Each span with the position in the chunk's text where its own text begins; misfits left out."""
    pieces: list[tuple[int, Span]] = []
    at = 0
    for span in chunk.spans:
        text = document_text[span.start : span.end]
        begin = at if chunk.text.startswith(text, at) else chunk.text.find(text, at, at + len(text) + 8)
        if text.strip() and begin >= 0:
            pieces.append((begin, span))
            at = begin + len(text)
    return pieces


def _cut(pieces: list[tuple[int, Span]], wanted: tuple[int, int]) -> list[Span]:
    found = []
    for begin, span in pieces:
        start = max(wanted[0], begin)
        end = min(wanted[1], begin + span.end - span.start)
        if start < end:
            offset = span.start - begin
            found.append(Span(start + offset, end + offset, span.page, span.box))
    return found
