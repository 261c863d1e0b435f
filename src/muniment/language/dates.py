"""Dates, as written in English texts."""

import re
from dataclasses import dataclass

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


def take_dates(text: str) -> tuple[list[Date], str]:
    """The dates of ``text``, and the text with each of their characters replaced by NUL."""
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
