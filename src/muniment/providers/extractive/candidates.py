"""The sentences, list items and table rows of the passages, with the question's terms that each carries."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.qualifiers import Qualifier, narrowed, qualifiers
from muniment.language.synonyms import synonyms
from muniment.language.tables import is_header
from muniment.language.terms import WORD, stem
from muniment.language.units import Unit, UnitKind, split_units
from muniment.protocols import PromptPassage
from muniment.providers.extractive.headings import is_title, names_option, option_names
from muniment.providers.extractive.question import Question

_LONG_VERB = 5
"""Letters of a stem from which "-er" and "-or" make the doer and seldom another word (flow and flower)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of a passage; ``carried`` are question terms in it, ``alike`` those it has a synonym of,
    ``nearby`` those in its surroundings.

    Surroundings are the heading path, the document's title, the table header and the sentence before.
    ``scope`` are the qualifiers in force: the unit's own, and those of the sentences before it in its
    paragraph, or else of the headings, as far as it does not replace them. ``option`` are the names of the
    command's option that the unit names or explains; ``names_option`` when it does nothing else.
    """

    passage: PromptPassage
    position: int
    unit: Unit
    text: str
    carried: frozenset[str]
    alike: frozenset[str]
    nearby: frozenset[str]
    is_heading: bool
    scope: frozenset[Qualifier]
    option: frozenset[str] = frozenset()
    names_option: bool = False

    @property
    def answers(self) -> bool:
        """Headings and the names of a table's columns alone answer nothing."""
        heads = self.unit.kind is UnitKind.TABLE_HEADER and is_header(self.text)
        return not self.is_heading and not heads

    @property
    def in_table(self) -> bool:
        """Whether it is a row of a table."""
        return self.unit.kind in (UnitKind.TABLE_HEADER, UnitKind.TABLE_ROW)


def find_candidates(question: Question, passages: tuple[PromptPassage, ...]) -> list[Candidate]:
    """Every unit of every passage, in reading order."""
    wanted = Wanted(question.terms)
    return [candidate for given in passages for candidate in _of_passage(given, wanted)]


def term_weights(terms: tuple[str, ...], candidates: list[Candidate]) -> dict[str, float]:
    """Inverse document frequency of each question term, candidates taken as the documents.

    The weight of a term that no candidate carries is the highest: its absence counts.
    """
    frequency = Counter(term for candidate in candidates for term in candidate.carried)
    total = len(candidates)
    return {term: math.log(1 + (total + 0.5) / (frequency[term] + 0.5)) for term in terms}


class Wanted:
    """Finds question terms in text. Stems only words that begin like one: stemming is the slow part."""

    def __init__(self, terms: tuple[str, ...]) -> None:
        self._terms = frozenset(terms)
        self._alike = {other: term for term in terms for other in (*synonyms(term), *_doers(term))}
        self._beginnings = frozenset(term[:2] for term in (*terms, *self._alike))

    def of(self, text: str) -> frozenset[str]:
        """The terms in ``text``."""
        return self._terms & self._stems(text)

    def with_alike(self, text: str) -> tuple[frozenset[str], frozenset[str]]:
        """The terms in ``text``, and those for which only a synonym is in it."""
        found = self._stems(text)
        carried = self._terms & found
        return carried, frozenset(self._alike[word] for word in found & self._alike.keys()) - carried

    def _stems(self, text: str) -> set[str]:
        return {
            stem(word)
            for word in set(WORD.findall(text.lower()))
            if word[:2] in self._beginnings or len(word) < 5
        }


def _doers(term: str) -> tuple[str, ...]:
    """Who does it: whoever audits a company is its auditor."""
    return (f"{term}or", f"{term}er") if len(term) >= _LONG_VERB else ()


def _of_passage(given: PromptPassage, wanted: Wanted) -> list[Candidate]:
    chunk = given.passage.chunk
    headings = {" ".join(heading.split()).casefold() for heading in chunk.headings}
    around = wanted.of(f"{given.passage.document_name}\n{chunk.context}\n{' '.join(chunk.headings)}")
    above = qualifiers("\n".join(chunk.headings))
    candidates: list[Candidate] = []
    lead, before = frozenset[str](), frozenset[str]()
    scope, end = above, 0
    units = split_units(chunk.text)
    for position, unit in enumerate(units):
        text = unit.of(chunk.text)
        carried, alike = wanted.with_alike(text)
        header = wanted.of(chunk.text[slice(*unit.header)]) if unit.header else frozenset()
        is_heading = _is_heading(chunk.text, units, position, headings)
        in_list = unit.kind in (UnitKind.LIST_ITEM, UnitKind.FRAGMENT, UnitKind.TABLE_ROW)
        option, explained = _option(chunk.text, units, position)
        nearby = (around | header | (lead if in_list else before) | wanted.of(explained)) - carried
        scope = narrowed(above if "\n" in chunk.text[end : unit.start] else scope, qualifiers(text))
        candidates.append(
            Candidate(
                given,
                position,
                unit,
                text,
                carried,
                alike,
                nearby,
                is_heading,
                scope,
                option,
                explained == text,
            )
        )
        before, end = carried, unit.end
        if unit.kind is UnitKind.SENTENCE or is_heading:
            lead = carried
    return candidates


def _is_heading(text: str, units: Sequence[Unit], position: int, headings: set[str]) -> bool:
    unit = units[position]
    named = unit.kind is UnitKind.FRAGMENT and " ".join(unit.of(text).split()).casefold() in headings
    return named or is_title(text, units, position)


def _option(text: str, units: Sequence[Unit], position: int) -> tuple[frozenset[str], str]:
    """The option that a unit names or explains, and the line that names it; nothing where there is none."""
    for place in (position, position - 1):
        if names_option(text, units, place):
            line = units[place].of(text)
            return option_names(line), line
    line = units[position].of(text)
    return (option_names(line.split("  ")[0]), "") if line.startswith("-") else (frozenset(), "")
