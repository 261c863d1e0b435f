"""Turns a sentence into a question by asking for one thing in its place, as people ask back.

"The archive keeps records for 30 years." becomes "The archive keeps records for how many years?": grammar
stays whole, and the words that ask are those that questions are read by.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from muniment.language.names import codes, names
from muniment.language.quantities import amounts

_CURRENCIES = frozenset(
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR ISK JPY KRW MXN MYR NOK NZD PHP PLN RON RUB SEK"
    " SGD THB TRY UAH USD ZAR".split()
)
"""Codes of ISO 4217 that prices are written with."""
_NUMBER = r"\d+(?:[.,\u00a0 ]\d+)*"
_MONEY_BEFORE = re.compile(r"(?:(?<![\w-])(?P<code>[A-Z]{3})[\u00a0 ]?|[€$£¥][\u00a0 ]?)$")
_SCALE = r"(?:[\u00a0 ](?:thousand|million|billion|trillion|mn|bn))?"
_COUNTED = re.compile(rf"^(?:{_NUMBER}|[a-z]+)[\u00a0 ]+(?P<unit>[a-z]+(?: [a-z]+)?(?:s|feet))$", re.I)
_PERCENT = re.compile(rf"^{_NUMBER}[\u00a0 ]?(?:%|percent|per cent)$", re.I)
_RANGE_BEFORE = re.compile(r"(?:\d[\w%]*\s*(?:to|and|or|-|–)|\band|\bor|[(–/-])\s*$", re.I)
_DATE_BEFORE = re.compile(r"\b(?:on|by|until|since|before|after|from|till|in|dated)\s$", re.I)
_CODED = re.compile(
    r"\b(?:(?:the|an?)\s)?(?P<noun>alarm|article|code|error|fault|form|message|model|order|part|policy|reference|regulation|room"
    r"|standard|type)\s$"
)
_CODE_AFTER_VERB = re.compile(r"\b(?:shows|displays|reads|says|reports|called|named|marked|labelled)\s$")
_ACTOR = re.compile(r"\b(?:by|with)\s$")
_SINGLE = re.compile(r"^(?:1|one)\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what kind of thing it asks for, and the answer as the sentence writes it."""

    kind: str
    question: str
    answer: str


def asked_in_place(said: str, ordinary: Collection[str]) -> Iterator[Asked]:
    """Questions that the sentence answers, figures first; none of two statements in one sentence.

    Args:
        ordinary: words that the document also writes in lower case, and that are no names therefore.
    """
    if ";" in said:
        return
    for kind, found in (
        ("number", _figures(said)),
        ("date", _dates(said)),
        ("code", _codes(said)),
        ("name", _names(said, ordinary)),
    ):
        for answer, start, asking in found:
            if said.count(answer) == 1:
                question = f"{said[:start]}{asking}{said[said.find(answer) + len(answer) :]}".rstrip(" .")
                yield Asked(kind, f"{question[:1].upper()}{question[1:]}?", answer)


_Found = Iterator[tuple[str, int, str]]
"""The answer, where in the sentence the question's words take its place from, and these words."""


def _figures(said: str) -> _Found:
    for quantity in amounts(said).quantities:
        start = said.find(quantity.text)
        before = said[:start]
        if start < 0 or said[start + len(quantity.text) :][:1] in ("-", "–", "/"):
            continue
        if priced := _price(said, start, quantity.text):
            yield priced
        elif _RANGE_BEFORE.search(before) or not quantity.unit or _SINGLE.match(quantity.text):
            continue
        elif _PERCENT.match(quantity.text):
            yield quantity.text, start, "what percentage"
        elif counted := _COUNTED.match(quantity.text):
            yield quantity.text, start, f"how many {counted['unit']}"


def _price(said: str, start: int, text: str) -> tuple[str, int, str] | None:
    """A sum with its currency before it, wherever the reading of quantities lets it begin."""
    number = re.search(r"\d", text)
    if number is None:
        return None
    first = start + number.start()
    money = _MONEY_BEFORE.search(said, 0, first)
    if money is None or (money["code"] and money["code"] not in _CURRENCIES):
        return None
    whole = re.compile(rf"{_NUMBER}{_SCALE}").match(said, first)
    if whole is None or _RANGE_BEFORE.search(said[: money.start()]):
        return None
    return said[money.start() : whole.end()].rstrip(" ,."), money.start(), "how much"


def _dates(said: str) -> _Found:
    for date in amounts(said).dates:
        start = said.find(date.text)
        if start > 0 and _DATE_BEFORE.search(said, 0, start):
            yield date.text, start, "what date" if date.day else "what month"


def _codes(said: str) -> _Found:
    for code in codes(said):
        start = said.find(code)
        noun = _CODED.search(said, 0, max(start, 0))
        if noun:
            yield code, noun.start(), f"what {noun['noun']}"
        elif start > 0 and _CODE_AFTER_VERB.search(said, 0, start):
            yield code, start, "what code"


def _names(said: str, ordinary: Collection[str]) -> _Found:
    """Names of those who did something; not of the first word, which any sentence capitalises."""
    first, _, rest = said.partition(" ")
    beside = r"[A-Z][\w’'-]*"
    for name in names(rest):
        match = re.search(rf"(?:{beside} )*\b{re.escape(name)}\b(?: {beside})*", rest)
        if match is None:
            continue
        whole, start = match.group(), len(first) + 1 + match.start()
        words = whole.split()
        # One word alone may be a term of the document, a product or a role.
        if (
            len(words) < 2
            or any(word.lower() in ordinary or word.isupper() for word in words)
            or not _ACTOR.search(said, 0, start)
        ):
            continue
        if not re.match(r"[\u00a0 ]?\d", said[start + len(whole) :]):
            yield whole, start, "whom"
