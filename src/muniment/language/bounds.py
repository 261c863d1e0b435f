"""Whether a number is a least or a most: "at least 5", "more than 5", "5 or more"; "up to 5", "under 5"."""

import re

_LEAST = (
    r"(?<!not )(?<!no )(?:more|greater|larger|longer|higher|older|later|bigger|heavier|faster) than"
    r"|over|above|exceed(?:s|ing|ed)?|at least|(?:a )?minimum(?: of)?|min\.?"
    r"|n(?:ot|o) (?:less|fewer|shorter|lower|younger|earlier) than|in excess of|not (?:under|below)|beyond"
)
_MOST = (
    r"(?<!not )(?<!no )(?:less|fewer|smaller|shorter|lower|younger|lighter|slower) than"
    r"|under|below|at most|up to|(?:a )?maximum(?: of)?|max\.?"
    r"|n(?:ot|o) (?:more|greater|longer|higher|older|later|larger) than"
    r"|not (?:to )?exceed(?:ing)?|not (?:over|above)|limited to|capped at|within"
)
_BEFORE_IT = r"(?: (?:the|a|an|about|some))?(?:\s?[$€£¥]|\s[A-Z]{2,3}[$€£]?)?\s?$"
_AT_LEAST = re.compile(rf"(?<!\w)(?:{_LEAST}){_BEFORE_IT}", re.I)
_AT_MOST = re.compile(rf"(?<!\w)(?:{_MOST}){_BEFORE_IT}", re.I)
_DENIED = re.compile(rf"(?<!\w)(?:not|no|never|n't) (?:{_LEAST}){_BEFORE_IT}", re.I)
_UPWARDS = re.compile(
    r"[^.,;\d]{0,20}\bor (?:more|older|longer|over|above|later)\b|[\w%°€$]* upwards\b", re.I
)
_DOWNWARDS = re.compile(r"[^.,;\d]{0,20}\bor (?:less|fewer|younger|under|below|earlier)\b", re.I)
_NEARBY = 40


def bound(text: str, start: int, end: int) -> int:
    """1 when the number at ``text[start:end]`` is a least, -1 when it is a most, 0 when neither is said."""
    before, behind = text[max(0, start - _NEARBY) : start], text[end : end + _NEARBY]
    if _AT_MOST.search(before) or _DENIED.search(before) or _DOWNWARDS.match(behind):
        return -1
    return int(bool(_AT_LEAST.search(before) or _UPWARDS.match(behind)))
