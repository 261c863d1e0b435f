"""Numbers with their units, dates and times, brought to one form so that they can be compared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNITS = {
    unit: name
    for name, units in {
        "percent": "% percent pct", "euro": "€ eur euro euros", "dollar": "$ usd dollar dollars",
        "pound": "£ gbp", "yen": "¥ yen", "year": "year years yr yrs", "month": "month months",
        "week": "week weeks", "day": "day days",
        "hour": "hour hours hr hrs h", "minute": "minute minutes min mins",
        "second": "second seconds sec secs s", "millisecond": "ms millisecond milliseconds",
        "kilometre": "km kilometre kilometres kilometer kilometers", "metre": "m metre metres meter meters",
        "centimetre": "cm centimetre centimetres", "inch": "inch inches", "foot": "ft feet",
        "millimetre": "mm millimetre millimetres",
        "mile": "mile miles", "kilogram": "kg kilogram kilograms", "gram": "g gram grams",
        "tonne": "t tonne tonnes ton tons", "litre": "l litre litres liter liters", "bar": "bar",
        "volt": "v volt volts", "ampere": "amp amps ampere amperes", "watt": "w watt watts",
        "kilowatt": "kw kilowatt kilowatts", "megawatt": "mw megawatt megawatts", "hertz": "hz hertz",
        "celsius": "°c celsius", "fahrenheit": "°f fahrenheit", "kilobyte": "kb kilobyte kilobytes",
        "megabyte": "mb megabyte megabytes", "gigabyte": "gb gigabyte gigabytes",
        "terabyte": "tb terabyte terabytes",
    }.items()
    for unit in units.split()
}  # fmt: skip
TIMES = frozenset({"year", "month", "week", "day", "hour", "minute", "second", "millisecond"})
_SCALES = {"hundred": 100.0, "thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9,
           "trillion": 1e12, "dozen": 12.0}  # fmt: skip
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
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip

_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DATES = [
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}(?:\s?,?\s+(?P<year>\d{{4}}))?\b", re.I
    ),
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:\s?,?\s+(?P<year>\d{{4}}))?", re.I),
    re.compile(rf"\b{_MONTH},?\s+(?P<year>\d{{4}})\b", re.I),
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b"),
    re.compile(r"\b(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})\b"),
]
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\b\.?|\b(\d{1,2}):(\d{2})\b", re.I)
_CODE = re.compile(r"\b(?=[\w./-]*[A-Za-z])(?=[\w./-]*\d)[A-Za-z][\w]*(?:[-_/.]\w+)*|\b\d+(?:\.\d+){2,}\b")
_UNIT_BEHIND = r"(?=(?:[\s\u00a0-]{0,2}(?P<unit>%|per\s?cent\b|[$€£¥]|°[CF]|[A-Za-z]+))?)"
_DIGITS = re.compile(
    r"(?P<money>[$€£¥]\s?)?(?<!\w)(?P<number>\d{1,3}(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?(?![\d])|\d+(?:[.,]\d+)*)"
    r"(?:st\b|nd\b|rd\b|th\b)?(?:[\s\u00a0-]?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|k)\b)?"
    + _UNIT_BEHIND,
    re.I,
)
_WRITTEN = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[\s-](?P<ones>{'|'.join(list(_SMALL_WORDS)[1:10])}))?"
    rf"|(?P<small>{'|'.join(sorted(_SMALL_WORDS, key=len, reverse=True))}))\b"
    r"(?:\s+(?P<scale>hundred|thousand|million|billion|dozen)\b)?" + _UNIT_BEHIND,
    re.I,
)
_ONE = re.compile(r"\b(?:an?|per|each|every)\s+(?P<unit>[a-z]+)", re.I)
_UNIT_WORD = re.compile(r"[$€£¥%]|°[CF]|(?<![\w.])[A-Za-z]+(?![\w.])")
_ORDINAL_WORD = re.compile(rf"\b({'|'.join(_ORDINALS)})\b", re.I)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: ``values`` are the readings its notation allows, ``unit`` is "" when none is known."""

    text: str
    values: frozenset[float]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Date:
    """A date; parts that are not written are 0. ``swapped`` is the other reading of 3/4/2024."""

    text: str
    year: int
    month: int
    day: int
    swapped: bool = False

    def agrees(self, other: "Date") -> bool:
        """Whether ``other`` has every part that this one states, and equal."""
        readings = [(other.year, other.month, other.day)]
        if other.swapped:
            readings.append((other.year, other.day, other.month))
        mine = [(self.year, self.month, self.day)]
        if self.swapped:
            mine.append((self.year, self.day, self.month))
        return any(
            all(not a or a == b for a, b in zip(one, two, strict=True)) for one in mine for two in readings
        )


