"""Documents that disagree: older editions beside newer ones, and passages that state another value."""

from collections.abc import Iterable, Mapping, Sequence

from muniment.language import editions
from muniment.language.editions import Edition, Excerpt, edition, names_edition
from muniment.language.measures import comparable, equal
from muniment.language.names import codes
from muniment.language.qualifiers import contradict, qualifiers
from muniment.language.quantities import Amounts, amounts
from muniment.language.terms import content_stems
from muniment.language.units import CELL_SEPARATOR, split_units
from muniment.types import Citation, CitationVerdict, Claim, ClaimVerdict, Passage

_ALIKE = 0.7
"""Share of the content words of either of two sentences that the other must carry, numbers left out."""
_FEWEST = 3
"""Content words that two sentences must share to speak of the same thing."""
_MOST_NOTES = 3


def edition_of(passage: Passage) -> Edition:
    """The edition of the passage's document."""
    return edition(passage.document_name, passage.metadata)


def superseded(question: str, passages: Sequence[Passage]) -> dict[int, str]:
    """Positions of the passages that a newer edition beside them says anew, with that one's name.

    None when the question names a year or a version: it may mean an older one.
    """
    if names_edition(question):
        return {}
    excerpts = [Excerpt(one.document_id, edition_of(one), one.chunk.text) for one in passages]
    return {old: passages[new].document_name for old, new in editions.superseded(excerpts).items()}


def newest_first(question: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages with the superseded ones at the end."""
    old = superseded(question, passages)
    return tuple(passages[n] for n in sorted(range(len(passages)), key=lambda n: n in old))


def conflicts(claims: Iterable[Claim], passages: Sequence[Passage]) -> tuple[str, ...]:
    """Notes on passages of other documents that state another value for what a supported claim says.

    Two sentences speak of the same thing when each carries most of the other's words, and they name the same
    codes; they disagree when both have a number of one unit and none of these numbers is the same.
    """
    by_id = {passage.id: passage for passage in passages}
    notes: dict[str, None] = {}
    for claim in claims:
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            continue
        for citation in claim.citations:
            if citation.verdict is CitationVerdict.VERIFIED and citation.passage_id in by_id:
                notes |= dict.fromkeys(_notes_on(claim, citation, by_id))
    return tuple(list(notes)[:_MOST_NOTES])


def _notes_on(claim: Claim, citation: Citation, passages: Mapping[int, Passage]) -> Iterable[str]:
    mine = passages[citation.passage_id]
    stated = amounts(claim.text)
    if not stated.quantities:
        return
    for other in passages.values():
        if other.document_id == mine.document_id:
            continue
        for said in _sentences(other):
            if any(_disagree(sentence, said, stated) for sentence in citation.quote.split("\n")):
                yield _note(mine, other, said)


def _sentences(passage: Passage) -> Iterable[str]:
    text = passage.chunk.text
    return (unit.of(text) for unit in split_units(text))


def _disagree(sentence: str, said: str, stated: Amounts) -> bool:
    mine, theirs = set(content_stems(sentence)), set(content_stems(said))
    shared = len(mine & theirs)
    if shared < _FEWEST or shared < _ALIKE * max(len(mine), len(theirs)):
        return False
    if set(codes(sentence)) != set(codes(said)) or contradict(qualifiers(sentence), qualifiers(said)):
        return False
    if CELL_SEPARATOR in said and said.split(CELL_SEPARATOR)[0] != sentence.split(CELL_SEPARATOR)[0]:
        return False
    here, there = amounts(sentence), amounts(said)
    return any(
        any(comparable(one.unit, other.unit) for other in there.quantities)
        and not any(equal(one.values, one.unit, other.values, other.unit) for other in there.quantities)
        for one in here.quantities
        if any(one.values & number.values for number in stated.quantities)
    )


def _note(mine: Passage, other: Passage, said: str) -> str:
    place = (
        f"{other.document_name}, page {other.chunk.pages[0]}" if other.chunk.pages else other.document_name
    )
    quoted = f"{place}, says otherwise: “{' '.join(said.split())}”"
    newer = edition_of(mine).newer_than(edition_of(other))
    if newer is None:
        return f"Documents disagree: {quoted}. Which is the newer cannot be told."
    if newer:
        return f"Documents disagree: {quoted}. {mine.document_name} is the newer."
    return f"Documents disagree, and the answer quotes the older one ({mine.document_name}): {quoted}."
