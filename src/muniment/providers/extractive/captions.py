"""The line that says what the numbers of a table are in, quoted with its rows where they do not say so."""

from collections.abc import Sequence

from muniment.language.captions import names_money, says_units
from muniment.language.cell_amounts import LONGEST_CAPTION
from muniment.language.measures import TIMES
from muniment.language.quantities import amounts, units_named
from muniment.language.units import UnitKind
from muniment.providers.extractive.candidates import Candidate

_FARTHEST = 3
"""So many lines above a table, or below it, its caption stands at most."""
_ROWS = (UnitKind.TABLE_HEADER, UnitKind.TABLE_ROW)


def with_captions(chosen: Sequence[Candidate], candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same with the caption of a table before its first row, where that line alone names the unit."""
    result: list[Candidate] = []
    for one in chosen:
        caption = _caption(one, candidates)
        if caption and caption not in result and caption not in chosen:
            result.append(caption)
        result.append(one)
    return result


def _caption(row: Candidate, candidates: Sequence[Candidate]) -> Candidate | None:
    header = row.unit.header
    if header is None or not amounts(row.text).quantities:
        return None
    columns = row.passage.passage.chunk.text[slice(*header)]
    in_row = {quantity.unit for quantity in amounts(row.text).quantities} - {""}
    if (in_row | units_named(columns)) - TIMES or names_money(f"{columns}\n{row.text}"):
        return None  # "full day" names no unit
    mine = [one for one in candidates if one.passage is row.passage]
    above = [one for one in mine if one.unit.end <= header[0]]
    direct = above[-1] if above else None
    if direct and direct.answers and units_named(direct.text) and len(direct.text) <= LONGEST_CAPTION:
        return direct
    below = [one for one in mine if one.position > row.position and one.unit.header != header]
    return _first_caption(above[::-1]) or _first_caption(below)


def _first_caption(lines: Sequence[Candidate]) -> Candidate | None:
    """The first of the nearest lines that is a caption; another table between is the end."""
    for line in lines[:_FARTHEST]:
        if line.unit.kind in _ROWS:
            return None
        if says_units(line.text):
            return line
    return None
