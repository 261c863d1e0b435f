"""How near an answer's words are to the expected ones.

As SQuAD's own evaluation does it (Rajpurkar et al., 2016): case, punctuation and articles do not count.
"""

import re
from collections import Counter
from collections.abc import Iterable

_ARTICLES = frozenset(("a", "an", "the"))
_WORD = re.compile(r"[^\W_]+(?:[.,:]\d+)*")
"""A word or a number with its separators, so that 1.5 is not 15."""
_CITATION = re.compile(r"\[\d+(?:, ?\d+)*\]")


def words_of(text: str) -> list[str]:
    """The words that are compared, in order; numbers of citations are none."""
    text = _CITATION.sub(" ", text)
    found = (word.replace(",", "") if word[0].isdigit() else word for word in _WORD.findall(text.casefold()))
    return [word for word in found if word not in _ARTICLES]


def token_f1(answer: str, expected: Iterable[str]) -> float:
    """Harmonic mean of the precision and recall of words, for the expected answer that fits best; 0 to 1."""
    return max((_f1(words_of(answer), words_of(one)) for one in expected), default=0.0)


def exact_match(answer: str, expected: Iterable[str]) -> bool:
    """Whether the words are those of an expected answer."""
    return any(words_of(answer) == words_of(one) for one in expected)


def contains(answer: str, expected: Iterable[str]) -> bool:
    """Whether the words of an expected answer stand in the answer, in a row."""
    there = words_of(answer)
    for one in expected:
        wanted = words_of(one)
        if wanted and any(
            there[start : start + len(wanted)] == wanted for start in range(len(there) - len(wanted) + 1)
        ):
            return True
    return False


def _f1(there: list[str], wanted: list[str]) -> float:
    if not there or not wanted:
        return float(there == wanted)
    shared = sum((Counter(there) & Counter(wanted)).values())
    return 2 * shared / (len(there) + len(wanted))
