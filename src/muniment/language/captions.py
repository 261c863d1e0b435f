"""Lines that say what the numbers of a table are in: "Amounts in NOK million", "(EUR '000)"."""

import re

_CURRENCY = (
    r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF|NOK|SEK|DKK|ISK|PLN|CZK|HUF|RON|JPY|CNY|INR|AUD|CAD|NZD|BRL|ZAR|TRY|SGD|HKD"
    r"|KRW|MXN|AED|ILS|THB|euros?|dollars?|pounds?|francs?|kron(?:er?|or|ur)|yen|zloty|rupees?)\b)"
)
_SCALE = r"(?:\b(?:thousand|million|billion)s?\b|\b(?:mn|bn|mio|m)\b\.?|['’]?(?<!\d)000s?\b)"
_UNIT = rf"(?:{_CURRENCY}(?:\s?{_SCALE})?|{_SCALE}(?:\s(?:of\s)?(?:\w+\s)?{_CURRENCY})?)"
_SAYS = re.compile(
    rf"\b(?:amounts?|figures?|values?|numbers?|prices?|sums?|stated|expressed)\b.*?\bin\b.*?{_UNIT}"
    rf"|^\W*(?:in\s)?{_UNIT}\W*$"
    rf"|[(\[,–—-]\s*(?:in\s)?{_UNIT}\s*[)\]]?\W*$",
    re.I,
)
_NUMBER = re.compile(r"(?<![\w'’])(?!000s?\b)\d[\d.,]*")
_DAY_OR_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}\.?\s(?=[A-Z][a-z]+)|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b")
_MONEY = re.compile(rf"{_CURRENCY}", re.I)
LONGEST = 200
"""Characters of a line that may be a caption."""


def says_units(line: str) -> bool:
    """Whether a line does nothing but name the table and what its numbers are in; it has no amount itself."""
    if len(line) > LONGEST or not _SAYS.search(line):
        return False
    return not _NUMBER.search(_DAY_OR_YEAR.sub(" ", line))


def names_money(text: str) -> bool:
    """Whether a text names a currency: "Salary (NOK thousand)"."""
    return bool(_MONEY.search(text))
