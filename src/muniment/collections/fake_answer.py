"""What the workspace in memory finds and answers."""

import re
from collections.abc import Iterable

from muniment.collections.fake_records import lines_of
from muniment.types import (
    Answer,
    AnswerVerdict,
    Chunk,
    Citation,
    CitationVerdict,
    Claim,
    ClaimVerdict,
    Document,
    Passage,
    Span,
    chunk_id,
)

ABSTAINED = "The documents do not answer this."
_COMMON = frozenset({"a", "an", "are", "do", "have", "how", "i", "is", "of", "the", "to", "what"})


def fake_passages(texts: Iterable[tuple[Document, str]], query: str) -> tuple[Passage, ...]:
    """The lines of the documents that share words with the query, most shared first."""
    asked = _words(query)
    found = []
    for document, text in sorted(texts, key=lambda one: one[0].name):
        for ordinal, span in enumerate(lines_of(text)):
            line = text[span.start : span.end]
            shared = len(asked & _words(line))
            if shared:
                found.append(fake_passage(document, ordinal, span, line, float(shared)))
    return tuple(sorted(found, key=lambda passage: (-passage.score, passage.id)))


def fake_passage(document: Document, ordinal: int, span: Span, line: str, score: float) -> Passage:
    """One line of a document as a passage."""
    chunk = Chunk(ordinal, line, document.title, (document.title,), (span,), len(line.split()))
    return Passage(
        id=chunk_id(document.document_id, "fake", ordinal),
        document_id=document.document_id,
        document_name=document.name,
        chunk=chunk,
        score=score,
        scores={"keyword": score},
        metadata=dict(document.metadata),
        collection=document.collection,
    )


def fake_answer(collection: str, question: str, passages: tuple[Passage, ...], generator: str) -> Answer:
    """The best passage, quoted whole; an abstention without any.

    Its confidence is the share of the question's words that the passage has.
    """
    if not passages:
        return Answer(
            "answer-1",
            question,
            collection,
            ABSTAINED,
            AnswerVerdict.ABSTAINED,
            (),
            (),
            generator,
            {"all": 2.0},
        )
    best = passages[0]
    citation = Citation(
        passage_id=best.id,
        document_id=best.document_id,
        document_name=best.document_name,
        quote=best.chunk.text,
        spans=best.chunk.spans,
        verdict=CitationVerdict.VERIFIED,
        collection=best.collection,
    )
    claim = Claim(best.chunk.text, 0, len(best.chunk.text), (citation,), ClaimVerdict.SUPPORTED)
    return Answer(
        id="answer-1",
        question=question,
        collection=collection,
        text=f"{best.chunk.text} [1]",
        verdict=AnswerVerdict.GROUNDED,
        claims=(claim,),
        looked_at=passages,
        generator=generator,
        timings={"all": 2.0},
        notes=("No model wrote this.",),
        confidence=best.score / len(_words(question)),
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - _COMMON
