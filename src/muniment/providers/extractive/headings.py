"""Lines of plain text that are headings, though nothing but their form says so; and names of options."""

import re
from collections.abc import Sequence

from muniment.language.provisions import headed
from muniment.language.terms import STOP_WORDS, WORD
from muniment.language.units import Unit, UnitKind

_NUMBERED = re.compile(
    r"(?:\d{1,3}(?:\.\d{1,3})*[.)]?|[IVX]{1,5}\.|[A-Z]\.|§\s?\d+)\s+(?P<title>[A-Z].*)", re.S
)
_RUNNING = re.compile(r"(?P<mark>\S+)\s{2,}\S.*\s{2,}(?P=mark)")
"""A page's running head: "GREP(1)      User Commands      GREP(1)"."""
_LONGEST = 9
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_OPTION_LINE = re.compile(r"--?[A-Za-z0-9]")
_LONGEST_NAME = 80


def is_title(text: str, units: Sequence[Unit], position: int) -> bool:
    """Whether a unit of a passage heads what follows: "5. Expense claims", "3. Grant of Patent License."
    before
    its paragraph, "EXIT STATUS", the running head of a page. A numbered line among others is an item."""
    unit = units[position]
    if unit.kind not in (UnitKind.FRAGMENT, UnitKind.LIST_ITEM):
        return False
    line = unit.of(text)
    if _RUNNING.fullmatch(line):
        return True
    if position + 1 == len(units) or line.rstrip().endswith((":", ";", ",", "?")):
        return False
    if _beside(text, units, position - 1) or _beside(text, units, position + 1):
        return False
    if line.isupper() and not re.search(r"\d", line) and len(line) > 3:
        return len(WORD.findall(line)) <= _LONGEST
    return headed(line) is not None or _numbered_title(line, _has_line(text, units, position))


def _numbered_title(line: str, has_line: bool) -> bool:
    match = _NUMBERED.fullmatch(line)
    if match is None or len(WORD.findall(match["title"])) > _LONGEST:
        return False
    if has_line and not line.endswith((".", "!")):
        return True
    words = [word for word in WORD.findall(match["title"]) if word.lower() not in STOP_WORDS]
    return len(words) > 1 and all(word[0].isupper() for word in words)


def _has_line(text: str, units: Sequence[Unit], position: int) -> bool:
    """Whether nothing else stands in the unit's line."""
    return "\n" in text[units[position].end : units[position + 1].start]


def _beside(text: str, units: Sequence[Unit], position: int) -> bool:
    """Whether the unit there is an item with a number of its own: then this one is no heading but another."""
    if not 0 <= position < len(units) or units[position].kind is not UnitKind.LIST_ITEM:
        return False
    return units[position].of(text)[0].isdigit()


def option_names(text: str) -> frozenset[str]:
    """Options of commands that a text names: "-v", "--invert-match"."""
    return frozenset(_OPTION.findall(text))


def names_option(text: str, units: Sequence[Unit], position: int) -> bool:
    """Whether a line does nothing but name an option that the next line explains."""
    if not 0 <= position < len(units) - 1 or units[position].kind is not UnitKind.FRAGMENT:
        return False
    line = units[position].of(text)
    if not _OPTION_LINE.match(line) or len(line) > _LONGEST_NAME or not _has_line(text, units, position):
        return False
    return not _OPTION_LINE.match(units[position + 1].of(text))
