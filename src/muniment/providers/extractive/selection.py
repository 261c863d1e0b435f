"""Chooses which candidates make the answer."""

from muniment.language.terms import content_stems
from muniment.language.units import UnitKind
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.question import Expects, Question
from muniment.providers.extractive.scoring import Scored

MOST_SENTENCES = 3
MOST_ITEMS = 10
NEAR_BEST = 0.85
"""A further sentence must reach this share of the best one's score."""
NEAR_BEST_OF_PARTS = 0.6
"""The same for a question that asks several things: each sentence carries its part alone."""
ADDS = 0.12
"""Share of the question, rare words counting more, that a further sentence must add to what is said."""
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
    if question.expects is Expects.LIST or _leads_in(best):
        listed = _list_around(best, candidates)
        if len(listed) > 1:
            return listed
    return _in_reading_order(_best_few(question, weights, ranked), candidates)


def _leads_in(candidate: Candidate) -> bool:
    return candidate.text.rstrip().endswith(":")


def _best_few(question: Question, weights: dict[str, float], ranked: list[Scored]) -> list[Candidate]:
    """The best candidate, and those near it that carry something asked for which is not yet said."""
    best = ranked[0]
    chosen = [best.candidate]
    said = best.candidate.carried | best.candidate.alike
    total = sum(weights.values()) or 1.0
    most = MOST_SENTENCES if question.parts > 1 else MOST_SENTENCES - 1
    least = best.score * (NEAR_BEST if question.parts == 1 else NEAR_BEST_OF_PARTS)
    for one in ranked[1:]:
        if len(chosen) >= most or one.score < least:
            break
        added = sum(weights[term] for term in one.candidate.carried - said) / total
        if question.parts == 1 and one.candidate.passage is not best.candidate.passage:
            continue
        if added >= ADDS and not any(_same(one.candidate, other) for other in chosen):
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
    wanted |= {(one.passage.number, one.position - 1) for one in chosen if _refers_back(one)}
    return sorted(
        (one for one in candidates if (one.passage.number, one.position) in wanted and one.answers),
        key=lambda one: (passages.index(one.passage.number), one.position),
    )


def _refers_back(candidate: Candidate) -> bool:
    opening = candidate.text.split(maxsplit=1)[0].lower().strip(",")
    return opening in _REFERS_BACK and candidate.position > 0 and candidate.unit.kind is UnitKind.SENTENCE
