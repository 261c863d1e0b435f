"""Chooses which candidates make the answer, or that there is none."""

from dataclasses import dataclass

from muniment.language.terms import content_stems, stems
from muniment.language.units import UnitKind
from muniment.protocols import PromptPassage
from muniment.providers.extractive.candidates import Candidate, find_candidates, term_weights
from muniment.providers.extractive.question import Expects, Question, read_question
from muniment.providers.extractive.scoring import Scored, score

MOST_SENTENCES = 3
MOST_ITEMS = 10
NEAR_BEST = 0.6
"""A further sentence must reach this share of the best one's score."""
DUPLICATE = 0.7
"""Jaccard similarity of content stems from which two units say the same."""
_REFERS_BACK = frozenset("it this that these those they he she such its their his her however".split())


@dataclass(frozen=True, slots=True)
class Limits:
    """When to answer.

    Attributes:
        coverage: share of the question's terms, rare ones counting more, that the best unit with its
            surroundings must carry when no cosine similarity is known (keyword search).
        similarity: cosine of question and best passage that must be reached when it is known; full
            coverage makes up for ``COVERAGE_WORTH`` of it.
    """

    coverage: float = 0.3
    similarity: float = 0.35


COVERAGE_WORTH = 0.15


def select(text: str, passages: tuple[PromptPassage, ...], limits: Limits) -> list[Candidate]:
    """The candidates of the answer in reading order; none when the passages do not support one."""
    question = read_question(text)
    about = _about_the_named(question, passages)
    candidates = find_candidates(question, about)
    weights = term_weights(question.terms, candidates)
    behind = _behind(about)
    ranked = sorted(
        (score(question, weights, one, behind[one.passage.number]) for one in candidates),
        key=lambda one: -one.score,
    )
    if not ranked or not supported(ranked, about, limits):
        return []
    if question.expects is Expects.LIST or _leads_in(ranked[0].candidate):
        listed = _list_around(ranked[0].candidate, candidates)
        if len(listed) > 1:
            return listed
    return _in_reading_order(_best_few(question, ranked), candidates)


def supported(ranked: list[Scored], passages: tuple[PromptPassage, ...], limits: Limits) -> bool:
    """Whether the passages say enough about the question to answer it.

    Words alone cannot tell a paraphrase from another topic; the embedding model can, so its cosine
    decides where it is known.
    """
    coverage = max(one.coverage for one in ranked[:8])
    cosines = [given.passage.scores["cosine"] for given in passages if "cosine" in given.passage.scores]
    if not cosines:
        return coverage >= limits.coverage
    return max(cosines) + COVERAGE_WORTH * coverage >= limits.similarity and coverage > 0


def _about_the_named(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages that hold every code and name of the question, if it has any.

    What is said of another product, person or place is no answer, however well the rest fits.
    """
    if not question.codes and not question.names:
        return passages
    return tuple(given for given in passages if _holds_names(question, given))


def _holds_names(question: Question, given: PromptPassage) -> bool:
    text = f"{given.passage.document_name}\n{given.passage.chunk.context}\n{given.passage.chunk.text}"
    squeezed = text.upper()
    return all(code in squeezed for code in question.codes) and question.names <= stems(text)


def _behind(passages: tuple[PromptPassage, ...]) -> dict[int, float]:
    """How far each passage's score lies below the best, from 0 to 1; by rank when all scores are equal."""
    scores = [given.passage.score for given in passages]
    best, least = max(scores, default=0.0), min(scores, default=0.0)
    if best == least:
        return {given.number: index / max(1, len(passages)) for index, given in enumerate(passages)}
    return {given.number: (best - given.passage.score) / (best - least) for given in passages}


def _leads_in(candidate: Candidate) -> bool:
    return candidate.text.rstrip().endswith(":")


def _best_few(question: Question, ranked: list[Scored]) -> list[Candidate]:
    """The best candidate, and those near it which add terms or, for open questions, support."""
    best = ranked[0]
    chosen = [best.candidate]
    said = set(best.candidate.carried)
    exact = question.expects not in (Expects.ANYTHING, Expects.LIST, Expects.REASON, Expects.DEFINITION)
    for one in ranked[1:]:
        if len(chosen) >= MOST_SENTENCES or one.score < NEAR_BEST * best.score:
            break
        adds = bool(one.candidate.carried - said)
        if (adds or not exact) and one.own > 0 and not any(_same(one.candidate, other) for other in chosen):
            chosen.append(one.candidate)
            said |= one.candidate.carried
    return chosen


def _same(one: Candidate, other: Candidate) -> bool:
    left, right = set(content_stems(one.text)), set(content_stems(other.text))
    return len(left & right) >= DUPLICATE * min(len(left), len(right))


def _list_around(best: Candidate, candidates: list[Candidate]) -> list[Candidate]:
    """The list that ``best`` leads into or belongs to, lead-in first; only ``best`` when there is none."""
    mine = [one for one in candidates if one.passage.number == best.passage.number]
    start = best.position
    if not _leads_in(best):
        if not _is_item(best):
            return [best]
        while start > 0 and _is_item(mine[start - 1]) and mine[start - 1].unit.kind is best.unit.kind:
            start -= 1
        if start > 0 and _leads_in(mine[start - 1]):
            start -= 1
    end = start + 1
    while end < len(mine) and end - start <= MOST_ITEMS and _is_item(mine[end]):
        end += 1
    return mine[start:end]


def _is_item(candidate: Candidate) -> bool:
    return not candidate.is_heading and candidate.unit.kind in (
        UnitKind.LIST_ITEM, UnitKind.FRAGMENT, UnitKind.TABLE_ROW
    )  # fmt: skip


def _in_reading_order(chosen: list[Candidate], candidates: list[Candidate]) -> list[Candidate]:
    """Passages by their best candidate, units as they stand; one that refers back brings the one before."""
    passages = list(dict.fromkeys(one.passage.number for one in chosen))
    wanted = {(one.passage.number, one.position) for one in chosen}
    if len(chosen) <= MOST_SENTENCES:
        first = chosen[0]
        opening = first.text.split(maxsplit=1)[0].lower().strip(",") if first.text else ""
        if opening in _REFERS_BACK and first.position and first.unit.kind is UnitKind.SENTENCE:
            wanted.add((first.passage.number, first.position - 1))
    ordered = sorted(
        (one for one in candidates if (one.passage.number, one.position) in wanted and not one.is_heading),
        key=lambda one: (passages.index(one.passage.number), one.position),
    )
    return [one for one in ordered if one.unit.kind is not UnitKind.TABLE_HEADER]
