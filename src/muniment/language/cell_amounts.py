"""Numbers in the cells of tables, with the unit and scale that stand elsewhere: in the column's name ("Salary
(NOK thousand)"), in the row's, or in the line above the table ("Amounts in EUR million")."""

import re
from dataclasses import dataclass

from muniment.language.currencies import MONEY, NATION, SYMBOLS, code, currency
from muniment.language.measures import TIMES, unit_of
from muniment.language.quantities import Amounts, Quantity, amounts, units_named
from muniment.language.tables import cells, is_header
from muniment.language.units import CELL_SEPARATOR

LONGEST_CAPTION = 200
"""Characters of a line that may say in what all numbers below it are given."""
SCALES = {"thousand": 1e3, "k": 1e3, "000": 1e3, "million": 1e6, "mn": 1e6, "mio": 1e6, "mln": 1e6,
          "mill": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "mrd": 1e9}  # fmt: skip
"""Factors that the numbers of a table are given in, as written."""
_LONG = r"thousands?|millions?|billions?|['’]?000s?"
_WORD = rf"US\$|[{SYMBOLS}]|[^\W\d_]+"
_MONEY_THEN_SCALE = re.compile(rf"(?P<money>US\$|[{SYMBOLS}]|[A-Z]{{3}}|[^\W\d_]{{3,}}\s)\s?(?:in\s)?"
                               rf"(?P<scale>{_LONG}|bn|mn|mio|mln|mill|mrd|m|k)(?!\w)")  # fmt: skip
_SCALE_THEN_MONEY = re.compile(
    rf"(?P<scale>{_LONG})\s(?:of\s)?(?:(?P<nation>{NATION})\s)?(?P<money>{_WORD})", re.I
)
_GLUED = re.compile(r"\b(?P<scale>[MTk])(?P<money>EUR|CHF|USD|GBP|NOK|SEK|DKK)\b")
_SCALE_ALONE = re.compile(
    r"\bin\s(?P<scale>thousands|millions|billions)\b"
    r"|\((?:in\s)?(?P<bracketed>thousands?|millions?|billions?|['’]?000s?|mn|bn)\)",
    re.I,
)
_IN = re.compile(rf"(?:\bin\s|\(|^)(?:(?P<nation>{NATION})\s)?(?P<money>{_WORD})(?=\W*$|\)|,)", re.I)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_RATE = re.compile(r"\bper\s+[a-z]+|\bp\.\s?[am]\.?|/\s?[a-z]+", re.I)
_BRACKETED = re.compile(r"[(\[]([^()\[\]]+)[)\]]")
_OF_ANOTHER_KIND = re.compile(
    r"%|\b(?:per|percent|ratio|margin|rate|number|employees|headcount|staff|shares|fte|year|days|months|hours|age)\b",
    re.I,
)
"""A row or column whose numbers are not in the unit that the line above the table gives."""
_ONE_OF = MONEY | {"percent"}


@dataclass(frozen=True, slots=True)
class Measure:
    """What bare numbers are given in: ``unit`` "" when only the scale is said."""

    unit: str
    scale: float = 1.0


def table_amounts(text: str, headings: str = "") -> Amounts:
    """Like ``amounts``, the bare numbers of table rows in the unit and scale that hold for them.

    A 225 under "NOK million" is NOK 225 million, and is not NOK 225; where it is asked for without a unit it
    is 225 as well. ``headings`` are the lines above ``text``, of which one may name the unit.
    """
    lines = text.split("\n")
    prose = amounts("\n".join(line for line in lines if CELL_SEPARATOR not in line))
    quantities, dates = list(prose.quantities), list(prose.dates)
    caption = caption_measure(*headings.split("\n"))
    header: list[str] = []
    for line in lines:
        if CELL_SEPARATOR not in line:
            caption = caption_measure(line) or caption
            header = []
            continue
        row = cells(line)
        if not header and is_header(line):
            header = row
        found = amounts(line)
        dates += found.dates
        if header is row:
            quantities += found.quantities
            continue
        names = [""] * (len(row) - len(header)) + header  # of a table without a header none has a name
        for name, cell in zip(names, row, strict=False):
            measure = _measure_of(name, row[0], caption) if cell is not row[0] else None
            for number in amounts(cell).quantities:
                quantities += _measured(number, measure)
    return Amounts(tuple(quantities), tuple(dates))