@dataclass(frozen=True, slots=True)
class Amounts:
    """All numbers and dates of a text."""

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]


def amounts(text: str) -> Amounts:
    """Numbers (digits, written out up to 99 with scales, ordinals, clock times) and dates of ``text``.

    Codes such as ``E-417`` or ``1.2.3`` are names, not numbers, and are left out.
    """
    dates, rest = _take_dates(text)
    rest = _CODE.sub(lambda match: "\0" * len(match.group()), rest)
    quantities = list(_clock_times(rest))
    rest = _CLOCK.sub(lambda match: "\0" * len(match.group()), rest)
    quantities += _digits(rest)
    quantities += _written(rest)
    return Amounts(tuple(quantities), tuple(dates))


def carried(amount: Quantity, evidence: Amounts) -> bool:
    """Whether the evidence states the number: as such, or as a part of a date."""
    same = [other for other in evidence.quantities if amount.values & other.values]
    if any(other.unit == amount.unit for other in same):
        return True
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
        if (unit := _UNITS.get(match["unit"].lower(), ""))
    )


def units_named(text: str) -> frozenset[str]:
    """The units written out in ``text``, numbers or none: "Price (€)" names euro, "Weight in kg" kilogram."""
    found = {_unit(word) for word in _UNIT_WORD.findall(text)}
    return frozenset(found - {""})


def _take_dates(text: str) -> tuple[list[Date], str]:
    found: list[Date] = []

    def take(match: re.Match[str]) -> str:
        parts = {key: value or "" for key, value in match.groupdict().items()}
        named = not parts["month"].isdigit()
        month = _MONTHS[parts["month"].lower()] if named else int(parts["month"])
        year, day = int(parts.get("year") or 0), int(parts.get("day") or 0)
        swapped = not named and "-" not in match.group() and day <= 12
        found.append(Date(match.group(), year, month, day, swapped))
        return "\0" * len(match.group())

    for pattern in _DATES:
        text = pattern.sub(take, text)
    return found, text


def _clock_times(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        hour, minute, half = match[1] or match[4], match[2] or match[5] or "0", (match[3] or "").lower()
        hours = int(hour) % 12 + (12 if half == "p" else 0) if half else int(hour)
        yield Quantity(match.group().strip(), frozenset({hours * 60.0 + int(minute)}), "clock time")


def _digits(text: str) -> Iterator[Quantity]:
    for match in _DIGITS.finditer(text):
        scale = _SCALES[match["scale"].lower()] if match["scale"] else 1.0
        values = frozenset(round(value * scale, 9) for value in _readings(match["number"]))
        unit = _unit(match["money"]) or _unit(match["unit"])
        yield Quantity(_shown(match, unit), values, unit)


def _readings(number: str) -> set[float]:
    """The values a notation allows: 1,234 is 1234; 1.234 may be either; 3,5 is 3.5."""
    number = number.rstrip(".,")
    plain = re.sub(r"[,\u00a0\u202f'’]", "", number)
    if re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?", number):
        return {float(plain)}
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", number):
        european = float(number.replace(".", "").replace(",", "."))
        return {european, float(number)} if number.count(".") == 1 and "," not in number else {european}
    if re.fullmatch(r"\d+,\d+", number):
        return {float(number.replace(",", "."))}
    return {float(part) for part in re.split(r",", number) if re.fullmatch(r"\d+(?:\.\d+)?", part)}


def _written(text: str) -> Iterator[Quantity]:
    for match in _WRITTEN.finditer(text):
        tens, ones = (match["tens"] or "").lower(), (match["ones"] or match["small"] or "").lower()
        value = float(_TENS.get(tens, 0) + _SMALL_WORDS.get(ones, 0))
        unit = _unit(match["unit"])
        if match["scale"]:
            value *= _SCALES[match["scale"].lower()]
        elif value == 1 and not unit:  # "one" is a pronoun more often than a number
            continue
        yield Quantity(_shown(match, unit), frozenset({value}), unit)
    for match in _ORDINAL_WORD.finditer(text):
        yield Quantity(match.group(), frozenset({float(_ORDINALS[match.group().lower()])}))


def _shown(match: re.Match[str], unit: str) -> str:
    """The number as written, with its unit when that is a known one."""
    end = match.end("unit") if unit and match["unit"] and _unit(match["unit"]) else match.end()
    return match.string[match.start() : end].strip()


def _unit(written: str | None) -> str:
    if not written:
        return ""
    key = re.sub(r"\s", "", written).lower()
    return _UNITS.get(key, "")
