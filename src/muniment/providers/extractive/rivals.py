"""What is said of another year or model: the weight of the Flow 300 says nothing of the Flow 700."""

import re

from muniment.language.provisions import is_label
from muniment.protocols import PromptPassage
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.question import Question

_YEAR = re.compile(r"(?<![\d.,/-])(?:19|20)\d\d(?!\d)")
_MODEL = re.compile(
    r"\b(?P<name>[A-Z][\w-]*[A-Za-z])[ -](?P<number>\d{1,5})(?![\w%]|[.,]\d|\s(?:%|per\s?cent|[a-z]+s\b))"
)
"""A word written like a name, and its number: no "Within 30 days", no "Up to 500"."""


def of_another_year(question: Question, best: Candidate) -> bool:
    """Whether the question names a year, and ``best`` (with the names of its columns) only others; its
    passage, headings and document do not name it either."""
    asked = frozenset(_YEAR.findall(question.text))
    if not asked:
        return False
    chunk = best.passage.passage.chunk
    header = chunk.text[slice(*best.unit.header)] if best.unit.header else ""
    own = frozenset(_YEAR.findall(f"{header}\n{best.text}"))
    return bool(own) and not asked & own and not asked & frozenset(_YEAR.findall(_whole(best.passage)))


def of_another_model(question: Question, given: PromptPassage) -> bool:
    """Whether the passage speaks of another number of a name that the question has with a number."""
    whole = _whole(given)
    return any(_other_number(match["name"], match["number"], whole) for match in _named(question.text))


def _named(text: str) -> list[re.Match[str]]:
    return [
        match
        for match in _MODEL.finditer(text)
        if not is_label(match["name"]) and not _YEAR.fullmatch(match["number"])
    ]


def _other_number(name: str, number: str, text: str) -> bool:
    if re.search(rf"(?<![\w.]){number}(?!\w)", text):
        return False
    return re.search(rf"\b{re.escape(name)}[ -]\d", text) is not None


def _whole(given: PromptPassage) -> str:
    chunk = given.passage.chunk
    return f"{given.passage.document_name}\n{chunk.context}\n{chr(10).join(chunk.headings)}\n{chunk.text}"
