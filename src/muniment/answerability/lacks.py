"""Says what of a question the passages do not hold."""

import re

from muniment.answerability.signals import Lacking
from muniment.language.terms import WORD, stem
from muniment.providers.extractive.question import Expects, Question

_MOST_WORDS = 3
_KINDS = {
    Expects.NUMBER: "a number",
    Expects.MONEY: "a sum of money",
    Expects.DURATION: "a time or duration",
    Expects.DATE: "a date",
    Expects.PERSON: "a name",
    Expects.PLACE: "a place",
    Expects.REASON: "a reason",
    Expects.DEFINITION: "a definition",
}


def notes_on(question: Question, missing: Lacking) -> tuple[str, ...]:
    """One sentence for each sort of thing that is missing, plainest first; none when nothing is."""
    notes = []
    named = [*_as_written(question, missing.names), *missing.codes]
    if named:
        notes.append(f"No passage names {_listed(named)}.")
    if missing.numbers:
        notes.append(f"No passage holds the number {_listed(list(missing.numbers))}.")
    if missing.kind and question.expects in _KINDS:
        notes.append(f"No passage gives {_KINDS[question.expects]} in answer to it.")
    if missing.sort and question.sort:
        notes.append(f"No passage names a {_listed(_as_written(question, (question.sort,)))}.")
    others = [word for word in missing.words if word not in missing.names and word != question.sort]
    words = [word for word in _as_written(question, others) if not re.search(r"\d", word)]
    if words:
        notes.append(f"The passages that fit best say nothing of {_listed(words[:_MOST_WORDS])}.")
    return tuple(notes)


def _as_written(question: Question, stems: tuple[str, ...] | list[str]) -> list[str]:
    """The question's own words for the stems, in the order of ``stems``."""
    words = {stem(word): word for word in reversed(WORD.findall(question.text))}
    return [words.get(one, one) for one in stems]


def _listed(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
