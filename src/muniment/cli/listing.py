"""Whole listings, page after page, and one document among them."""

from muniment.collections.workspace import Workspace
from muniment.errors import NotFoundError, unknown_name
from muniment.types import Document, DocumentState

PAGE_SIZE = 500


async def every_document(
    workspace: Workspace,
    collection: str,
    state: DocumentState | None = None,
    *,
    limit: int | None = None,
    after: str = "",
) -> list[Document]:
    """All documents of a collection by name, or the first ``limit`` behind the name ``after``."""
    found: list[Document] = []
    while limit is None or len(found) < limit:
        wanted = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - len(found))
        page = await workspace.documents(collection, state=state, limit=wanted, after=after)
        found += page
        if len(page) < wanted:
            break
        after = page[-1].name
    return found


async def named_document(workspace: Workspace, collection: str, name: str) -> Document:
    """The document of that id or name.

    Raises:
        NotFoundError: code ``unknown_document``.
    """
    try:
        return await workspace.document(collection, name)
    except NotFoundError as error:
        if error.code != "unknown_document":
            raise
    documents = await every_document(workspace, collection)
    for document in documents:
        if name == document.name:
            return document
    raise unknown_name("document", name, [document.name for document in documents])
