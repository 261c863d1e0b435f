"""The extra field ``muniment`` of citations and search results: the way to the place in the document."""

from muniment.api.urls import document_url, page_url
from muniment.api.wire.base import Wire
from muniment.api.wire.documents import SpanWire
from muniment.types import Citation, CitationVerdict, Passage


class Evidence(Wire):
    """Where a quote stands: document, page, box and characters."""

    collection: str
    document_id: str
    page: int | None
    """The first page it stands on; null for formats without pages."""
    spans: tuple[SpanWire, ...]
    """Character ranges in the document's parsed text, with page and box."""
    page_url: str | None
    """Image of the page with the place marked, relative to the server's root; null without pages."""
    document_url: str
    """The original file, relative to the server's root."""
    quote: str
    """The document's own words."""
    verdict: CitationVerdict | None = None
    """What the server's check of the citation found; null for a search result, which claims nothing."""

    @classmethod
    def of_citation(cls, citation: Citation) -> "Evidence":
        """The place a citation points at."""
        return cls(
            collection=citation.collection,
            document_id=citation.document_id,
            page=citation.page,
            spans=tuple(SpanWire.model_validate(span) for span in citation.spans),
            page_url=page_url(citation.collection, citation.document_id, citation.spans),
            document_url=document_url(citation.collection, citation.document_id),
            quote=citation.quote,
            verdict=citation.verdict,
        )

    @classmethod
    def of_passage(cls, passage: Passage) -> "Evidence":
        """The place of a passage."""
        chunk = passage.chunk
        return cls(
            collection=passage.collection,
            document_id=passage.document_id,
            page=chunk.pages[0] if chunk.pages else None,
            spans=tuple(SpanWire.model_validate(span) for span in chunk.spans),
            page_url=page_url(passage.collection, passage.document_id, chunk.spans),
            document_url=document_url(passage.collection, passage.document_id),
            quote=chunk.text,
        )
