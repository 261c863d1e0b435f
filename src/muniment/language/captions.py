"""Lines that say what the numbers of a table are in: "Amounts in NOK million", "(EUR '000)"."""

import re

from muniment.language.cell_amounts import LONGEST_CAPTION, SCALES
from muniment.language.currencies import MONEY, WRITTEN
from muniment.language.quantities import units_named

_SCALE = rf"(?:['’]?(?<!\d)000s?\b|\b(?:{'|'.join(scale for scale in SCALES if scale.isalpha())})s?\b\.?)"
_UNIT = rf"(?:{WRITTEN}(?:\s?{_SCALE})?|{_SCALE}(?:\s(?:of\s)?(?:\w+\s)?{WRITTEN})?)"
_SAYS = re.compile(
    rf"\b(?:amounts?|figures?|values?|numbers?|prices?|sums?|stated|expressed)\b.*?\bin\b.*?{_UNIT}"
    rf"|^\W*(?:in\s)?{_UNIT}\W*$"
    rf"|[(\[,–—-]\s*(?:in\s)?{_UNIT}\s*[)\]]?\W*$",
    re.I,
)
_NUMBER = re.compile(r"(?<![\w'’])(?!000s?\b)\d[\d.,]*")
_DAY_OR_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}\.?\s(?=[A-Z][a-z]+)|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b")


def says_units(line: str) -> bool:
    """Whether a line does nothing but name the table and what its numbers are in; it has no amount itself."""
    if len(line) > LONGEST_CAPTION or not _SAYS.search(line):
        return False
    return not _NUMBER.search(_DAY_OR_YEAR.sub(" ", line))


def names_money(text: str) -> bool:
    """Whether a text names a currency: "Salary (NOK thousand)"."""
    return bool(units_named(text) & MONEY)
