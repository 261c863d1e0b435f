"""Numbers that count or measure something, as against those that number things: paragraphs, notes, years."""

import re

from muniment.language.quantities import Quantity, amounts

_LABELS = (
    r"(?:articles?|arts?|sections?|sec|clauses?|chapters?|annex(?:es)?|appendix|schedules?|paragraphs?|para|parts?"
    r"|rules?|recitals?|notes?|points?|items?|titles?|steps?|figures?|fig|tables?|pages?|pp?|no|nos"
    r"|regulations?|directives?|versions?|editions?|volumes?|vol)"
)
_BEHIND = r"\d+(?:\.\d+)*[a-z]?(?:\s?\(\w{1,3}\))*"
_NUMBERING = [
    re.compile(pattern, re.I | re.M)
    for pattern in (
        r"(?:^|(?<=[.;:]\s))\s*(?:[-•*]\s*)?\(?\d{1,3}(?:\.\d+)*[.)]\s",  # "2. …", "(17) …"
        rf"\b{_LABELS}\b\.?\s*{_BEHIND}(?:(?:,|\sand|\sor|\sto|–|-)\s?{_BEHIND})*",
        r"\((?:EU|EC|EEC)\)\s*(?:No\s*)?[\d/]+|\b\d{1,4}/\d{2,4}(?:/\w+)?\b|§+\s*[\d.]+",
        r"\[\s*(?:note\s*)?\d+\s*\]|\([^()]*\b(?:19|20)\d\d\)",  # notes, and works by author and year
    )
]
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


def counted(text: str) -> tuple[Quantity, ...]:
    """The numbers of ``text`` that are of so many things: of no paragraph, provision, note, date or year."""
    for pattern in _NUMBERING:
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    return tuple(one for one in amounts(text).quantities if one.unit or not _YEAR.fullmatch(one.text.strip()))
