"""Whether passages say enough about a question to answer it, and which of them may."""

from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.terms import stems
from muniment.protocols import PromptPassage
from muniment.providers.extractive.candidates import Wanted
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.scoring import ALIKE, Scored


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
    evidence: float = 0.455


PASSAGE_WORDS = 0.2
"""What the share of the question's words that the best unit's passage carries adds to the cosines."""
NAME_MISSING = 0.2
"""What is taken off, times the share of the question's names that stand in no passage."""


def supported(
    question: Question, ranked: Sequence[Scored], passages: Sequence[PromptPassage], limits: Limits
) -> bool:
    """Whether to answer with the best of ``ranked`` (best first).

    Words alone cannot tell a paraphrase from another topic; the embedding model can, so its cosines
    decide where they are known, names and words helping.
    """
    of_passages = [given.passage.scores["cosine"] for given in passages if "cosine" in given.passage.scores]
    of_units = [one.cosine for one in ranked if one.cosine is not None]
    nearest = [max(cosines) for cosines in (of_passages, of_units) if cosines]
    missing = _names_missing(question, passages)
    if not nearest:
        return not missing and max(one.coverage for one in ranked) >= limits.coverage
    carried = _words_of_passage(question, ranked[0].candidate.passage)
    evidence = sum(nearest) / len(nearest) + PASSAGE_WORDS * carried - NAME_MISSING * missing
    return carried > 0 and evidence >= limits.evidence


def _words_of_passage(question: Question, given: PromptPassage) -> float:
    """Share of the question's terms that the passage with its title carries, synonyms counting less."""
    carried, alike = Wanted(question.terms).with_alike(_text(given))
    return (len(carried) + ALIKE * len(alike)) / max(1, len(question.terms))


def _names_missing(question: Question, passages: Sequence[PromptPassage]) -> float:
    """Share of the question's names that stand in no passage."""
    held = frozenset[str]().union(*(_held_names(question, given) for given in passages))
    return len(question.names - held) / max(1, len(question.names))


def about_the_named(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages that hold all the question's codes and as many of its names as any other passage.

    What is said of another product or person is no answer, however well the rest fits. None are left
    when a code stands in no passage at all.
    """
    held = {given.number: _held_names(question, given) for given in passages}
    most = max((len(names) for names in held.values()), default=0)
    return tuple(
        given
        for given in passages
        if question.codes <= held[given.number] and len(held[given.number]) == most
    )


def _held_names(question: Question, given: PromptPassage) -> frozenset[str]:
    text = _text(given)
    shouted = text.upper()
    return frozenset(code for code in question.codes if code in shouted) | (question.names & stems(text))


def _text(given: PromptPassage) -> str:
    return f"{given.passage.document_name}\n{given.passage.chunk.context}\n{given.passage.chunk.text}"
