"""Whether passages say enough about a question to answer it, and which of them may."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.people import is_of_people, names_group, of_others, says_of
from muniment.language.qualifiers import contradict, qualifiers
from muniment.language.terms import stem, stems
from muniment.language.units import split_units
from muniment.language.unnumbered import occasion
from muniment.protocols import PromptPassage
from muniment.providers.extractive.candidates import Candidate, Wanted
from muniment.providers.extractive.defining import defines, wants_definition
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.rivals import of_another_model
from muniment.providers.extractive.scoring import ALIKE, Scored, holds_expected
from muniment.providers.extractive.sorts import names_one, sort_of


@dataclass(frozen=True, slots=True)
class Limits:
    """When to answer.

    Attributes:
        coverage: share of the question's terms, rare ones counting more, that the best unit with its
            surroundings must carry when no cosine is known (keyword search).
        evidence: what the mean of the cosines of the question with the nearest passage and with the
            nearest unit must reach, ``PASSAGE_WORDS`` and ``NAME_MISSING`` counted in.
    """

    coverage: float = 0.3
    evidence: float = 0.45


PASSAGE_WORDS = 0.2
"""What the share of the question's words that the best unit's passage carries adds to the cosines."""
NAME_MISSING = 0.2
"""What is taken off, times the share of the question's names that stand in no passage."""

ALL_THE_REST = 0.75
"""Share of a question's other words that a unit must hold to name what is asked for by no sort of name."""
MOST_OF_THE_REST = 0.6
"""The same, its surroundings counted in, where it holds a name, place or date that may be what is asked
for."""
_WHEN_IN_GENERAL = re.compile(r"\W*when (?:do|does|is|are|must|shall)\b", re.I)
_LIGHT = frozenset(map(stem, "use make get call need include have give provide take become".split()))
"""Verbs that say little of what is asked."""


def supported(
    question: Question, ranked: Sequence[Scored], passages: Sequence[PromptPassage], limits: Limits
) -> bool:
    """Whether to answer with the best of ``ranked`` (best first)."""
    if not ranked or _lacks_what_is_asked(question, ranked):
        return False
    found = evidence(question, ranked, passages)
    if found is None:
        return not _names_missing(question, passages) and ranked[0].coverage >= limits.coverage
    return found >= limits.evidence


def evidence(question: Question, ranked: Sequence[Scored], passages: Sequence[PromptPassage]) -> float | None:
    """How much speaks for an answer, about 0 to 1.2; None when no cosine is known.

    Words alone cannot tell a paraphrase from another topic; the embedding model can, so its cosines
    decide, and names and words help. 0 when the best unit's passage shares
    no word with the question.
    """
    of_passages = [given.passage.scores["cosine"] for given in passages if "cosine" in given.passage.scores]
    of_units = [one.cosine for one in ranked if one.cosine is not None]
    nearest = [max(cosines) for cosines in (of_passages, of_units) if cosines]
    if not nearest:
        return None
    best = ranked[0].candidate
    carried = _words_of_passage(question, best.passage)
    found = sum(nearest) / len(nearest) + PASSAGE_WORDS * carried
    found -= NAME_MISSING * _names_missing(question, passages)
    return found if carried else 0.0


def _words_of_passage(question: Question, given: PromptPassage) -> float:
    """Share of the question's terms that the passage with its title carries, synonyms counting less."""
    carried, alike = Wanted(question.terms).with_alike(_text(given))
    return (len(carried) + ALIKE * len(alike)) / max(1, len(question.terms))


def holds_for_others(question: Question, one: Candidate) -> bool:
    """Whether a unit holds for others: what is said of full-time staff, of apprentices, says nothing of
    part-time
    staff."""
    if contradict(qualifiers(question.text), one.scope):
        return True
    return names_group(question.text) and of_others(question.text, one.text)


