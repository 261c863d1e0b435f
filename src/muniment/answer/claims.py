"""Splits an answer into its claims, with the passages each cites."""

import re
from dataclasses import dataclass
from enum import StrEnum

from muniment.language.terms import content_stems
from muniment.language.units import LIST_MARK, UnitKind, split_units, trim

_NUMBERS = r"\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*"
MARK = re.compile(rf"[\[【]\s*({_NUMBERS})\s*(?:†[^\]】\n]*)?[\]】]")
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_WIDEST_RANGE = 20
_EMPHASIS = re.compile(r"\*\*|__|^#{1,6}\s+|`")
_LABEL = re.compile(r"^\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?\s*)$")
_FRAME_STEMS = 4
"""A lead-in with more content words than this says something that needs evidence."""
_PREFACE = re.compile(
    r"^\W*(?:here (?:is|are)\b"
    r"|(?:based on|according to) the (?:passages?|documents?|context|sources?)\b[^.]{0,60}[:,]?$"
    r"|sure\b|certainly\b|of course\b|in summary\W*$)",
    re.I,
)


class StatementKind(StrEnum):
    """Whether a piece of an answer says something that needs evidence."""

    CLAIM = "claim"
    FRAME = "frame"
    """A heading, a lead-in ("The steps are:"), a table's header: nothing to prove."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, list item or table row of an answer.

    ``start``/``end`` index the answer's text and include the marks; ``text`` is what stands there
    without marks, emphasis and list mark. ``lead_in`` is the sentence that a list item completes,
    or the header of a table row; ``cited`` are the numbers of its marks, in order, none twice.
    """

    text: str
    start: int
    end: int
    cited: tuple[int, ...]
    kind: StatementKind
    lead_in: str = ""


def split_claims(text: str) -> list[Statement]:
    """The statements of an answer, in order; their ranges do not overlap and lie inside ``text``.

    A list item without marks of its own takes those of its lead-in, and a lead-in without marks is a frame.
    """
    marks = [(match.start(), match.end(), cited_numbers(match.group(1))) for match in MARK.finditer(text)]
    masked = text
    for start, end, _ in marks:
        masked = masked[:start] + " " * (end - start) + masked[end:]
    units = split_units(masked)
    statements: list[Statement] = []
    lead_in, lead_marks = "", tuple[int, ...]()
    for number, unit in enumerate(units):
        until = units[number + 1].start if number + 1 < len(units) else len(text)
        after = 0 if number == 0 else unit.start
        mine = [mark for mark in marks if after <= mark[0] < until]
        start = min([unit.start, *(mark[0] for mark in mine)])
        end = max([unit.end, *(mark[1] for mark in mine)])
        said = plain(masked[unit.start : unit.end])
        if not said:
            continue
        cited = tuple(dict.fromkeys(n for mark in mine for n in mark[2]))
        kind = _kind(unit.of(masked), said, unit.kind, cited)
        item = unit.kind in (UnitKind.LIST_ITEM, UnitKind.FRAGMENT, UnitKind.TABLE_ROW)
        header = plain(masked[slice(*unit.header)]) if unit.header else ""
        context = header or (lead_in if item and kind is StatementKind.CLAIM else "")
        inherited = lead_marks if item and context and not cited else ()
        statements.append(Statement(said, start, end, cited or inherited, kind, context))
        if said.endswith(":"):
            lead_in, lead_marks = said, cited
        elif not item:
            lead_in, lead_marks = "", ()
    return statements


def cited_numbers(inside: str) -> tuple[int, ...]:
    """The passage numbers between the brackets of a mark: ``1, 3-5`` gives 1, 3, 4, 5."""
    numbers: list[int] = []
    for part in re.split(r"[,;]", inside):
        spread = _RANGE.fullmatch(part.strip())
        if spread and 0 <= int(spread[2]) - int(spread[1]) <= _WIDEST_RANGE:
            numbers.extend(range(int(spread[1]), int(spread[2]) + 1))
        else:
            numbers.extend(int(digits) for digits in re.findall(r"\d+", part))
    return tuple(dict.fromkeys(numbers))


def plain(text: str) -> str:
    """A statement's own words: no list mark, no emphasis, white space made single."""
    trimmed = trim(text, 0, len(text))
    if trimmed is None:
        return ""
    text = _EMPHASIS.sub("", text[slice(*trimmed)])
    mark = LIST_MARK.match(text)
    text = re.sub(r"\s+([.!?,;:])", r"\1", text[mark.end() :] if mark else text)
    return " ".join(text.split()).strip("| ") if any(c.isalnum() for c in text) else ""


def _kind(raw: str, said: str, unit: UnitKind, cited: tuple[int, ...]) -> StatementKind:
    if cited:
        return StatementKind.CLAIM
    if unit is UnitKind.TABLE_HEADER or (_PREFACE.match(said) and said.endswith((":", ",", "!"))):
        return StatementKind.FRAME
    frames = said.endswith(":") or bool(_LABEL.match(raw))
    says_little = len(content_stems(said)) <= _FRAME_STEMS and not any(c.isdigit() for c in said)
    return StatementKind.FRAME if frames and says_little else StatementKind.CLAIM
