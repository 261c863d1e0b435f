"""Paths of a server's collections and documents."""

from urllib.parse import quote


def collection_path(name: str) -> str:
    """Where the server has the collection."""
    return f"/v1/collections/{quote(name, safe='')}"


def document_path(collection: str, document_id: str) -> str:
    """Where the server has the document."""
    return f"{collection_path(collection)}/documents/{quote(document_id, safe='')}"
