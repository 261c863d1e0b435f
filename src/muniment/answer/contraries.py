"""Whether a claim says the opposite of its evidence in a word: outside for inside, must for may, at most for
at least, a year for a month."""

import re
from collections.abc import Iterable, Sequence

from muniment.answer.values import Value
from muniment.language.modality import Modality, modalities
from muniment.language.negation import polarity
from muniment.language.opposites import opposite, opposite_before_one_noun
from muniment.language.terms import is_content, stem, words

_PERIOD = re.compile(
    r"\b(?:per|an?|each|every)\s+(hour|day|week|month|quarter|year)\b"
    r"|\b(hourly|daily|weekly|monthly|quarterly|annual|annually|yearly)\b|\b(p\.\s?a\.|per annum)",
    re.I,
)
_ONCE = re.compile(r"\bonce (?=(?:the|an?|it|they|you|he|she|we|all|this|that|these|your|their)\b)", re.I)
"""The conjunction, which counts nothing."""
_CALLED_OFF = re.compile(r"\bcalled off\b", re.I)
_PERIOD_NAMES = {"annual": "year", "annually": "year", "yearly": "year", "daily": "day"}


def opposed(claim: str, sentence: str) -> Iterable[str]:
    """What stands in the claim where the sentence has its opposite."""
    yield from _opposite_words(claim, sentence)
    yield from _other_period(claim, sentence)
    yield from _other_modality(claim, sentence)


def _opposite_words(claim: str, sentence: str) -> Iterable[str]:
    mine, theirs = (words(_CALLED_OFF.sub("cancelled", _ONCE.sub(" ", one))) for one in (claim, sentence))
    here, there = {stem(word) for word in mine}, {stem(word) for word in theirs}
    denied, denied_there = polarity(claim).denied, polarity(sentence).denied
    for at, word in enumerate(mine):
        for position, other in enumerate(theirs):
            if not opposite_before_one_noun(word, other):
                continue
            if (stem(word) in denied) != (stem(other) in denied_there):
                continue
            left, right = _alike(_place(mine, at), _place(theirs, position))
            absent = stem(word) not in there and stem(other) not in here
            exchanged = left and right and not _stands(word, _place(mine, at), theirs)
            if exchanged or (absent and (opposite(word, other) or left or right)):
                yield f"“{word}” stands where the cited text says “{other}”"
                break


def _place(tokens: Sequence[str], at: int) -> tuple[str, str]:
    """Stems of the nearest content words before and behind; empty where there are none."""
    before = next((stem(word) for word in reversed(tokens[:at]) if is_content(word)), "")
    behind = next((stem(word) for word in tokens[at + 1 :] if is_content(word)), "")
    return before, behind


def _alike(one: tuple[str, str], other: tuple[str, str]) -> tuple[bool, bool]:
    return one[0] == other[0] != "", one[1] == other[1] != ""


def _stands(word: str, place: tuple[str, str], tokens: Sequence[str]) -> bool:
    """Whether the word stands in the text at a place that is alike on either side."""
    return any(
        other.lower() == word.lower() and any(_alike(place, _place(tokens, at)))
        for at, other in enumerate(tokens)
    )


def _other_period(claim: str, sentence: str) -> Iterable[str]:
    mine, theirs = _periods(claim), _periods(sentence)
    if len(mine) == len(theirs) == 1 and mine.keys() != theirs.keys():
        (said,), (stated,) = mine.values(), theirs.values()
        yield f"“{said}” stands where the cited text says “{stated}”"


def _periods(text: str) -> dict[str, str]:
    found = {}
    for match in _PERIOD.finditer(text):
        word = (match[1] or match[2] or "year").lower()
        found[_PERIOD_NAMES.get(word, word.removesuffix("ly"))] = match.group()
    return found


def _other_modality(claim: str, sentence: str) -> Iterable[str]:
    mine, theirs = modalities(claim), modalities(sentence)
    for verb, (said, word) in mine.items():
        if verb not in theirs:
            continue
        stated, other = theirs[verb]
        both = {said, stated}
        if both == {Modality.PERMITTED, Modality.OBLIGATORY}:
            yield f"“{word}” stands where the cited text says “{other}”"


def bounded_otherwise(claimed: Sequence[Value], stated: Sequence[Value]) -> Iterable[str]:
    """Values that are a least in the claim and a most in the evidence, or the reverse.

    "At least" where the evidence has no bound is a mistake when the evidence says it of another value.
    """
    for value in claimed:
        if not value.bound:
            continue
        same = [other.bound for other in stated if value.same(other)]
        if not same or value.bound in same:
            continue
        others = [other for other in stated if value.rivals(other) and other.bound == value.bound]
        if 0 not in same or (others and value.bound > 0):
            yield f"{value.what.text} is not said to be the {'least' if value.bound > 0 else 'most'}"
