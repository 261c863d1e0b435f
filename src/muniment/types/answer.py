"""Answers: text, the claims it makes, and the checked evidence for each."""

from dataclasses import dataclass, field
from enum import StrEnum

from muniment.types.chunk import Passage
from muniment.types.document import Span


class CitationVerdict(StrEnum):
    """Result of checking one citation against the stored document."""

    VERIFIED = "verified"
    NOT_GIVEN = "not_given"
    """The passage cited was not among those the generator was given."""
    QUOTE_NOT_FOUND = "quote_not_found"
    """The quote does not stand in the stored document at that place."""
    NOT_SUPPORTING = "not_supporting"
    """The quote stands there, but does not carry the claim."""


class ClaimVerdict(StrEnum):
    """Whether the cited evidence carries a claim."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNCITED = "uncited"


class AnswerVerdict(StrEnum):
    """What the server found when it checked the whole answer."""

    GROUNDED = "grounded"
    PARTLY_GROUNDED = "partly_grounded"
    ABSTAINED = "abstained"


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim's pointer to the place it rests on.

    ``spans`` say where ``quote`` stands: character range in the document's parsed text, page, box.
    ``collection`` is the one that holds the document; empty when the passage cited was not given.
    """

    passage_id: int
    document_id: str
    document_name: str
    quote: str
    spans: tuple[Span, ...]
    verdict: CitationVerdict
    reason: str = ""
    collection: str = ""

    @property
    def page(self) -> int | None:
        """The first page the quote stands on."""
        return self.spans[0].page if self.spans else None


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the answer; ``start``/``end`` index the answer's text."""

    text: str
    start: int
    end: int
    citations: tuple[Citation, ...]
    verdict: ClaimVerdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its evidence and how it was made.

    ``collection`` is the one that was asked; of several all names, joined by commas.
    ``looked_at`` are the passages retrieved, best first but for those of older editions, which stand last;
    also when the answer abstains.
    ``timings`` are milliseconds per stage; some stages run beside each other. ``confidence`` is the
    probability, from 0 to 1, that the passages retrieved answer the question, whatever was then written;
    None when it was not judged.
    """

    id: str
    question: str
    collection: str
    text: str
    verdict: AnswerVerdict
    claims: tuple[Claim, ...]
    looked_at: tuple[Passage, ...]
    generator: str
    timings: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    confidence: float | None = None
