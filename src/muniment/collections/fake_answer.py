"""What the workspace in memory finds and answers."""

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
    """The best passage, quoted whole; an abstention without any."""
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
    )
