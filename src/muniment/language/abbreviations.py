"""Abbreviations and what they stand for: common ones, and those that a text introduces itself."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from muniment.language.terms import STOP_WORDS, WORD

_COMMON = """
CEO chief executive officer; chief executive
CFO chief financial officer
COO chief operating officer
CTO chief technology officer
CIO chief information officer
CISO chief information security officer
DPO data protection officer
HR human resources
R&D research and development
VAT value added tax
AGM annual general meeting
NDA non-disclosure agreement
SLA service level agreement
KPI key performance indicator
PPE personal protective equipment
GDPR general data protection regulation
VPN virtual private network
MFA multi-factor authentication
2FA two-factor authentication
SSO single sign-on
FTE full-time equivalent
PTO paid time off
ETA estimated time of arrival
IBAN international bank account number
ATM cash machine; automated teller machine
APR annual percentage rate
EPS earnings per share
EBIT operating profit; operating result
P&L profit and loss
IPO initial public offering
M&A mergers and acquisitions
ECB european central bank
EU european union
EEA european economic area
UN united nations
UK united kingdom
US united states
"""
_INTRODUCED = re.compile(r"\(\s?[\"“‘']?(?P<short>[A-Z][A-Za-z&]{1,7})[\"”’']?\s?\)")
_INTRODUCED_FIRST = re.compile(r"\b(?P<short>[A-Z]{2,7})\s?\((?P<long>[A-Za-z][\w’' -]{5,70})\)")
_MOST_WORDS = 7
_FARTHEST = 90
"""Characters before the brackets in which the words stand that they abbreviate."""


def spelled_as(question: str, texts: Sequence[str]) -> str:
    """The question with an abbreviation spelled out, or the words that one stands for abbreviated, where
    ``texts``
    use that form alone; introducing the other is no use of it."""
    everything = "\n".join(texts)
    known = (*common(), *_introduced(everything))
    for short, phrase in dict.fromkeys(known):
        asked_short, asked_phrase = _of(short).search(question), _of(phrase).search(question)
        if bool(asked_short) == bool(asked_phrase):
            continue
        plain = _introduces(short, phrase).sub(" ", everything)
        shorts, phrases = (bool(_of(one).search(plain)) for one in (short, phrase))
        if asked_phrase and shorts and not phrases:
            question = _of(phrase).sub(short, question)
        elif asked_short and phrases and not shorts:
            question = _of(short).sub(phrase, question)
    return question


@cache
def common() -> tuple[tuple[str, str], ...]:
    """Abbreviations that need no introduction, each with what it stands for."""
    lines = (line.split(" ", 1) for line in _COMMON.strip().split("\n"))
    return tuple((short, phrase.strip()) for short, phrases in lines for phrase in phrases.split(";"))


def _introduced(text: str) -> list[tuple[str, str]]:
    """Those that a text introduces: "a Water Office (WO)", "CBDC (central bank digital currency)"."""
    found = []
    for match in _INTRODUCED.finditer(text):
        before = WORD.findall(text[max(0, match.start() - _FARTHEST) : match.start()])[-_MOST_WORDS:]
        endings = (before[-length:] for length in range(2, len(before) + 1))
        words = next((words for words in endings if _abbreviates(match["short"], words)), None)
        if words:
            found.append((match["short"], " ".join(words)))
    found += [
        (match["short"], match["long"])
        for match in _INTRODUCED_FIRST.finditer(text)
        if _abbreviates(match["short"], WORD.findall(match["long"]))
    ]
    return found


def _abbreviates(short: str, words: list[str]) -> bool:
    """Whether the letters are the first letters of the words, small words taken or left."""
    letters = re.sub(r"[^A-Za-z]", "", short).lower()
    every = "".join(word[0] for word in words).lower()
    telling = "".join(word[0] for word in words if word.lower() not in STOP_WORDS).lower()
    return len(letters) > 1 and letters in (every, telling)


@lru_cache(maxsize=512)
def _of(form: str) -> re.Pattern[str]:
    """Finds a form: abbreviations as they are written, words in any case and on any lines."""
    words = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", form)))
    return re.compile(rf"(?<!\w){words}(?!\w)", 0 if form.isupper() else re.I)


@lru_cache(maxsize=512)
def _introduces(short: str, phrase: str) -> re.Pattern[str]:
    one, other = _of(short).pattern, _of(phrase).pattern
    return re.compile(rf"{other}\s*\([^)]*?{one}[^)]*?\)|{one}\s*\({other}\)", re.I)
