"""Passages, citations and answers as the native dialect shows them."""

from itertools import zip_longest

from pydantic import Field

from muniment.api.urls import document_url, page_url
from muniment.api.wire.base import Wire, rebuild
from muniment.api.wire.documents import SpanWire
from muniment.retrieve import Explanation, explain
from muniment.types import (
    Answer,
    AnswerVerdict,
    Chunk,
    Citation,
    CitationVerdict,
    Claim,
    ClaimVerdict,
    MetadataValue,
    Passage,
    SearchMode,
    SearchResult,
    Span,
)


def _spans(spans: tuple[SpanWire, ...]) -> tuple[Span, ...]:
    return tuple(rebuild(Span, span) for span in spans)


class StageWire(Wire):
    """What a passage earned at one stage of a search."""

    name: str = Field(examples=["cosine"])
    score: float
    """Higher is better; scores of one stage compare, those of two do not."""
    rank: int | None
    """Place among what the stage found, from 1; null where it has none."""


class ExplanationWire(Wire):
    """Why a passage stands where it does."""

    stages: tuple[StageWire, ...]
    relevance: float
    """Probability that the passage is relevant."""
    signals: dict[str, float]
    """What the probability rests on."""
    contributions: dict[str, float]
    """What each signal adds to the log-odds; with `intercept` they make the log-odds of `relevance`."""
    intercept: float
    """Log-odds without any signal."""

    @classmethod
    def of(cls, explanation: Explanation) -> "ExplanationWire":
        """The shape of an explanation."""
        return cls(
            stages=tuple(
                StageWire(name=one.name, score=one.score, rank=one.rank) for one in explanation.stages
            ),
            relevance=explanation.relevance,
            signals=dict(explanation.signals),
            contributions=dict(explanation.contributions),
            intercept=explanation.intercept,
        )


class PassageWire(Wire):
    """A chunk that was retrieved, with the scores it earned (higher is better)."""

    id: str = Field(examples=["4611686018427387904"])
    """A 63-bit integer as a string, because JSON numbers lose such integers in many languages."""
    collection: str = ""
    """The collection it was found in."""
    document_id: str
    document_name: str
    ordinal: int
    """Position among the document's chunks, from 0."""
    text: str
    context: str
    """Document title and headings that were embedded with the text; never quoted."""
    headings: tuple[str, ...]
    page: int | None
    """The first page it stands on."""
    spans: tuple[SpanWire, ...]
    tokens: int
    score: float
    scores: dict[str, float]
    """Score by stage, such as `cosine` and `bm25`, and the rank there."""
    relevance: float | None = None
    """Probability, from 0 to 1, that the passage is relevant; null where none was computed."""
    explanation: ExplanationWire | None = None
    """Where it was asked for: what each stage gave, and what the relevance rests on."""
    metadata: dict[str, MetadataValue]
    page_url: str | None
    """Image of the page with the passage marked, relative to the server's root; null without pages."""
    document_url: str
    """The original file, relative to the server's root."""

    @classmethod
    def of(cls, passage: Passage, collection: str, explanation: Explanation | None = None) -> "PassageWire":
        """The shape of a passage of a collection."""
        chunk = passage.chunk
        collection = passage.collection or collection
        return cls(
            id=str(passage.id),
            collection=passage.collection,
            document_id=passage.document_id,
            document_name=passage.document_name,
            ordinal=chunk.ordinal,
            text=chunk.text,
            context=chunk.context,
            headings=chunk.headings,
            page=chunk.pages[0] if chunk.pages else None,
            spans=tuple(SpanWire.model_validate(span) for span in chunk.spans),
            tokens=chunk.tokens,
            score=passage.score,
            scores=passage.scores,
            relevance=passage.relevance,
            explanation=ExplanationWire.of(explanation) if explanation else None,
            metadata=passage.metadata,
            page_url=page_url(collection, passage.document_id, chunk.spans),
            document_url=document_url(collection, passage.document_id),
        )

    def domain(self) -> Passage:
        """The passage it shows."""
        chunk = Chunk(self.ordinal, self.text, self.context, self.headings, _spans(self.spans), self.tokens)
        return Passage(
            id=int(self.id),
            document_id=self.document_id,
            document_name=self.document_name,
            chunk=chunk,
            score=self.score,
            scores=self.scores,
            metadata=self.metadata,
            collection=self.collection,
            relevance=self.relevance,
        )


