"""Whether passages say enough about a question to answer it, and which of them may."""

from collections.abc import Sequence
from dataclasses import dataclass

from muniment.language.terms import stems
from muniment.protocols import PromptPassage
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.scoring import Scored


@dataclass(frozen=True, slots=True)
class Limits:
    """When to answer.

    Attributes:
        coverage: share of the question's terms, rare ones counting more, that the best unit with its
            surroundings must carry when no cosine is known (keyword search).
        evidence: what the mean of the cosines of the question with the nearest passage and with the
            nearest sentence must reach, ``COVERAGE_WORTH`` times the best unit's coverage added.
    """

    coverage: float = 0.3
    evidence: float = 0.42


COVERAGE_WORTH = 0.15


def supported(ranked: Sequence[Scored], passages: Sequence[PromptPassage], limits: Limits) -> bool:
    """Whether to answer with the best of ``ranked`` (best first).

    Words alone cannot tell a paraphrase from another topic; the embedding model can, so its cosines
    decide where they are known. A unit that carries no word of the question answers nothing.
    """
    coverage = ranked[0].coverage
    of_passages = [given.passage.scores["cosine"] for given in passages if "cosine" in given.passage.scores]
    of_units = [one.cosine for one in ranked if one.cosine is not None]
    nearest = [max(cosines) for cosines in (of_passages, of_units) if cosines]
    if not nearest:
        return max(one.coverage for one in ranked) >= limits.coverage
    return sum(nearest) / len(nearest) + COVERAGE_WORTH * coverage >= limits.evidence and coverage > 0


def about_the_named(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages that hold all the question's codes and as many of its names as any other passage.

    What is said of another product or person is no answer, however well the rest fits. None are left
    when a code or a name stands in no passage at all.
    """
    held = {given.number: _held_names(question, given) for given in passages}
    if frozenset().union(*held.values()) < question.codes | question.names:
        return ()
    most = max((len(names) for names in held.values()), default=0)
    return tuple(
        given
        for given in passages
        if question.codes <= held[given.number] and len(held[given.number]) == most
    )


def _held_names(question: Question, given: PromptPassage) -> frozenset[str]:
    text = f"{given.passage.document_name}\n{given.passage.chunk.context}\n{given.passage.chunk.text}"
    shouted = text.upper()
    return frozenset(code for code in question.codes if code in shouted) | (question.names & stems(text))
