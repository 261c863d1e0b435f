"""What sort of thing a "which" asks for, and whether a text names one, though it may not call it so.

"In which city was it founded?" is answered by "founded in Haugesund": nobody writes that Haugesund is a city.
"""

import re
from enum import StrEnum

from muniment.language.names import names
from muniment.language.quantities import amounts, units_named
from muniment.language.terms import stem, stems
from muniment.language.units import CELL_SEPARATOR


class Sort(StrEnum):
    """Sorts of things that are told by how they are written."""

    PLACE = "place"
    NAME = "name"
    """A person, a company, an authority."""
    DATE = "date"
    NUMBER = "number"


_SORTS = {
    stem(word): sort
    for sort, words in {
        Sort.PLACE: "city country town village state region province county canton district"
        " location place site"
        " capital continent island harbour port",
        Sort.NAME: "person individual colleague company firm bank insurer auditor supplier"
        " manufacturer maker vendor"
        " provider customer client contractor publisher organisation organization institution"
        " institute university"
        " authority agency author artist scientist minister lawyer doctor employer subsidiary"
        " competitor partner"
        " airline broker carrier",
        Sort.DATE: "year month day date weekday quarter century decade",
        Sort.NUMBER: "number percentage amount",
    }.items()
    for word in words.split()
}
_AT = re.compile(r"\b(?:in|at|near|to|from|of|into|around)\s+(?:the\s+)?(?P<name>[A-Z][\w'’-]+)")
_YEAR = re.compile(r"(?<![\d.,])(?:1\d|20)\d\d(?!\d)")
_NO_NAMES = frozenset(
    "ASA AS AG GmbH Ltd Inc plc PLC LLC SA SE Group EUR USD GBP CHF NOK SEK DKK JPY CNY INR AUD"
    " CAD PLN CZK HUF".split()
)
"""Legal forms and currencies: written like names, and none."""


def sort_of(word_stem: str) -> Sort | None:
    """The sort of thing that a noun names; None for the many that are written like any other word."""
    return _SORTS.get(word_stem)


def names_one(sort: Sort, text: str, question: str) -> bool:
    """Whether ``text`` holds a thing of that sort that the question does not hold itself."""
    if sort is Sort.NUMBER:
        return bool(amounts(text).quantities)
    if sort is Sort.DATE:
        return bool(amounts(text).dates or _YEAR.search(text))
    known = stems(question)
    text = text.replace(CELL_SEPARATOR, ". ")
    if sort is Sort.PLACE:
        found = {match["name"] for match in _AT.finditer(text)} & set(names(text))
    else:
        found = {name for name in names(text) if not units_named(name)}
    return any(stem(name) not in known for name in found - _NO_NAMES)
