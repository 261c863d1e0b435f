"""Claims whose quantities are written otherwise, which is true, or are others, which is not."""

import re
from collections.abc import Callable, Iterator

from material import Case, Material

_SUM = re.compile(
    r"(?<![\w$])(?P<symbol>[$€£])\s?(?P<number>\d(?:[\d,]*\d)?(?:\.\d+)?)"
    r"(?P<scale>\s(?:million|billion|trillion))?(?![\w.,]*\d|\w)"
)
_NAMES = {"$": ("USD", "dollars"), "€": ("EUR", "euros"), "£": ("GBP", "pounds sterling")}
_PERCENT = re.compile(r"(?P<number>\b\d[\d.]*)\s?(?P<unit>%|per\s?cent\b(?! point))")
_YEARS = re.compile(r"(?<![\w.,-])(?P<number>\d{1,2})[\s-](?P<unit>years?|months)\b(?! (?:old|of age))")
_GROUPED = re.compile(r"(?<![\w.,$€£])(?P<head>\d{1,3}),(?P<tail>\d{3})(?![\d,.]*\d)")


def other_writing(material: Material) -> Iterator[Case]:
    """A sum with its code or name, percent and %, years as months, spaces between thousands."""
    rng = material.random
    for text, passage in material.sentences:
        if match := _SUM.search(text):
            code, name = _NAMES[match["symbol"]]
            amount = match["number"] + (match["scale"] or "")
            new = rng.choice([f"{code} {amount}", f"{amount} {name}", f"{code}\u00a0{amount}"])
        elif match := _PERCENT.search(text):
            new = match["number"] + (rng.choice([" percent", " per cent"]) if match["unit"] == "%" else "%")
        elif (match := _YEARS.search(text)) and match["unit"].startswith("year"):
            new = f"{12 * int(match['number'])} months"
        elif match := _GROUPED.search(text):
            new = match["head"] + rng.choice(" \u00a0\u202f") + match["tail"]
        else:
            continue
        yield text[: match.start()] + new + text[match.end() :], (passage,)


def other_currency(material: Material) -> Iterator[Case]:
    """Another currency, by its symbol, code or name; or percent."""
    rng = material.random
    for text, passage in material.sentences:
        if match := _SUM.search(text):
            amount = match["number"] + (match["scale"] or "")
            symbol = rng.choice([one for one in _NAMES if one != match["symbol"]])
            code, name = _NAMES[symbol]
            other = [symbol + amount, f"{code} {amount}", f"{amount} {name}", f"CHF {amount}", f"{amount}%"]
            new = rng.choice(other)
            yield text[: match.start()] + new + text[match.end() :], (passage,)


def points_for_percent(material: Material) -> Iterator[Case]:
    """Percentage points where the text has percent, or a sum."""
    for text, passage in material.sentences:
        if match := _PERCENT.search(text):
            new = material.random.choice([f"{match['number']} percentage points", f"EUR {match['number']}"])
            yield text[: match.start()] + new + text[match.end() :], (passage,)


def shortened_number(material: Material) -> Iterator[Case]:
    """A number without its last group of thousands, where the rest stands nowhere else."""
    for text, passage in material.sentences:
        match = _GROUPED.search(text)
        if match and not re.search(rf"\b{match['head']}\b(?!,\d)", passage.chunk.text):
            yield text[: match.start()] + match["head"] + text[match.end() :], (passage,)


Claims = Callable[[Material], Iterator[Case]]
TRUE_QUANTITIES: dict[str, Claims] = {"quantity in other writing": other_writing}
FALSE_QUANTITIES: dict[str, Claims] = {
    "other currency": other_currency, "points for percent": points_for_percent,
    "shortened number": shortened_number,
}  # fmt: skip
