"""What a question wants defined, and whether a text defines it expressly."""

import re
from functools import lru_cache

from muniment.language.terms import WORD, is_content, stem

_QUOTE, _UNQUOTE = "[\"“‘'«]", "[\"”’'»]"
_ASKS = [
    re.compile(pattern)
    for pattern in (
        r"(?i:\bwho (?:is|are) (?:considered )?an?) (?P<who>(?!.*\b(?:of|at|in|for) [A-Z]).+)",
        r"(?i:\bwho (?:counts|qualifies) as (?:an? )?)(?P<who>.+)",
        rf"(?i:\bwhat (?:is|are|does|do) (?:an? |the )?(?:term |word |expression"
        rf" )?){_QUOTE}(?P<quoted>.+?){_UNQUOTE}",
        r"(?i:\bwhat is an?) (?P<term>.+)",
        r"(?i:\bwhat (?:is|are) meant by (?:an? |the )?)(?P<term>.+)",
        r"(?i:\bwhat does (?:an? |the )?)(?P<term>.+?) (?i:mean)\b",
        r"(?i:\bwhat counts as (?:an? |the )?)(?P<term>.+)",
        r"(?i:\b(?:definition|meaning) of (?:an? |the )?)(?P<term>.+)",
        r"(?i:^\W*define (?:an? |the )?)(?P<term>.+)",
    )
]
_END = re.compile(
    r"\b(?:under|in|within|according|as defined|for the purposes?|by|on|when|with|mean)\b|[?,.;:!()]", re.I
)
_LONGEST_TERM = 5
_DEFINES = re.compile(
    rf"\W*(?:\(?\w{{1,4}}[.)]\s+)?(?:(?:the|an?)\s+)?(?:(?:term|word|expression)s?\s+)?(?P<open>{_QUOTE})?"
    rf"(?P<subject>[^\"“”«»]{{1,60}}?){_UNQUOTE}?\s*(?:\([^)]*\)\s*)?"
    r"(?P<verb>shall mean|means?|refers? to|(?:is|are) defined as|denotes?|stands? for|is"
    r" (?:an?|any|the)|are)\b",
    re.I,
)


@lru_cache(maxsize=64)
def wants_definition(question: str) -> tuple[frozenset[str], bool]:
    """The stems of what a question wants defined, none when it wants nothing defined; and whether it says so
    beyond doubt: by quotation marks, or by asking who is "an" operator."""
    for pattern in _ASKS:
        match = pattern.search(question)
        if match is None:
            continue
        (kind, written), *_ = match.groupdict().items()
        term = written if kind == "quoted" else _END.split(written, maxsplit=1)[0]
        found = frozenset(stem(word) for word in WORD.findall(term) if is_content(word))
        if found and len(WORD.findall(term)) <= _LONGEST_TERM:
            return found, kind != "term"
    return frozenset(), False


def defines(term: frozenset[str], text: str) -> float:
    """1 for a text that says what the term means, 0.5 for one that says what it is, else 0."""
    match = _DEFINES.match(text) if term else None
    if match is None:
        return 0.0
    subject = frozenset(stem(word) for word in WORD.findall(match["subject"]) if is_content(word))
    if subject != term:
        return 0.0
    return 0.5 if match["verb"].lower().split()[0] in ("is", "are") and not match["open"] else 1.0
