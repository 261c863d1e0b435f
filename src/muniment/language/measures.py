"""Units of measure and what they have in common: a year is twelve months, 20 cents are 0.20 euros."""

import math
import re
from functools import lru_cache

from muniment.language import currencies

_UNITS = {
    unit: name
    for name, units in {
        "percent": "% percent pct", "per mille": "‰ permille",
        "basis point": "bps", "decade": "decade decades",
        "year": "year years yr yrs", "month": "month months", "fortnight": "fortnight fortnights",
        "week": "week weeks", "day": "day days",
        "hour": "hour hours hr hrs h", "minute": "minute minutes min mins",
        "second": "second seconds sec secs s", "millisecond": "ms millisecond milliseconds",
        "kilometre": "km kilometre kilometres kilometer kilometers", "metre": "m metre metres meter meters",
        "centimetre": "cm centimetre centimetres", "inch": "inch inches", "foot": "ft feet",
        "millimetre": "mm millimetre millimetres",
        "mile": "mile miles", "pounds": "pound pounds", "pound of weight": "lb lbs",
        "kilogram": "kg kilogram kilograms", "gram": "g gram grams",
        "tonne": "t tonne tonnes ton tons", "litre": "l litre litres liter liters",
        "millilitre": "ml millilitre millilitres milliliter milliliters", "bar": "bar",
        "volt": "v volt volts", "ampere": "amp amps ampere amperes", "watt": "w watt watts",
        "kilowatt": "kw kilowatt kilowatts", "megawatt": "mw megawatt megawatts", "hertz": "hz hertz",
        "celsius": "°c celsius", "fahrenheit": "°f fahrenheit", "kilobyte": "kb kilobyte kilobytes",
        "megabyte": "mb megabyte megabytes", "gigabyte": "gb gigabyte gigabytes",
        "terabyte": "tb terabyte terabytes",
    }.items()
    for unit in units.split()
}  # fmt: skip
POUNDS = "pounds"
"""Of money or of weight: the word does not say."""
DAYS = frozenset({"day", "calendar day", "business day"})
TIMES = DAYS | frozenset("decade year month fortnight week hour minute second millisecond".split())
_BASES: dict[str, dict[str, float]] = {
    "decade": {"month": 120}, "year": {"month": 12}, "month": {"month": 1},
    "fortnight": {"week": 2, "day": 14, "calendar day": 14}, "week": {"week": 1, "calendar day": 7},
    "day": {"day": 1}, "calendar day": {"calendar day": 1, "day": 1},
    "hour": {"second": 3_600}, "minute": {"second": 60}, "second": {"second": 1},
    "millisecond": {"second": 0.001},
    "kilometre": {"metre": 1_000}, "metre": {"metre": 1}, "centimetre": {"metre": 0.01},
    "millimetre": {"metre": 0.001}, "tonne": {"gram": 1e6}, "kilogram": {"gram": 1_000}, "gram": {"gram": 1},
    "litre": {"litre": 1}, "millilitre": {"litre": 0.001},
    "megawatt": {"watt": 1e6}, "kilowatt": {"watt": 1_000}, "watt": {"watt": 1},
    "per mille": {"percent": 0.1}, "basis point": {"percent": 0.01, "percentage point": 0.01},
}  # fmt: skip
"""What one of a unit is in others. Plain days are no weeks or hours: 28 days of leave are not four weeks."""
_BUSINESS = frozenset("business working banking trading work".split())
_PLAIN = frozenset(
    "full whole complete consecutive clear further additional more successive entire other extra of".split()
)
MODIFIER = "|".join(sorted({*_BUSINESS, *_PLAIN, "calendar", "school", "academic", "financial", "fiscal"}))
"""Words that may stand between a number and its unit, as an alternation."""
_POINTS = re.compile(r"(?:percentage|per\s?cent|%|p\.)[\s-]?(?:points?|p\.)", re.I)
_BASIS = re.compile(r"basis[\s-]?points?", re.I)


@lru_cache(maxsize=4096)
def unit_of(written: str, modifier: str = "", nation: str = "") -> str:
    """The name of the unit that is written so, or "" when it is none.

    ``modifier`` is what stands before it ("business" before "days"), ``nation`` the adjective before a
    currency's name.
    """
    if _POINTS.fullmatch(written):
        return "percentage point"
    if _BASIS.fullmatch(written):
        return "basis point"
    key = re.sub(r"\s", "", written).lower()
    unit = _UNITS.get(key, "")
    if unit == POUNDS and nation:
        return currencies.currency(key, nation)
    said = set(modifier.lower().split())
    if unit == "day" and said & _BUSINESS:
        return "business day"
    if unit == "day" and "calendar" in said:
        return "calendar day"
    if said - _PLAIN and unit not in TIMES:
        return ""
    return unit or currencies.currency(key, nation)


def equal(values: frozenset[float], unit: str, other_values: frozenset[float], other_unit: str) -> bool:
    """Whether a claim's number may stand for another with its unit: 24 months for two years, $5 for USD 5.

    "15 days" may stand for 15 calendar days or 15 business days, but neither of these for the other.
    """
    theirs = _forms(other_unit)
    mine = _forms(unit) | ({"business day": 1.0} if unit == "day" else {})
    return any(
        same_value(one * mine[base], other * theirs[base])
        for base in mine.keys() & theirs.keys()
        for one in values
        for other in other_values
    )


def comparable(unit: str, other: str) -> bool:
    """Whether both measure the same thing: years and months, euros and cents."""
    return bool(_forms(unit).keys() & _forms(other).keys())


def same_value(one: float, other: float) -> bool:
    """Whether two numbers are one but for rounding."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


@lru_cache(maxsize=512)
def _forms(unit: str) -> dict[str, float]:
    """What one of ``unit`` is in base units that it may be expressed in."""
    money = currencies.codes_of(unit)
    if money:
        return dict.fromkeys(money, 0.01 if unit in currencies.MINOR else 1.0)
    if unit == POUNDS:
        return {"pound of weight": 1.0} | dict.fromkeys(currencies.codes_of("pound"), 1.0)
    return _BASES.get(unit, {unit: 1.0})
