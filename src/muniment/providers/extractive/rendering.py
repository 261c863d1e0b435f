"""Quoted units as text: running sentences, lists as lists, the cells of a row behind their columns' names."""

import re
from collections.abc import Iterator

from muniment.language.tables import cells, named_cells
from muniment.language.units import CELL_SEPARATOR, UnitKind, split_sentences
from muniment.providers.extractive.candidates import Candidate, Wanted
from muniment.providers.extractive.question import Question

_MARK = re.compile(r"[\[【](\d+(?:\s*[,;–-]\s*\d+)*)[\]】]")
_WHOLE_ROW = 5
"""A row of so many cells or fewer is shown whole; of a longer one, what was asked for."""


def quoted(question: Question, chosen: list[Candidate]) -> Iterator[str]:
    """One piece per candidate, with its mark. Joined they are the answer."""
    before: Candidate | None = None
    for candidate in chosen:
        yield _separator(before, candidate) + _marked(_shown(question, candidate), candidate.passage.number)
        before = candidate


def _marked(text: str, number: int) -> str:
    """A mark behind each sentence, the white space of hard-wrapped lines folded. Marks in the text itself
    lose
    their brackets: they cite nothing here."""
    text = " ".join(_MARK.sub(r"(\1)", text).split())
    return " ".join(f"{text[start:end]} [{number}]" for start, end in split_sentences(text))


def _shown(question: Question, candidate: Candidate) -> str:
    if CELL_SEPARATOR not in candidate.text:
        return candidate.text
    header = candidate.unit.header
    named = (
        named_cells(candidate.passage.passage.chunk.text[slice(*header)], candidate.text) if header else None
    )
    if named is None:
        values = [cell for cell in cells(candidate.text) if cell]
        return f"{values[0]}: {values[1]}" if len(values) == 2 else "; ".join(values)
    shown = named if len(named) <= _WHOLE_ROW else _asked_for(question, named)
    return "; ".join(f"{name}: {value}" if name else value for name, value in shown if value)


def _asked_for(question: Question, named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The row's first cells, which say what it is about, and those whose column the question names."""
    wanted = Wanted(question.terms)
    asked = [index for index, (name, _) in enumerate(named) if index and any(wanted.with_alike(name))]
    if not asked:
        return named
    first = 1 if len(named[0][1]) > 3 else 2
    return [pair for index, pair in enumerate(named) if index < first or index in asked]


def _separator(before: Candidate | None, candidate: Candidate) -> str:
    if before is None:
        return ""
    if candidate.passage.number != before.passage.number:
        return "\n\n"
    if _one_line(before, candidate) or candidate.unit.kind is before.unit.kind is UnitKind.SENTENCE:
        return " "
    header = candidate.unit.header
    apart = header is not None and header != before.unit.header and before.unit.kind is not UnitKind.FRAGMENT
    return "\n\n" if apart else "\n"


def _one_line(before: Candidate, candidate: Candidate) -> bool:
    """Whether the two follow each other in one line, as the sentences of a list item do."""
    text = candidate.passage.passage.chunk.text
    follows = candidate.position == before.position + 1
    return follows and "\n" not in text[before.unit.end : candidate.unit.start]
