"""Numbers with their units, dates and times, brought to one form so that they can be compared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from muniment.language.currencies import MONEY, NATION, SYMBOLS, code, currency_before
from muniment.language.dates import Date as Date
from muniment.language.dates import take_dates
from muniment.language.measures import MODIFIER, equal, same_value, unit_of

_SCALES = {"hundred": 100.0, "thousand": 1e3, "k": 1e3, "lakh": 1e5, "million": 1e6, "mn": 1e6, "mio": 1e6,
           "mln": 1e6, "mill": 1e6, "m": 1e6, "mm": 1e6, "crore": 1e7, "billion": 1e9, "bn": 1e9, "mrd": 1e9,
           "b": 1e9, "trillion": 1e12, "tn": 1e12, "dozen": 12.0}  # fmt: skip
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
_SMALL_WORDS = {word: n for n, word in enumerate((_SMALL + " seventeen eighteen nineteen").split())}
_TENS = {
    word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_ORDINALS = {
    word: n for n, word in enumerate("third fourth fifth sixth seventh eighth ninth tenth".split(), 3)
}

_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\b\.?|\b(\d{1,2}):(\d{2})\b", re.I)
_CODE = re.compile(r"\b(?=[\w./-]*[A-Za-z])(?=[\w./-]*\d)[A-Za-z][\w]*(?:[-_/.]\w+)*|\b\d+(?:\.\d+){2,}\b")
_SUM = re.compile(r"[MTk]?([A-Z]{3})\d[\d.]*$")
"""EUR250 and TEUR12.50: no codes, but sums."""
_SPACE = " \u00a0\u202f\u2009"
_DIGITS = re.compile(
    r"(?<![\d_])(?<!\d[.,])(?P<number>\d{1,3}(?:[,'’]\d{3})+(?:\.\d+)?(?!\d)"
    rf"|(?P<spaced>\d{{1,3}}(?:[{_SPACE}]\d{{3}})*(?:[{_SPACE}]000|[{_SPACE}]\d{{3}}(?![-–]\w))"
    r"(?:[.,]\d{1,2})?(?!\d|[.,]\d))|\d+(?:[.,]\d+)*)"
    r"(?:st\b|nd\b|rd\b|th\b)?(?P<half>½)?"
)
_LABEL = re.compile(
    r"\b(?:articles?|arts?\.|sections?|clauses?|chapters?|pages?|pp?\.|figures?|fig\.|tables?|notes?|no\.|steps?|items?"
    r"|versions?|models?|parts?|levels?|phases?|class|types?|rooms?|lines?|rules?|annex) $",
    re.I,
)
"""What stands before a number that does not go on behind a space: "under Article 9 200 companies"."""
_SCALE = re.compile(
    rf"[{_SPACE}-]?(?P<scale>hundred|thousand|million|billion|trillion|lakh|crore|bn|mn|mio|mln|mrd|k)s?\b",
    re.I,
)
_SCALE_OF_SUM = re.compile(rf"[{_SPACE}]?(?P<scale>mm|mill|m|b|tn)\b", re.I)
"""Letters that are a scale only beside a currency: £1.5m, 3m EUR."""
_SCALE_BEFORE_SUM = re.compile(
    rf"[{_SPACE}]?(?P<scale>mm|m|b)[{_SPACE}]?(?=[$€£]|(?:EUR|USD|GBP|CHF|NOK|SEK|DKK)\b)", re.I
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_HALF = re.compile(r"\s+and\s+a\s+half\b", re.I)
_REPEATED = re.compile(r"\s?\(\s?(?:\d+|[a-z]+(?:[\s-][a-z]+)?)\s?\)(?=[\s-])", re.I)
"""The bracket of "six (6) months"."""
_UNIT = re.compile(
    rf"(?:[\s\u00a0-](?P<modifier>(?:{MODIFIER})(?:\s(?:{MODIFIER}))?)\b)?[\s\u00a0\u202f-]{{0,2}}"
    rf"(?P<bracket>\((?:in\s)?)?(?:(?P<nation>{NATION})\s)?"
    r"(?P<unit>(?:percentage|per\s?cent|%)[\s-]?points?\b|p\.p\.|basis[\s-]points?\b|%|‰|per\s?cent\b|per\s?mille\b"
    r"|pounds?\ssterling\b"
    rf"|[{SYMBOLS}]|US\$|°\s?[CF]|[^\W\d_]+(?!\w))",
    re.I,
)
_WRITTEN = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[\s-](?P<ones>{'|'.join(list(_SMALL_WORDS)[1:10])}))?"
    rf"|(?P<small>{'|'.join(sorted(_SMALL_WORDS, key=len, reverse=True))})"
    r"|(?P<one>(?<!half )an?)(?=\s(?:hundred|thousand|million|billion|dozen)\b))\b"
    r"(?:\s+(?P<scale>hundred|thousand|million|billion|dozen)\b)?",
    re.I,
)
_HALVED = re.compile(r"\bhalf\s+(?:of\s+)?an?\s+(?P<unit>[a-z]+)", re.I)
_FORTNIGHT = re.compile(r"(?:\b(?:an?|one)\s)?\bfortnight\b", re.I)
_ONE = re.compile(r"\b(?:an?|per|each|every)\s+(?P<unit>[a-z]+)", re.I)
_WITHIN_ONE = re.compile(r"\b(?:within|after|less than|more than)\s+an?\s+(?P<unit>[a-z]+)", re.I)
_UNIT_WORD = re.compile(rf"(?:US|[ACS])?\$|[{SYMBOLS}%‰]|°[CF]|(?<![\w.])[^\W\d_]+(?![\w.])")
_ORDINAL_WORD = re.compile(rf"\b({'|'.join(_ORDINALS)})\b", re.I)
_TO = re.compile(r"\s?(?:to|or|[-–—])\s?", re.I)
_AND = re.compile(r"\s+and\s+", re.I)
_BETWEEN = re.compile(r"\bbetween\s+$", re.I)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: ``values`` are the readings its notation allows, ``unit`` is "" when none is known."""

    text: str
    values: frozenset[float]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """All numbers and dates of a text."""

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A number where it stands; ``scale`` is the factor written behind it."""

    start: int
    end: int
    quantity: Quantity
    scale: float = 1.0


@lru_cache(maxsize=2048)
def amounts(text: str) -> Amounts:
    """Numbers (digits, written out up to 99 with scales, ordinals, clock times) and dates of ``text``.

    Codes such as ``E-417`` or ``1.2.3`` are names, not numbers, and are left out.
    """
    dates, rest = take_dates(text)
    rest = _CODE.sub(_blanked, rest)
    quantities = list(_clock_times(rest))
    rest = _CLOCK.sub(lambda match: "\0" * len(match.group()), rest)
    found = sorted((*_digits(rest), *_written(rest)), key=lambda one: one.start)
    quantities += [one.quantity for one in _ranges_joined(rest, found)]
    quantities += _without_digits(rest)
    return Amounts(tuple(quantities), tuple(dates))


def carried(amount: Quantity, evidence: Amounts) -> bool:
    """Whether the evidence states the number: as such, in another unit of the kind, or as part of a date."""
    if any(equal(amount.values, amount.unit, other.values, other.unit) for other in evidence.quantities):
        return True
    same = [other for other in evidence.quantities if _same_number(amount, other)]
    if amount.unit and any(other.unit for other in same):  # 3 years, where the text has 3 months
        return False
    if same:
        return True
    parts = {float(part) for date in evidence.dates for part in (date.year, date.month, date.day) if part}
    return not amount.unit and bool(amount.values & parts)


def dated(date: Date, evidence: Amounts) -> bool:
    """Whether the evidence states the date; its year may stand apart, as in "In 2024 … on 3 May"."""
    if any(date.agrees(other) for other in evidence.dates):
        return True
    years = {float(other.year) for other in evidence.dates}
    years |= {value for quantity in evidence.quantities for value in quantity.values}
    without = Date(date.text, 0, date.month, date.day, date.swapped)
    if not date.month or float(date.year) not in years:
        return False
    return any(without.agrees(other) for other in evidence.dates if not other.year)


def implied_ones(text: str) -> tuple[Quantity, ...]:
    """ "An hour", "per day": evidence for "one hour", "1 day"; never a claim of its own."""
    return tuple(
        Quantity(match.group(), frozenset({1.0}), unit)
        for match in _ONE.finditer(text)
        if (unit := unit_of(match["unit"]))
    )


def within_one(text: str) -> tuple[Quantity, ...]:
    """Limits of one unit: "within a day", "less than an hour"; claimed as much as "within 1 day"."""
    return tuple(
        Quantity(match.group(), frozenset({1.0}), unit)
        for match in _WITHIN_ONE.finditer(text)
        if (unit := unit_of(match["unit"]))
    )


def units_named(text: str) -> frozenset[str]:
    """The units written out in ``text``, numbers or none: "Price (€)" names euro, "Weight in kg" kilogram."""
    found = {code(word) or unit_of(word) for word in _UNIT_WORD.findall(text)}
    return frozenset(found - {""})


def _blanked(match: re.Match[str]) -> str:
    written = _SUM.match(match.group())
    return match.group() if written and code(written[1]) else "\0" * len(match.group())


def _same_number(one: Quantity, other: Quantity) -> bool:
    return any(same_value(mine, theirs) for mine in one.values for theirs in other.values)


def _clock_times(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        hour, minute, half = match[1] or match[4], match[2] or match[5] or "0", (match[3] or "").lower()
        hours = int(hour) % 12 + (12 if half == "p" else 0) if half else int(hour)
        yield Quantity(match.group().strip(), frozenset({hours * 60.0 + int(minute)}), "clock time")


def _digits(text: str) -> Iterator[_Found]:
    at = taken = 0  # a currency behind one number is not the currency before the next
    while match := _DIGITS.search(text, at):
        number, at = match["number"], match.end()
        if match["spaced"] and _LABEL.search(text[max(0, match.start() - 12) : match.start()]):
            number = re.split(rf"[{_SPACE}]", number)[0]
            at = match.start() + len(number)
        as_sum = _like_a_sum(number)
        start, unit, factor = currency_before(text, match.start(), sum_written=as_sum)
        if start < taken:
            start, unit, factor = match.start(), "", 1.0
        values = {value + (0.5 if match["half"] else 0.0) for value in _readings(number)}
        found = _with_unit(text, (start, at), values, unit, factor, as_sum=as_sum)
        taken = found.end
        yield found


def _like_a_sum(number: str) -> bool:
    """Whether a number has groups of thousands or two decimals."""
    return bool(re.search(rf"\d[,.'’{_SPACE}]\d{{3}}(?!\d)|[.,]\d\d$", number))


def _with_unit(
    text: str, span: tuple[int, int], values: set[float], unit: str, factor: float, *, as_sum: bool = False
) -> _Found:
    """The number at ``span`` with the scale and the unit behind it; ``unit`` is the currency before it."""
    start, end = span
    if half := _HALF.match(text, end):
        values, end = {value + 0.5 for value in values}, half.end()
    repeats = text[end : end + 1] == ")" and text[start - 1 : start] == "("
    repeated = _REPEATED.match(text, end)
    behind = repeated.end() if repeated else end + repeats
    scale = _SCALE.match(text, behind) or (_SCALE_OF_SUM if unit else _SCALE_BEFORE_SUM).match(text, behind)
    scaled = _SCALES[scale["scale"].lower()] if scale else 1.0
    if scale:
        end = behind = scale.end("scale") + (text[scale.end("scale") : scale.end("scale") + 1] == "s")
    if not unit and (match := _UNIT.match(text, behind)) and not _of_year(text, span, match):
        unit = _unit(match, as_sum=as_sum or bool(scale))
        end = match.end() if unit else end
        if unit in MONEY and not scale and (scale := _SCALE.match(text, end)):  # 225 NOK million
            scaled, end = _SCALES[scale["scale"].lower()], scale.end()
        end += bool(unit and match["bracket"] and text[end : end + 1] == ")")
    shown = text[start:end].replace(")", "") if repeats else text[start:end]
    whole = frozenset(round(value * scaled * factor, 9) for value in values)
    return _Found(start, end, Quantity(shown.strip(), whole, unit), scaled)


def _of_year(text: str, span: tuple[int, int], match: re.Match[str]) -> bool:
    """Whether what follows a number says what the amounts of a year are in, or begins the next one:
    "2024 (NOK million)", "2024 EUR million", "in 2024 EUR 12"."""
    if not _YEAR.fullmatch(text[slice(*span)]) or _unit(match, as_sum=False) not in MONEY:
        return False
    behind = match.end()
    return bool(match["bracket"] or _SCALE.match(text, behind) or re.match(r"\s?\d", text[behind:]))


def _unit(match: re.Match[str], *, as_sum: bool) -> str:
    """The unit behind a number; in brackets only one of money: 225 (NOK million)."""
    found = code(match["unit"], sum_written=as_sum)
    found = found or unit_of(match["unit"], match["modifier"] or "", match["nation"] or "")
    return "" if match["bracket"] and found not in MONEY else found


def _ranges_joined(text: str, found: list[_Found]) -> list[_Found]:
    """In "EUR 3 to 5 million" and "5-10 years" both numbers have what one of them has written beside it."""
    joined = list(found)
    for n in range(len(joined) - 1):
        first, second = joined[n], joined[n + 1]
        between = text[first.end : second.start]
        linked = _TO.fullmatch(between) or (
            _AND.fullmatch(between) and _BETWEEN.search(text[max(0, first.start - 10) : first.start])
        )
        if not linked:
            continue
        one, other = first.quantity, second.quantity
        values = one.values
        if first.scale == 1 != second.scale:
            values |= {round(value * second.scale, 9) for value in values}
        joined[n] = replace(first, quantity=Quantity(one.text, values, one.unit or other.unit))
        joined[n + 1] = replace(second, quantity=Quantity(other.text, other.values, other.unit or one.unit))
    return joined


def _readings(number: str) -> set[float]:
    """The values a notation allows: 1,234 is 1234; 1.234 may be either; 3,5 is 3.5."""
    number = number.rstrip(".,")
    grouped = re.sub(rf"(?<=\d)[{_SPACE}'’](?=\d{{3}})", "", number)
    if grouped != number:
        return {float(grouped.replace(",", "."))}
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        return {float(number.replace(",", ""))}
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", number):
        european = float(number.replace(".", "").replace(",", "."))
        return {european, float(number)} if number.count(".") == 1 and "," not in number else {european}
    if re.fullmatch(r"\d+,\d+", number):
        return {float(number.replace(",", "."))}
    return {float(part) for part in re.split(r",", number) if re.fullmatch(r"\d+(?:\.\d+)?", part)}


def _written(text: str) -> Iterator[_Found]:
    for match in _WRITTEN.finditer(text):
        tens, ones = (match["tens"] or "").lower(), (match["ones"] or match["small"] or "").lower()
        value = 1.0 if match["one"] else float(_TENS.get(tens, 0) + _SMALL_WORDS.get(ones, 0))
        scale = _SCALES[match["scale"].lower()] if match["scale"] else 1.0
        found = _with_unit(text, match.span(), {value * scale}, "", 1.0)
        if value == scale == 1 and not found.quantity.unit:  # "one" is a pronoun more often than a number
            continue
        yield replace(found, scale=max(scale, found.scale))


def _without_digits(text: str) -> Iterator[Quantity]:
    """Ordinals, halves and the fortnight."""
    for match in _ORDINAL_WORD.finditer(text):
        yield Quantity(match.group(), frozenset({float(_ORDINALS[match.group().lower()])}))
    for match in _HALVED.finditer(text):
        scale, unit = _SCALES.get(match["unit"].lower(), 0.0), unit_of(match["unit"])
        if (scale or unit) and len(match["unit"]) > 2:
            yield Quantity(match.group(), frozenset({0.5 * (scale or 1.0)}), unit)
    for match in _FORTNIGHT.finditer(text):
        yield Quantity(match.group(), frozenset({1.0}), "fortnight")