class CitationWire(Wire):
    """A claim's pointer to the place it rests on, and what the server found there."""

    passage_id: str
    collection: str = ""
    """The collection that holds the document; empty when the passage cited was not given."""
    document_id: str
    document_name: str
    page: int | None
    """The first page the quote stands on; null for formats without pages."""
    quote: str
    """The document's own words."""
    spans: tuple[SpanWire, ...]
    """Where the quote stands."""
    verdict: CitationVerdict
    reason: str
    """Why it is not verified; empty otherwise."""
    page_url: str | None
    """Image of the page, the quote's paragraph, list item or table row marked; null without pages."""
    document_url: str
    """The original file, relative to the server's root."""

    @classmethod
    def of(cls, citation: Citation, collection: str) -> "CitationWire":
        """The shape of a citation of a document of a collection."""
        collection = citation.collection or collection
        return cls(
            passage_id=str(citation.passage_id),
            collection=citation.collection,
            document_id=citation.document_id,
            document_name=citation.document_name,
            page=citation.page,
            quote=citation.quote,
            spans=tuple(SpanWire.model_validate(span) for span in citation.spans),
            verdict=citation.verdict,
            reason=citation.reason,
            page_url=page_url(collection, citation.document_id, citation.spans),
            document_url=document_url(collection, citation.document_id),
        )

    def domain(self) -> Citation:
        """The citation it shows."""
        return Citation(
            passage_id=int(self.passage_id),
            document_id=self.document_id,
            document_name=self.document_name,
            quote=self.quote,
            spans=_spans(self.spans),
            verdict=self.verdict,
            reason=self.reason,
            collection=self.collection,
        )


class ClaimWire(Wire):
    """One statement of the answer."""

    text: str
    start: int
    """First character in the answer's text, counted in Unicode code points."""
    end: int
    citations: tuple[CitationWire, ...]
    verdict: ClaimVerdict
    reasons: tuple[str, ...]
    """What the check found wanting; empty when supported."""


class AnswerWire(Wire):
    """An answer with its evidence."""

    id: str
    question: str
    collection: str
    text: str
    verdict: AnswerVerdict
    claims: tuple[ClaimWire, ...]
    looked_at: tuple[PassageWire, ...]
    """The passages retrieved, best first, also when the answer abstains."""
    generator: str
    timings: dict[str, float]
    """Milliseconds by stage."""
    notes: tuple[str, ...]
    confidence: float | None = None
    """Probability from 0 to 1 that the passages answer the question; null when it was not judged."""

    @classmethod
    def of(cls, answer: Answer) -> "AnswerWire":
        """The shape of an answer."""
        return cls(
            id=answer.id,
            question=answer.question,
            collection=answer.collection,
            text=answer.text,
            verdict=answer.verdict,
            claims=tuple(_claim(claim, answer.collection) for claim in answer.claims),
            looked_at=tuple(PassageWire.of(passage, answer.collection) for passage in answer.looked_at),
            generator=answer.generator,
            timings=answer.timings,
            notes=answer.notes,
            confidence=answer.confidence,
        )

    def domain(self) -> Answer:
        """The answer it shows."""
        claims = (
            Claim(
                c.text, c.start, c.end, tuple(cited.domain() for cited in c.citations), c.verdict, c.reasons
            )
            for c in self.claims
        )
        return Answer(
            id=self.id,
            question=self.question,
            collection=self.collection,
            text=self.text,
            verdict=self.verdict,
            claims=tuple(claims),
            looked_at=tuple(passage.domain() for passage in self.looked_at),
            generator=self.generator,
            timings=self.timings,
            notes=self.notes,
            confidence=self.confidence,
        )


def _claim(claim: Claim, collection: str) -> ClaimWire:
    return ClaimWire(
        text=claim.text,
        start=claim.start,
        end=claim.end,
        citations=tuple(CitationWire.of(citation, collection) for citation in claim.citations),
        verdict=claim.verdict,
        reasons=claim.reasons,
    )


class RetrievedWire(Wire):
    """Event `retrieved`: the passages the answer will rest on."""

    passages: tuple[PassageWire, ...]


class DeltaWire(Wire):
    """Event `delta`: the next piece of the text, not yet checked."""

    text: str


class SearchResultWire(Wire):
    """Passages for a query, best first."""

    collection: str
    query: str
    mode: SearchMode
    passages: tuple[PassageWire, ...]
    timings: dict[str, float]
    """Milliseconds by stage."""
    notes: tuple[str, ...] = ()
    """What the search may have missed, such as documents still being read."""

    @classmethod
    def of(cls, result: SearchResult, *, least: float = 0.0, explained: bool = False) -> "SearchResultWire":
        """The shape of a search's result: the passages that are relevant with probability ``least``."""
        explanations = explain(result.query, result.passages) if explained else ()
        shown = [
            (passage, explanation)
            for passage, explanation in zip_longest(result.passages, explanations)
            if (passage.relevance or 0.0) >= least
        ]
        return cls(
            collection=result.collection,
            query=result.query,
            mode=result.mode,
            passages=tuple(
                PassageWire.of(passage, result.collection, explanation) for passage, explanation in shown
            ),
            timings=result.timings,
            notes=result.notes,
        )

    def domain(self) -> SearchResult:
        """The result it shows."""
        passages = tuple(passage.domain() for passage in self.passages)
        return SearchResult(self.collection, self.query, self.mode, passages, self.timings, self.notes)
