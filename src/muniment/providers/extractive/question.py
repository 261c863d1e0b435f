"""Reads a question: its terms, and what kind of answer it expects."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from muniment.language.currencies import MONEY
from muniment.language.measures import DAYS, TIMES
from muniment.language.names import codes, names
from muniment.language.terms import WORD, is_content, stem
from muniment.providers.extractive.defining import wants_definition


class Expects(StrEnum):
    """What an answer must hold."""

    ANYTHING = "anything"
    NUMBER = "number"
    MONEY = "money"
    DURATION = "duration"
    DATE = "date"
    PERSON = "person"
    PLACE = "place"
    LIST = "list"
    DEFINITION = "definition"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Question:
    """A question's content stems in order (none twice), its codes (upper case), the stems of its names
    (words capitalised inside a sentence), what it expects, and how many questions it asks in one.

    ``demands_amount`` when an answer without a number, sum or date would be none; ``sort`` is the stem of
    what a "which" asks for (which bank, which form), ``counted`` that of what a "how many" counts,
    ``units`` the names of the units that its number may have. ``yes_or_no`` when it asks whether, though it
    may speak of how much something is.
    """

    text: str
    terms: tuple[str, ...]
    codes: frozenset[str]
    names: frozenset[str]
    expects: Expects
    parts: int = 1
    demands_amount: bool = False
    sort: str | None = None
    counted: str | None = None
    units: frozenset[str] = frozenset()
    yes_or_no: bool = False


_UNITS_ASKED = [
    (re.compile(pattern, re.I), units if isinstance(units, frozenset) else frozenset(units.split()))
    for pattern, units in (
        (r"\bhow heavy\b|\bweigh|\bmass\b", "kilogram gram tonne pounds"),
        (r"\bhow (?:hot|cold|warm)\b|\btemperature\b", "celsius fahrenheit"),
        (r"\bhow (?:far|tall|wide|deep|thick)\b|\b(?:distance|height|width|depth|diameter)\b",
         "kilometre metre centimetre millimetre mile inch foot"),
        (r"\bhow old\b|\b(?:what|which) age\b", "year"),
        (r"\bhow efficient\b|\bpercentage\b|\bwhat (?:share|percent)\b", "percent"),
        (r"\bpressure\b", "bar"),
        (r"\bvoltage\b", "volt"),
        (r"\bhow (?:long|soon|quickly|fast|often)\b|\bduration\b|\bnotice period\b", TIMES),
        (r"\bhow many (?:\w+ )?days\b", DAYS), (r"\bhow many weeks\b", "week"),
        (r"\bhow many months\b", "month"),
        (r"\bhow many hours\b", "hour"), (r"\bhow many years\b", "year"), (r"\bhow many minutes\b", "minute"),
        (r"\bhow (?:much money|expensive)\b|\bwhat does .* cost\b|\b(?:price|fee|salary|fine|budget)\b",
         MONEY),
    )
]  # fmt: skip

_PATTERNS = {
    Expects.MONEY: r"""
        \bhow\ much\ (?:money|does|do|did|is|are|was|will|would|can)\b
        .*\b(?:cost|pay|paid|price|charge|fee|spend|earn)|\bhow\ (?:expensive|much\ money)\b
        |\bwhat\b.*\b(?:cost|charge|pay(?:s|ment)?|money|owe|price|surcharge|fee|salary|budget|fare|allowance)\b""",
    Expects.DURATION: r"""
        \bhow\ (?:long|soon|quickly|often)\b|\b(?:within|after)\ how\ (?:many|long)\b
        |\bhow\ many\ (?:days|weeks|months|years|hours|minutes)\b|\b(?:notice\ period|deadline|duration)\b""",
    Expects.NUMBER: r"""
        \bhow\ (?:many|much|large|big|high|far|old|heavy|tall|deep|fast|wide|hot|cold|warm|small|thick|strong
        |efficient|loud|powerful|early|late)\b
        |\bwhat\ (?:\w+\ ){0,3}(?:number|percentage|percent|amount|age|temperature|pressure|limit|level|value
        |share|rate|size|weight|length|dividend|code|factor|maximum|minimum|longest|shortest)\b""",
    Expects.DATE: r"""
        \b(?:when\ (?:did|do|does|was|were|is|are|will|would|has|have|had|can|could|must|should|shall|may)
        |when\W*$|what\ (?:year|date|day|month|time|century|decade)|which\ (?:year|date|day|month)
        |in\ what\ (?:year|century)|by\ which\ (?:day|date)|what\ .*\bdate)\b""",
    Expects.PERSON: r"\b(?:who|whom|whose)\b",
    Expects.PLACE: r"\b(?:where|(?:which|what)\ (?:country|city|room|building|floor|place))\b",
    Expects.REASON: r"\bwhy\b|\bwhat\ (?:caused|causes|is\ the\ (?:reason|cause|purpose))\b",
    Expects.LIST: r"""
        ^(?:list|name|enumerate)\b|\b(?:what|which)\ (?:are|were)\ (?:the|all|some)\b
        |\b(?:what|which)\ (?:\w+\ ){0,2}(?:steps|types|kinds|items|documents|options|reasons|benefits
        |features|requirements|conditions|categories|members|parts|ways|things|countries|areas)\b""",
    Expects.DEFINITION: r"""
        ^\W*(?:what|who)\ (?:is|are|was|were)\ (?:an?\ |the\ )?[\w'’-]+(?:\ [\w'’-]+){0,2}\?*$
        |\bwhat\ is\ meant\ by\b|\bwhat\ counts\ as\b
        |\bwhat\ does\ .*\ (?:mean|stand\ for)\b|\bdefin(?:e|ition)\b|\bmeaning\ of\b""",
}
"""Tried in this order; the first that fits decides."""
_KINDS = [(kind, re.compile(pattern, re.I | re.X)) for kind, pattern in _PATTERNS.items()]
_DEMANDS = re.compile(
    r"\bhow (?:much|many|long|often|soon|old|far|heavy|early|large|big|high|expensive)\b"
    r"|^\W*when (?!(?:may|can|could|should)\b|.*,)|\bwhat (?:year|date)\b",
    re.I,
)
_YES_OR_NO = re.compile(
    r"\W*(?:do|does|did|is|are|was|were|can|could|may|must|should|shall|will|would|has|have|had)\b", re.I
)
_OF_NUMBER = re.compile(r"\b(?:what|which) (?:age|percentage|percent)\b", re.I)
_FREE = re.compile(r"\bfree of charge\b", re.I)
"""What is free of charge asks for no sum."""
_WHICH = re.compile(r"\bwhich (\w+)", re.I)
_COUNTED = re.compile(r"\bhow (?:many|much)(?: of the| more| other| different)? ([\w-]+)", re.I)
_FURTHER_PART = re.compile(r"\band (?:by |in |at |to )?(?:what|who|whom|how|when|where|which|why)\b", re.I)
_ADJECTIVE = re.compile(r"(?:ish|ese|ian|ean|French|Dutch|German|Swiss|Greek|Czech)$")
"""The French plant is called by its town: adjectives of countries name nothing that must be found."""


@lru_cache(maxsize=64)
def read_question(text: str) -> Question:
    """The question's terms, codes, names and expectation; no terms when all its words are stop words."""
    terms = [stem(word) for word in WORD.findall(text) if is_content(word) or word.isdigit()]
    named = frozenset(
        stem(name) for name in names(text) if not text.startswith(name) and not _ADJECTIVE.search(name)
    )
    sort = _WHICH.search(text)
    counted = _COUNTED.search(text)
    whether = bool(_YES_OR_NO.match(text))
    units = [units for pattern, units in _UNITS_ASKED if pattern.search(text)]
    return Question(
        text,
        tuple(dict.fromkeys(terms)),
        frozenset(code.upper() for code in codes(text)),
        named,
        _expected(text.strip()),
        1 + len(_FURTHER_PART.findall(text)),
        bool(_DEMANDS.search(text)) and not whether,
        stem(sort.group(1)) if sort and is_content(sort.group(1)) else None,
        stem(counted.group(1)) if counted and is_content(counted.group(1)) else None,
        frozenset().union(*units),
        whether,
    )


def _expected(text: str) -> Expects:
    if wants_definition(text)[1]:
        return Expects.DEFINITION
    if _OF_NUMBER.search(text):
        return Expects.NUMBER
    text = _FREE.sub("free", text)
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), Expects.ANYTHING)
