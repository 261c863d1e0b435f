"""Questions that name a provision by its number: what stands under its heading answers them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.provisions import Reference, headed, heads, number_of, references
from muniment.language.terms import content_stems, stem
from muniment.language.units import UnitKind
from muniment.protocols import PromptPassage
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.listing import MOST_UNITS
from muniment.providers.extractive.question import Question

_SAYING = frozenset(
    stem(word)
    for word in "say state provide regulate contain rule deal about require govern lay lays set cover content"
    " wording"
    " text read stipulate prescribe summary summarise summarize quote show full specify mention"
    " address concern".split()
)
"""Words of a question that wants the provision itself."""
_PART = r"\s*\(?{}[.)]"


@dataclass(frozen=True, slots=True)
class Provision:
    """What stands under the heading that a question names, in reading order.

    ``wanted_whole`` when the question asks for nothing in it but it itself.
    """

    reference: Reference
    units: tuple[Candidate, ...]
    wanted_whole: bool

    def speaks(self, candidate: Candidate) -> bool:
        """Whether a unit belongs to the provision, or names it."""
        return candidate in self.units or self.reference in references(candidate.text)


def headed_first(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages with those first that hold the provision a question names."""
    named = references(question.text)
    if not named:
        return passages
    return tuple(sorted(passages, key=lambda one: not any(_holds(one, reference) for reference in named)))


def provision(question: Question, candidates: Sequence[Candidate]) -> Provision | None:
    """The provision that the question names, from the document that fits its other words best; None when it
    names none, or none that was found."""
    for reference in references(question.text):
        found = _by_document(reference, candidates)
        if found:
            units = max(found, key=lambda units: _fit(question, units[0]))
            rest = _rest(question, reference, units[0])
            return Provision(reference, tuple(_part(reference, units)), not rest)
    return None


def _holds(given: PromptPassage, reference: Reference) -> bool:
    chunk = given.passage.chunk
    lines = (*chunk.headings, *chunk.text.split("\n"))
    return any(heads(line.strip(), reference) for line in lines)


def _by_document(reference: Reference, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    found: dict[str, list[Candidate]] = {}
    ordered = sorted(candidates, key=lambda one: (one.passage.passage.chunk.ordinal, one.position))
    inside: set[int] = set()
    for one in ordered:
        number, passage = one.passage.number, one.passage.passage
        if one.position == 0 and any(heads(line, reference) for line in passage.chunk.headings):
            inside.add(number)  # until a heading in its text says otherwise
        if heads(one.text, reference):
            inside.add(number)
        elif number in inside and _ends(one, reference):
            inside.discard(number)
        elif number in inside and not one.is_heading and one.text not in _texts(found, one):
            found.setdefault(passage.document_id, []).append(one)
    return [units for units in found.values() if units]


def _texts(found: dict[str, list[Candidate]], one: Candidate) -> set[str]:
    """What is there already: passages overlap."""
    return {other.text for other in found.get(one.passage.passage.document_id, [])}


def _ends(one: Candidate, reference: Reference) -> bool:
    """Whether another provision of the sort begins, or a new heading that is not below this one."""
    named = headed(one.text)
    if named is not None:
        return named.label == reference.label or one.is_heading
    if not one.is_heading:
        return False
    number = number_of(one.text)
    return number is not None and not number.startswith(f"{reference.number}.")


def _part(reference: Reference, units: Sequence[Candidate]) -> list[Candidate]:
    """The part that the reference names, with all that follows up to the next of its sort; all without it."""
    if not reference.part:
        return list(units)
    begins = re.compile(_PART.format(re.escape(reference.part)), re.I)
    after = re.compile(_PART.format(r"\d{1,2}" if reference.part.isdigit() else r"[a-z]{1,3}"), re.I)
    taken: list[Candidate] = []
    for one in units:
        if begins.match(one.text):
            taken = [one]
        elif taken and after.match(one.text):
            break
        elif taken:
            taken.append(one)
    return taken or list(units)


def _fit(question: Question, unit: Candidate) -> tuple[int, int]:
    passage = unit.passage.passage
    around = set(
        content_stems(f"{passage.document_name} {passage.chunk.context} {' '.join(passage.chunk.headings)}")
    )
    return len(around & set(question.terms)), -unit.passage.number


def _rest(question: Question, reference: Reference, unit: Candidate) -> set[str]:
    """The question's words that neither name the provision or its document nor ask for what it says."""
    passage = unit.passage.passage
    around = set(
        content_stems(f"{passage.document_name} {passage.chunk.context} {passage.chunk.headings[:1]}")
    )
    return set(question.terms) - {stem(word) for word in reference.words} - around - _SAYING


def quoted_units(found: Provision) -> list[Candidate]:
    """What of a provision is quoted when it is wanted whole."""
    return [one for one in found.units if one.unit.kind is not UnitKind.TABLE_HEADER or one.answers][
        :MOST_UNITS
    ]
