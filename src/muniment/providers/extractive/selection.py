"""Chooses which candidates make the answer."""

from muniment.language.terms import content_stems
from muniment.language.units import UnitKind
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.captions import with_captions
from muniment.providers.extractive.defining import defines, wants_definition
from muniment.providers.extractive.extremes import extreme_rows
from muniment.providers.extractive.listing import section_list, whole_list
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.scoring import Scored, holds_expected, likelihoods
from muniment.providers.extractive.support import holds_for_others

MOST_SENTENCES = 2
MOST_OF_PARTS = 3
"""The same for a question that asks several things."""
ENOUGH = 0.8
"""Sentences are added until one of them answers with this probability, as the model of the choice sees it."""
LEAST = 0.12
"""A further sentence must itself be the answer with this probability."""
LEAST_OF_PARTS = 0.04
"""The same for a question that asks several things: each sentence carries its part alone."""
ADDS = 0.12
"""Share of the question, rare words counting more, that a sentence for a further part must add."""
DUPLICATE = 0.7
"""Jaccard similarity of content stems from which two units say the same."""
_REFERS_BACK = frozenset("it this that these those they he she such its their his her however".split())


def select(
    question: Question, weights: dict[str, float], ranked: list[Scored], candidates: list[Candidate]
) -> list[Candidate]:
    """The candidates of the answer in reading order.

    ``ranked`` are the candidates by score, best first; ``candidates`` all there are, in reading order.
    """
    best = ranked[0].candidate
    listed = (
        extreme_rows(question, best, candidates)
        or section_list(question, candidates)
        or whole_list(question, best, candidates)
    )
    chosen = listed or _in_reading_order(_best_few(question, weights, ranked), candidates)
    return with_captions(chosen, candidates)


def _best_few(question: Question, weights: dict[str, float], ranked: list[Scored]) -> list[Candidate]:
    """The best candidate; others while it is not certain enough, or while parts of the question are open."""
    likely = likelihoods(ranked)
    chosen = [ranked[0].candidate]
    if defines(wants_definition(question.text)[0], chosen[0].text) == 1:
        return chosen
    reached = likely[0]
    said = chosen[0].carried | chosen[0].alike
    total = sum(weights.values()) or 1.0
    parts = question.parts > 1
    has_amount = question.demands_amount and not parts and holds_expected(question.expects, chosen[0].text)
    for one, likelihood in zip(ranked[1:], likely[1:], strict=True):
        if len(chosen) >= (MOST_OF_PARTS if parts else MOST_SENTENCES):
            break
        added = sum(weights[term] for term in one.candidate.carried - said) / total
        wanted = likelihood >= LEAST and reached < ENOUGH and not _strange_row(one.candidate, chosen)
        wanted |= parts and likelihood >= LEAST_OF_PARTS and added >= ADDS
        wanted = wanted and not holds_for_others(question, one.candidate)
        wanted = wanted and not (has_amount and _adds_nothing(one.candidate, chosen[0]))
        if wanted and not any(_same(one.candidate, other) for other in chosen):
            chosen.append(one.candidate)
            reached += likelihood
            said |= one.candidate.carried
    return chosen


def _adds_nothing(one: Candidate, best: Candidate) -> bool:
    """Whether it stands elsewhere and speaks of no more of the question: a second amount would only
    puzzle."""
    return one.passage is not best.passage and (one.carried | one.alike) <= (best.carried | best.alike)


def _strange_row(one: Candidate, chosen: list[Candidate]) -> bool:
    """Whether it is a row of a table in a document nothing was chosen from: alone it says too little."""
    here = {other.passage.passage.document_id for other in chosen}
    return one.unit.header is not None and one.passage.passage.document_id not in here


def _same(one: Candidate, other: Candidate) -> bool:
    left, right = set(content_stems(one.text)), set(content_stems(other.text))
    return len(left & right) >= DUPLICATE * min(len(left), len(right))


def _in_reading_order(chosen: list[Candidate], candidates: list[Candidate]) -> list[Candidate]:
    """Passages by their best candidate, units as they stand; one that refers back brings the one before."""
    passages = list(dict.fromkeys(one.passage.number for one in chosen))
    wanted = {(one.passage.number, one.position) for one in chosen}
    wanted |= {(one.passage.number, one.position - 1) for one in chosen if _refers_back(one)}
    wanted |= {(one.passage.number, one.position + _explained(one)) for one in chosen if one.option}
    return sorted(
        (one for one in candidates if (one.passage.number, one.position) in wanted and one.answers),
        key=lambda one: (passages.index(one.passage.number), one.position),
    )


def _explained(candidate: Candidate) -> int:
    """Where the other half of an option stands: its name before the text, its text behind the name."""
    if candidate.names_option:
        return 1
    return -1 if candidate.unit.kind is not UnitKind.LIST_ITEM and not candidate.text.startswith("-") else 0


def _refers_back(candidate: Candidate) -> bool:
    opening = candidate.text.split(maxsplit=1)[0].lower().strip(",")
    return opening in _REFERS_BACK and candidate.position > 0 and candidate.unit.kind is UnitKind.SENTENCE
