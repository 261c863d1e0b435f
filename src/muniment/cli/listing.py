"""Whole listings, page after page."""

from muniment.collections.workspace import Workspace
from muniment.errors import unknown_name
from muniment.types import Document, DocumentState

PAGE_SIZE = 500


async def every_document(
    workspace: Workspace, collection: str, state: DocumentState | None = None
) -> list[Document]:
    """All documents of a collection, by name."""
    found: list[Document] = []
    after = ""
    while page := await workspace.documents(collection, state=state, limit=PAGE_SIZE, after=after):
        found += page
        if len(page) < PAGE_SIZE:
            break
        after = page[-1].name
    return found


async def named_document(workspace: Workspace, collection: str, name: str) -> Document:
    """The document of that id or name.

    Raises:
        NotFoundError: code ``unknown_document``.
    """
    documents = await every_document(workspace, collection)
    for document in documents:
        if name in (document.document_id, document.name):
            return document
    raise unknown_name("document", name, [document.name for document in documents])
