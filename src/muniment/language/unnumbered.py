"""Answers without a number to how much, how long, how many and when: free of charge, until revoked."""

import re

_FREE = re.compile(
    r"\bfree of (?:any )?(?:charges?|costs?|fees?)\b|\bfor free\b|\bgratis\b|\bcomplimentary\b|\bfree\s*$"
    r"|\b(?:is|are|be|remains?|provided|offered|supplied|delivered|issued|replaced|shipped)"
    r" (?:(?:always|also|then|entirely|completely) )?free(?! (?:to|from|of|and clear)\b|-)\b"
    r"|\b(?:no|without(?: an?| any)?|not (?:subject to|liable to)(?: an?| any)?)"
    r" (?:(?:extra|additional|further|separate|annual|monthly|other|such|\w+ing) )?"
    r"(?:charges?|fees?|costs?|payment|surcharge)\b"
    r"|\b(?:not|never|n['’]t) (?:be )?(?:charged?|charging|cost|billed|invoiced)\b|\bcosts? nothing\b"
    r"|\b(?:fees?|charges?|costs?) (?:is|are|will be|shall be) waived\b"
    r"|\bwaives? (?:(?:the|all|any) )?(?:\w+ )?(?:fees?|charges?)\b"
    r"|\b(?:included in|covered by) the (?:\w+ )?(?:price|fee|rent|fare|subscription|rate)\b"
    r"|\bexempt(?:ed)? from (?:the |all |any )?(?:\w+ )?(?:fees?|charges?|payment)\b",
    re.I,
)
_PER_CENT_OF = re.compile(r"(?:%|\bper\s?cent|\bbasis points?)\s+(?:of|per|a|p\.a)\b", re.I)
_LASTING = re.compile(
    r"\b(?:indefinite(?:ly)?|permanently|(?:is|are|be) permanent|for life|lifelong|lifetime|perpetual(?:ly)?"
    r"|in perpetuity|forever|until|till|(?:as|so) long as|fortnightly|at once|same[\s-]day"
    r"|throughout the (?:\w+ )?(?:year|term|period|contract|employment|life)"
    r"|for the (?:\w+ )?(?:duration|term|life|lifetime|remainder) of|(?:no|without(?: any| a)?) time limit"
    r"|unlimited (?:in time|period|duration|time)|without (?:undue |unreasonable )?delay)\b",
    re.I,
)
_COUNTED = re.compile(
    r"\b(?:unlimited|(?:no|without(?: any)?) (?:upper )?(?:limit|restriction)|any number|none|nobody|no one"
    r"|half|both|only one|(?:a|the) (?:single|majority|pair|couple)|double|dozens|hundreds|zero|bucks"
    r"|(?<!at )once(?= |\.)(?! (?:it|the|they|you|this|that|all|a|an)\b)|twice)\b",
    re.I,
)


_HANGS_ON = re.compile(
    r"\b(?:depend(?:s|ing)? (?:on|upon)|varies|vary|pro rata|in proportion|proportional(?:ly)?|costs? extra"
    r"|as agreed)\b",
    re.I,
)
_OCCASION = re.compile(
    r"\b(?:when(?:ever)?|once|as soon as|upon|following|if|in case|each time|every time"
    r"|at the (?:beginning|start|end|close|latest) of)\b",
    re.I,
)


def free_of_charge(text: str) -> bool:
    """Whether the text says that something costs nothing."""
    return bool(_FREE.search(text))


def share_of_sum(text: str) -> bool:
    """Whether the text gives a price as a share: 0.15% of the amount."""
    return bool(_PER_CENT_OF.search(text))


def open_duration(text: str) -> bool:
    """Whether the text says how long in words: until 31 December, indefinitely."""
    return bool(_LASTING.search(text))


def hangs_on_something(text: str) -> bool:
    """Whether the text says what an amount hangs on: it depends on the contract, in proportion."""
    return bool(_HANGS_ON.search(text))


def occasion(text: str) -> bool:
    """Whether the text says when in words: as soon as it is signed, at the end of the session."""
    return bool(_OCCASION.search(text))


def count_in_words(text: str) -> bool:
    """Whether the text says how many in words: once, none, unlimited."""
    return bool(_COUNTED.search(text))
