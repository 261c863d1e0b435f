"""Addresses of evidence, relative to the server's root."""

from collections.abc import Sequence
from urllib.parse import quote

from muniment.types import Span


def document_url(collection: str, document_id: str) -> str:
    """Where the original file can be had."""
    return f"{_document(collection, document_id)}/file"


def page_url(collection: str, document_id: str, spans: Sequence[Span]) -> str | None:
    """Where the image of the first page of ``spans`` can be had, their boxes on it marked.

    None when the document has no pages.
    """
    page = next((span.page for span in spans if span.page is not None), None)
    if page is None:
        return None
    marks = "&".join(f"range={span.start}-{span.end}" for span in spans if span.page == page)
    return f"{_document(collection, document_id)}/pages/{page}.png?{marks}"


def _document(collection: str, document_id: str) -> str:
    return f"/v1/collections/{quote(collection, safe='')}/documents/{quote(document_id, safe='')}"
