"""Groups of people that rules are made for: what is said of apprentices is not said of part-time staff."""

import re

from muniment.language.qualifiers import Qualifier, qualifiers
from muniment.language.terms import WORD, stem

_ALL = frozenset(
    stem(word)
    for word in "employee staff worker personnel colleague workforce everyone everybody anyone person people"
    " member"
    " user".split()
)
"""Whoever speaks of these speaks of most groups below as well."""

_GROUPS = """
apprentice trainee
intern
student pupil
manager supervisor executive
director
contractor freelancer
consultant
volunteer
pensioner retiree
shareholder
landlord lessor
tenant lessee
buyer purchaser
seller
borrower debtor
lender creditor
doctor physician
nurse
patient
teacher
driver
technician engineer
parent
visitor guest
cashier
"""
_TABLE = {
    form: group
    for group, line in enumerate(_GROUPS.strip().split("\n"))
    for word in line.split()
    for form in (word, f"{word}s")
}
"""Whole words: "internal" and "parental" are of nobody."""
_EMPLOYMENT = frozenset().union(
    *map(
        qualifiers,
        ("full-time", "part-time", "permanent", "temporary", "hourly", "salaried", "new", "existing"),
    )
)
_STEMS = frozenset(
    map(stem, (*_TABLE, "full", "part", "time", "permanent", "temporary", "hourly", "salaried"))
)
_SUBJECT = 4
"""So many words at the beginning of a sentence hold the group that it is about."""


def groups(text: str) -> frozenset[int]:
    """The groups that ``text`` speaks of."""
    words = (re.sub(r"['’]s?$", "", word.lower()) for word in WORD.findall(text))
    return frozenset(_TABLE[word] for word in words if word in _TABLE)


def is_of_people(word_stem: str) -> bool:
    """Whether a stem is that of people in general, of a group of them, or of terms of employment."""
    return word_stem in _ALL or word_stem in _STEMS


def names_group(question: str) -> bool:
    """Whether a question is about one group among others: about apprentices, about part-time staff."""
    return bool(groups(question) or _terms_of(question))


def says_of(question: str, text: str) -> bool:
    """Whether ``text`` itself speaks of the very group that the question names."""
    return groups(question) <= groups(text) and _terms_of(question) <= _terms_of(text)


def of_others(question: str, text: str) -> bool:
    """Whether ``text`` begins with a group that the question does not speak of, and does not speak of the one
    that it does; the question must speak of people at all."""
    asked = groups(question)
    if not asked and not _terms_of(question) and not _has_all(WORD.findall(question)):
        return False
    beginning = WORD.findall(text)[:_SUBJECT]
    subject = " ".join(beginning)
    if asked and not groups(text) & asked and _terms_of(subject) - _terms_of(question):
        return True
    strange = groups(subject) - asked
    return bool(strange) and not groups(text) & asked and not _has_all(beginning)


def _has_all(words: list[str]) -> bool:
    return any(stem(word) in _ALL for word in words)


def _terms_of(text: str) -> frozenset[Qualifier]:
    """The terms of employment that a text speaks of."""
    return qualifiers(text) & _EMPLOYMENT