def caption_measure(*lines: str) -> Measure | None:
    """What the lines say that the numbers below them are given in; the last that says so counts."""
    for line in reversed(lines):
        if len(line) > LONGEST_CAPTION:
            continue
        said = _without_numbers(line)
        if found := _money_in_scale(said) or _money_named(said):
            return found
    return None


def column_measure(name: str) -> Measure | None:
    """What the name of a column or row says that its numbers are given in."""
    said = _without_numbers(name)
    if found := _money_in_scale(said):
        return found
    said = _RATE.sub(" ", said)
    if len(units_named(said) & _ONE_OF) > 1:  # Fee (EUR or %)
        return None
    phrases = [*_BRACKETED.findall(said), said.rpartition(" in ")[2] if " in " in said else ""]
    words = said.split()
    phrases += [" ".join(words[-2:])] if len(words) > 1 else []
    phrases += [word for word in words[-1:] if len(words) > 1 or unit_of(word) not in TIMES]
    for phrase in phrases:
        unit = next((one.unit for one in amounts(f"1 {phrase.strip()}").quantities), "")
        if unit and len(units_named(phrase)) == 1:
            return Measure(unit)
    money = units_named(said) & MONEY
    return Measure(min(money)) if len(money) == 1 else None


def _measure_of(column: str, row: str, caption: Measure | None) -> Measure | None:
    own = column_measure(column) or (column_measure(row) if not _YEAR.fullmatch(row) else None)
    if own is not None:
        scaled = caption is not None and not caption.unit and own.unit in MONEY and own.scale == 1
        return Measure(own.unit, caption.scale) if scaled and caption else own
    return None if _OF_ANOTHER_KIND.search(f"{column} {row}") else caption


def _measured(number: Quantity, measure: Measure | None) -> tuple[Quantity, ...]:
    if measure is None or number.unit:
        return (number,)
    values = frozenset(round(value * measure.scale, 9) for value in number.values)
    whole = Quantity(number.text, values, measure.unit)
    if measure.scale == 1:
        return (whole,)
    return whole, Quantity(number.text, number.values, measure.unit and f"{measure.scale:g} {measure.unit}")


def _without_numbers(text: str) -> str:
    """The text without years and sums, whose currency says nothing of other numbers."""
    text = _YEAR.sub(" ", text)
    for one in amounts(text).quantities:
        text = text.replace(one.text, " ") if one.text.strip("'’") not in ("000", "000s") else text
    return text


def _money_in_scale(said: str) -> Measure | None:
    if glued := _GLUED.search(said):
        return Measure(glued["money"], {"M": 1e6, "T": 1e3, "k": 1e3}[glued["scale"]])
    for pattern in (_MONEY_THEN_SCALE, _SCALE_THEN_MONEY):
        for match in pattern.finditer(said):
            unit = _money(match["money"], match.groupdict().get("nation"))
            if unit:
                return Measure(unit, _factor(match["scale"]))
    alone = _SCALE_ALONE.search(said)
    if alone is None:
        return None
    money = units_named(said) & MONEY
    return Measure(min(money) if len(money) == 1 else "", _factor(alone["scale"] or alone["bracketed"]))


def _money_named(said: str) -> Measure | None:
    found = [unit for match in _IN.finditer(said) if (unit := _money(match["money"], match["nation"]))]
    return Measure(found[0]) if len(set(found)) == 1 else None


def _money(written: str, nation: str | None) -> str:
    written = written.strip()
    return code(written, sum_written=True) or currency(written, nation or "")


def _factor(scale: str) -> float:
    key = scale.lower().strip("'’")
    return SCALES.get(key) or SCALES[key.rstrip("s")]
