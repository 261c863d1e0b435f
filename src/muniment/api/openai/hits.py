"""What a search found, as clients of other servers see it: files, scores from 0 to 1, and our evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from muniment.api.urls import document_url, page_url
from muniment.api.wire.base import Wire
from muniment.api.wire.documents import SpanWire
from muniment.api.wire.evidence import ExplanationWire
from muniment.collections.stores import Stores
from muniment.retrieve import one_judge, standing
from muniment.types import (
    Document,
    GivenChunk,
    MetadataValue,
    Passage,
    SearchResult,
    file_id_of,
)


class EvidenceWire(Wire):
    """Where a passage stands. The URLs are relative to the server's root."""

    collection: str
    document_id: str
    chunk_id: str
    """Id of the passage, as `POST /v1/search` gives it; for a chunk that was inserted, its own."""
    page: int | None
    """The first page it stands on; null without pages."""
    spans: tuple[SpanWire, ...]
    """Characters of the parsed text, with page and box where known."""
    page_url: str | None
    """Image of the page with the passage marked; null without pages."""
    document_url: str
    """The original file."""
    explanation: ExplanationWire | None = None
    """Where it was asked for: what each stage of the search gave, and what the score rests on."""

    @classmethod
    def of(cls, passage: Passage, collection: str, given: GivenChunk | None = None) -> "EvidenceWire":
        """The place of a passage of a collection."""
        chunk = passage.chunk
        return cls(
            collection=collection,
            document_id=passage.document_id,
            chunk_id=given.chunk_id if given else str(passage.id),
            page=chunk.pages[0] if chunk.pages else None,
            spans=tuple(SpanWire.model_validate(span) for span in chunk.spans),
            page_url=page_url(collection, passage.document_id, chunk.spans),
            document_url=document_url(collection, passage.document_id),
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with the file it is of.

    Attributes:
        score: from 0 to 1; none is lower than that of a hit ranked below.
        file_id: ``file-…``, or for a chunk that was inserted what its metadata say.
        given: the chunk as a client inserted it; None for one that was read from a file.
    """

    passage: Passage
    score: float
    file_id: str
    filename: str
    attributes: Mapping[str, MetadataValue]
    evidence: EvidenceWire
    given: GivenChunk | None = None


def relevance(passage: Passage) -> float:
    """The probability that a passage is relevant, whatever the mode of the search."""
    return passage.relevance or 0.0


def ranked(results: Sequence[SearchResult]) -> list[tuple[Passage, float]]:
    """The passages of one or several queries, best first, each once, with scores that fall with the rank.

    The ranking of one query stays as it is; several are merged by relevance, or by the reranker that judged
    them. A passage is scored at least as high as all below it: it was ranked above them for a reason.
    """
    if len(results) == 1:
        passages = list(results[0].passages)
    else:
        judge = one_judge([result.passages for result in results])
        order = standing(judge) if judge else lambda passage: (False, -relevance(passage))
        best: dict[int, Passage] = {}
        for passage in (passage for result in results for passage in result.passages):
            if passage.id not in best or order(passage) < order(best[passage.id]):
                best[passage.id] = passage
        passages = sorted(best.values(), key=lambda passage: (order(passage), passage.id))
    scored: list[tuple[Passage, float]] = []
    floor = 0.0
    for passage in reversed(passages):
        floor = max(floor, relevance(passage))
        scored.append((passage, floor))
    return scored[::-1]


async def hits_of(
    stores: Stores, collection: str, scored: Iterable[tuple[Passage, float]]
) -> tuple[Hit, ...]:
    """Passages of a collection with their files; those whose document was just deleted are left out."""
    scored = list(scored)
    given = await stores.given(collection, [passage.id for passage, _ in scored], vectors=False)
    ids = {passage.document_id for passage, _ in scored if passage.id not in given}
    documents = await stores.documents_of(collection, sorted(ids))
    hits: list[Hit] = []
    for passage, score in scored:
        chunk = given.get(passage.id)
        if chunk is not None:
            hits.append(_given_hit(passage, score, collection, chunk))
        elif (document := documents.get(passage.document_id)) is not None:
            hits.append(_document_hit(passage, score, document))
    return tuple(hits)


def _document_hit(passage: Passage, score: float, document: Document) -> Hit:
    return Hit(
        passage=passage,
        score=score,
        file_id=file_id_of(document.collection, document.uri),
        filename=document.name,
        attributes=passage.metadata,
        evidence=EvidenceWire.of(passage, document.collection),
    )


def _given_hit(passage: Passage, score: float, collection: str, chunk: GivenChunk) -> Hit:
    noted = (chunk.metadata.get("file_id"), chunk.metadata.get("document_id"), chunk.document_id)
    file_id = next((str(value) for value in noted if value), chunk.chunk_id)
    return Hit(
        passage=passage,
        score=score,
        file_id=file_id,
        filename=chunk.title,
        attributes=chunk.attributes,
        evidence=EvidenceWire.of(passage, collection, chunk),
        given=chunk,
    )
