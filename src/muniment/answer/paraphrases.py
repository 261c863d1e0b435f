"""Claims in other words than their evidence.

The check reads words (muniment.answer.check): a claim whose numbers, names and negations agree with its
evidence, but whose other words stand nowhere in it, is flagged. Where that alone is held against it, the
embedding model is asked whether each clause means nearly what a sentence of the cited passages says.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from muniment.answer.check import TOO_LITTLE
from muniment.answer.clauses import clauses
from muniment.answer.ground import cite
from muniment.language.units import split_units
from muniment.protocols import Embedder
from muniment.types import Citation, CitationVerdict, Claim, ClaimVerdict, ParsedDocument, Passage

if TYPE_CHECKING:  # a command that only shows answers can do without numpy
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 0.65
"""The cosine from which a clause is taken to say what a sentence says (all-MiniLM-L6-v2). Claims from
other documents that only their words give away stay below; benchmarks/grounding has what it changes."""
IN_OTHER_WORDS = "in other words than the cited text, near it in meaning"
_LONGEST = 3
"""Neighbouring sentences that one clause may sum up."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbouring units of a passage."""

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.passage.chunk.text[self.start : self.end]


async def in_other_words(
    claims: Sequence[Claim],
    given: Mapping[int, Passage],
    documents: Mapping[str, ParsedDocument],
    embedder: Embedder,
) -> tuple[Claim, ...]:
    """The claims, those SUPPORTED whose evidence only lacked their words and means the same.

    Args:
        given: the passages the generator was given, by number.
        documents: their stored documents by id.

    Raises:
        UnavailableError: a remote embedding model does not answer.
    """
    by_id = {passage.id: passage for passage in given.values()}
    stretches = {n: _stretches(one, by_id) for n, one in enumerate(claims) if _lacks_only_words(one)}
    texts = {part for n in stretches for part in clauses(claims[n].text)}
    texts |= {one.text for found in stretches.values() for one in found}
    if not any(stretches.values()):
        return tuple(claims)
    ordered = sorted(texts)
    vectors = dict(zip(ordered, await embedder.embed_texts(ordered, urgent=True), strict=True))
    return await asyncio.to_thread(_judged, claims, stretches, vectors, documents)


def _judged(
    claims: Sequence[Claim],
    stretches: Mapping[int, Sequence[_Stretch]],
    vectors: "Mapping[str, NDArray[np.float32]]",
    documents: Mapping[str, ParsedDocument],
) -> tuple[Claim, ...]:
    result = list(claims)
    for n, found in stretches.items():
        nearest = [_nearest(vectors[part], found, vectors) for part in clauses(claims[n].text)]
        citations = [cite(one.passage, ((one.start, one.end),), documents) for one in nearest if one]
        if citations and len(citations) == len(nearest) and all(map(_verified, citations)):
            rest = [one for one in claims[n].citations if one.verdict is CitationVerdict.NOT_GIVEN]
            kept = tuple(dict.fromkeys((*citations, *rest)))
            result[n] = replace(
                claims[n], citations=kept, verdict=ClaimVerdict.SUPPORTED, reasons=(IN_OTHER_WORDS,)
            )
    return tuple(result)


def _lacks_only_words(claim: Claim) -> bool:
    return (
        claim.verdict is ClaimVerdict.UNSUPPORTED
        and bool(claim.citations)
        and all(reason.startswith(TOO_LITTLE) for reason in claim.reasons)
        and bool(claim.reasons)
    )


def _verified(citation: Citation) -> bool:
    return citation.verdict is CitationVerdict.VERIFIED


def _stretches(claim: Claim, by_id: Mapping[int, Passage]) -> list[_Stretch]:
    """One to ``_LONGEST`` neighbouring units of the passages that the claim cites."""
    found = []
    for citation in claim.citations:
        passage = by_id.get(citation.passage_id)
        if citation.verdict is not CitationVerdict.NOT_SUPPORTING or passage is None:
            continue
        units = split_units(passage.chunk.text)
        for first in range(len(units)):
            found += [
                _Stretch(passage, units[first].start, last.end) for last in units[first : first + _LONGEST]
            ]
    return found


def _nearest(
    part: "NDArray[np.float32]", found: Sequence[_Stretch], vectors: "Mapping[str, NDArray[np.float32]]"
) -> _Stretch | None:
    """The stretch nearest in meaning; None when none is near enough."""
    cosines = [float(part @ vectors[one.text]) for one in found]
    if not cosines or max(cosines) < ALIKE:
        return None
    return found[cosines.index(max(cosines))]