def group_first(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The same, what is said of the very group that is asked about first, where the best holds for others."""
    if not ranked or not names_group(question.text) or not holds_for_others(question, ranked[0].candidate):
        return list(ranked)
    return sorted(ranked, key=lambda one: not _speaks_of_the_group(question, one.candidate))


def _speaks_of_the_group(question: Question, one: Candidate) -> bool:
    """Whether it names the group and something else of the question."""
    others = {term for term in one.carried | one.alike if not is_of_people(term)}
    return bool(others) and says_of(question.text, one.text)


def _lacks_what_is_asked(question: Question, ranked: Sequence[Scored]) -> bool:
    """Whether an amount or date is asked for and ``best`` holds none, or a "which" asks for a sort of thing
    (bank, form) that its passage never names."""
    best = ranked[0].candidate
    if (
        question.demands_amount
        and question.parts == 1
        and holds_expected(question.expects, best.text) is False
        and not (_WHEN_IN_GENERAL.match(question.text) and occasion(best.text))
        and not _says_otherwise_of_the_asked(question, ranked)
    ):
        return True
    if question.sort is None or any(Wanted((question.sort,)).with_alike(_text(best.passage))):
        return False
    return not _is_of_sort(question, question.sort, best)


def _says_otherwise_of_the_asked(question: Question, ranked: Sequence[Scored]) -> bool:
    """Whether the best unit speaks of the very group that is asked about, and beside it others are given the
    amount: "Part-time staff get leave in proportion" is the answer, though it holds no number."""
    best = ranked[0].candidate
    if not names_group(question.text) or not says_of(question.text, best.text):
        return False
    return any(
        one.candidate.passage is best.passage
        and holds_for_others(question, one.candidate)
        and holds_expected(question.expects, one.candidate.text)
        for one in ranked[1:]
    )


def _is_of_sort(question: Question, asked: str, best: Candidate) -> bool:
    """Whether ``best`` may name a thing of the sort, though its passage does not call it so: a city by its
    name; mineral oil, where all the rest of the question is said of it."""
    sort = sort_of(asked)
    others = set(question.terms) - {asked} - _LIGHT
    own = (len(best.carried & others) + ALIKE * len(best.alike & others)) / max(1, len(others))
    if sort is None:
        return len(best.carried & others) > 1 and own >= ALL_THE_REST
    around = own + len((best.nearby - best.alike) & others) / max(1, len(others))
    return own > 0 and around >= MOST_OF_THE_REST and names_one(sort, best.text, question.text)


def _names_missing(question: Question, passages: Sequence[PromptPassage]) -> float:
    """Share of the question's names that stand in no passage."""
    if not question.names:
        return 0.0
    held = frozenset[str]().union(*(_held_names(question, given) for given in passages))
    return len(question.names - held) / max(1, len(question.names))


def about_the_named(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages that hold all the question's codes and as many of its names as any other passage.

    What is said of another product, model or person is no answer, however well the rest fits. None are
    left when a code stands in no passage at all, or all speak of another model. A definition of what the
    question wants defined need not say again which agreement it stands in.
    """
    passages = tuple(given for given in passages if not of_another_model(question, given))
    if not question.codes and not question.names:
        return passages
    held = {given.number: _held_names(question, given) for given in passages}
    most = max((len(names) for names in held.values()), default=0)
    return tuple(
        given
        for given in passages
        if (question.codes <= held[given.number] and len(held[given.number]) == most)
        or _defines(question, given)
    )


def _defines(question: Question, given: PromptPassage) -> bool:
    term, _ = wants_definition(question.text)
    text = given.passage.chunk.text
    return bool(term) and any(defines(term, unit.of(text)) == 1 for unit in split_units(text))


def _held_names(question: Question, given: PromptPassage) -> frozenset[str]:
    text = _text(given)
    shouted = text.upper()
    return frozenset(code for code in question.codes if code in shouted) | (question.names & stems(text))


def _text(given: PromptPassage) -> str:
    return f"{given.passage.document_name}\n{given.passage.chunk.context}\n{given.passage.chunk.text}"
