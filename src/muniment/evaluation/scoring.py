"""One question's value of each metric, from what was found and answered."""

from muniment.evaluation.labels import (
    Target,
    cited_targets,
    cites,
    document_targets,
    hits,
    page_targets,
    place_of_citation,
    place_of_passage,
    targets,
)
from muniment.evaluation.ranks import DEPTH, measured
from muniment.evaluation.text_match import contains, exact_match, token_f1
from muniment.types import (
    Answer,
    AnswerVerdict,
    Citation,
    CitationVerdict,
    ClaimVerdict,
    FoundPassage,
    GivenCitation,
    LabelledQuestion,
    Passage,
)

HIT_CUTS = (1, 5, 10)
GOOD_F1 = 0.5
"""An answer with so many words of the expected one counts as right where no place is labelled."""


def searched(
    question: LabelledQuestion, passages: tuple[Passage, ...]
) -> tuple[tuple[FoundPassage, ...], dict[str, float]]:
    """The passages with the labelled places they hold, and the values of the metrics of a search.

    An unanswerable question has none: whatever is found, nothing could have been.
    """
    places = [place_of_passage(passage) for passage in passages[:DEPTH]]
    wanted = () if question.unanswerable else targets(question)
    held = [hits(place, wanted, question.documents) for place in places]
    found = tuple(
        FoundPassage(place.document_name, place.pages, passage.score, held_here)
        for place, passage, held_here in zip(places, passages, held, strict=False)
    )
    if not wanted:
        return found, {}
    values = measured(held, len(wanted))
    for name, coarser in (("page", page_targets(question)), ("document", document_targets(question))):
        if coarser:
            ranks = [rank for rank, place in enumerate(places, 1) if hits(place, coarser, question.documents)]
            best = ranks[0] if ranks else DEPTH + 1
            values |= {f"{name}_hit_at_{cut}": float(best <= cut) for cut in HIT_CUTS}
    return found, values


def citations_of(question: LabelledQuestion, answer: Answer) -> tuple[GivenCitation, ...]:
    """The answer's citations, each right when it was verified and points at a labelled place."""
    wanted = () if question.unanswerable else cited_targets(question)
    cited = (citation for claim in answer.claims for citation in claim.citations)
    return tuple(
        GivenCitation(
            one.document_name,
            one.page,
            one.quote,
            one.verdict.value,
            bool(_cited(question, one, wanted)) if wanted else None,
        )
        for one in cited
    )


def answered(question: LabelledQuestion, answer: Answer) -> dict[str, float]:
    """The values of the metrics of an answer."""
    abstained = answer.verdict is AnswerVerdict.ABSTAINED
    values = _abstention(question, abstained)
    if not abstained and answer.claims:
        carried = sum(claim.verdict is ClaimVerdict.SUPPORTED for claim in answer.claims)
        values["groundedness"] = carried / len(answer.claims)
    if question.unanswerable:
        return values
    citations = () if abstained else tuple(one for claim in answer.claims for one in claim.citations)
    values |= _citing(question, citations)
    text = "" if abstained else answer.text
    if question.answers:
        values["token_f1"] = token_f1(text, question.answers)
        values["exact_match"] = float(exact_match(text, question.answers))
        values["answer_contained"] = float(contains(text, question.answers))
    if question.answerable:
        values["right_answers"] = float(not abstained and _right(question, citations, values))
    return values


def _abstention(question: LabelledQuestion, abstained: bool) -> dict[str, float]:
    values: dict[str, float] = {}
    if question.unanswerable:
        values["abstention_recall"] = values["right_answers"] = float(abstained)
    if question.answerable:
        values["answered"] = float(not abstained)
    if abstained and (question.unanswerable or question.answerable):
        values["abstention_precision"] = float(bool(question.unanswerable))
    return values


def _citing(question: LabelledQuestion, citations: tuple[Citation, ...]) -> dict[str, float]:
    wanted = cited_targets(question)
    if not wanted:
        return {}
    reached = [_cited(question, citation, wanted) for citation in citations]
    values = {"citation_recall": len(set().union(*reached)) / len(wanted)}
    if reached:
        values["citation_precision"] = sum(map(bool, reached)) / len(reached)
    return values


def _cited(question: LabelledQuestion, citation: Citation, wanted: tuple[Target, ...]) -> set[int]:
    """The numbers of the places that a citation points at; none when it was not verified."""
    if citation.verdict is not CitationVerdict.VERIFIED:
        return set()
    place = place_of_citation(citation)
    return {number for number, target in enumerate(wanted) if cites(place, target, question.documents)}


def _right(question: LabelledQuestion, citations: tuple[Citation, ...], values: dict[str, float]) -> bool:
    """Whether an answer is right, as far as labels tell: by the finest place, else by its words."""
    if wanted := targets(question):
        return any(_cited(question, citation, wanted) for citation in citations)
    return bool(values["answer_contained"]) or values["token_f1"] >= GOOD_F1
