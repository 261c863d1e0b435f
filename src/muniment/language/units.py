"""Splits text into the units that can be quoted: sentences, list items, table rows.

Sentence ends follow the usual rules for English (Kiss and Strunk 2006 discuss why they mostly work):
a full stop ends a sentence when a capital, digit or opening bracket follows and the word before it is
no abbreviation, initial or list number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

CELL_SEPARATOR = " | "
_LONGEST_REMEMBERED = 8_000
"""Characters of a text whose units are remembered; passages are shorter."""

LIST_MARK = re.compile(r"\s*(?:[-*•‣▪◦–·]\s+|\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivx]{1,5})[.)]\s+)(?=\S)")

_END = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s+["'“‘«(\[]*[\w$€£¥])""")
_WORD_BEFORE = re.compile(r"[^\s(\[\"'“‘]+$")
_NEVER_LAST = frozenset(
    "mr mrs ms dr prof st sr jr rev gen col lt sgt capt hon e.g i.e eg ie cf vs viz ca approx no nos art"
    " arts fig figs eq sec sect para pp p vol ch chap ed eds al resp incl excl max min tel"
    " dept est nr ref".split()
)
_SELDOM_LAST = frozenset(
    "inc ltd corp co llc plc u.s u.k u.n e.u a.m p.m d.c b.c etc ph.d jan feb mar apr jun jul aug sep"
    " sept oct nov dec fr sfr rs kr rp mio mrd p.a".split()
)
_STARTERS = frozenset(
    "the a an it its this that these those in on at for from by with if when while he she they we you i"
    " but and however there as after before all no each every our their his her to under during since what"
    " which".split()
)
_RULE_LINE = re.compile(r"^[\s|:+=*_-]+$")
_TERMINAL = re.compile(r"""[.!?…:;]["'”’»)\]]*$""")


class UnitKind(StrEnum):
    """What a unit is."""

    SENTENCE = "sentence"
    LIST_ITEM = "list_item"
    TABLE_HEADER = "table_header"
    TABLE_ROW = "table_row"
    FRAGMENT = "fragment"
    """A line that ends like no sentence: a heading, a label, a list item without its mark."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A half-open range of a text; ``header`` is the range of a table row's header line."""

    start: int
    end: int
    kind: UnitKind
    header: tuple[int, int] | None = None

    def of(self, text: str) -> str:
        """The unit's own text."""
        return text[self.start : self.end]


def split_units(text: str) -> list[Unit]:
    """The units of ``text`` in order, without surrounding white space; together they hold
    all its words."""
    return list(_remembered(text) if len(text) <= _LONGEST_REMEMBERED else _split(text))


@lru_cache(maxsize=128)
def _remembered(text: str) -> tuple[Unit, ...]:
    """A passage is split by all who look at it for one answer: to judge, choose, check and compare."""
    return tuple(_split(text))


def _split(text: str) -> list[Unit]:
    units: list[Unit] = []
    header: tuple[int, int] | None = None
    for start, end in _paragraphs(text):
        line = text[start:end]
        if _RULE_LINE.match(line):  # the line under a Markdown table's header, or a thematic break
            continue
        if CELL_SEPARATOR in line:
            kind = UnitKind.TABLE_ROW if header else UnitKind.TABLE_HEADER
            units.append(Unit(start, end, kind, header))
            header = header or (start, end)
            continue
        header = None
        units.extend(_units_of_line(text, start, end))
    return units


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Ranges of the sentences in ``text[start:end]``, which is taken as one paragraph."""
    end = len(text) if end is None else end
    ranges = []
    at = start
    for match in _END.finditer(text, start, end):
        if _ends_sentence(text, at, match):
            ranges.append((at, match.end()))
            at = match.end()
    ranges.append((at, end))
    return [trimmed for pair in ranges if (trimmed := trim(text, *pair))]


def trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The range without white space at its ends; None when nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _ends_sentence(text: str, sentence_start: int, match: re.Match[str]) -> bool:
    follower = text[match.end() : match.end() + 32].lstrip().lstrip("\"'“‘«([")
    if follower[:1].islower():
        return False
    if not match.group().startswith(".") or match.group().startswith(".."):
        return True
    before = _WORD_BEFORE.search(text, sentence_start, match.start())
    word = before.group().lower() if before else ""
    if word in _NEVER_LAST or (len(word) == 1 and word.isalpha()):
        return False
    if word.isdigit() and text[sentence_start : match.start()].strip() == word:
        return False
    if word in _SELDOM_LAST:
        return re.split(r"\W", follower.lower(), maxsplit=1)[0] in _STARTERS
    return True


def _units_of_line(text: str, start: int, end: int) -> Iterator[Unit]:
    mark = LIST_MARK.match(text, start, end)
    sentences = split_sentences(text, start, end)
    for number, (left, right) in enumerate(sentences):
        if mark and number == 0:
            kind = UnitKind.LIST_ITEM
        elif _TERMINAL.search(text, left, right) or number:
            kind = UnitKind.SENTENCE
        else:
            kind = UnitKind.FRAGMENT
        yield Unit(left, right, kind)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Ranges of lines, hard-wrapped lines joined to the paragraph they continue."""
    current: tuple[int, int] | None = None
    for match in re.finditer(r"[^\n]+", text):
        found = trim(text, *match.span())
        if found is None:
            continue
        if current and _continues(text, current, found):
            current = (current[0], found[1])
            continue
        if current:
            yield current
        current = found
    if current:
        yield current


def _continues(text: str, line: tuple[int, int], following: tuple[int, int]) -> bool:
    if "\n" in text[line[1] : following[0]].replace("\n", "", 1):
        return False
    tail = text[max(line[0], text.rfind("\n", line[0], line[1]) + 1) : line[1]]
    return (
        len(tail) >= 40
        and not _TERMINAL.search(tail)
        and text[following[0]].islower()
        and CELL_SEPARATOR not in text[line[0] : following[1]]
        and not LIST_MARK.match(text, *following)
    )
