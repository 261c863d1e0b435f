"""``muniment documents``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionArgument, Config, Json, settings_from
from muniment.types import DocumentState

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import Document


def documents(
    collection: CollectionArgument = None,
    state: Annotated[
        DocumentState | None, typer.Option("--state", help="Only documents in this state.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Documents at most; all otherwise.")
    ] = None,
    after: Annotated[str, typer.Option("--after", help="Only names behind this one: the next page.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List a collection's documents by name, with state, pages and chunks."""
    from muniment.api.wire import DocumentList, DocumentWire
    from muniment.cli.apart import told_apart
    from muniment.cli.connect import run
    from muniment.cli.output import line, messages, print_json, results, styled, table

    found, next_after = run(_found(settings_from(config), collection, state, limit, after))
    if as_json:
        shapes = tuple(DocumentWire.of(document) for document in found)
        print_json(DocumentList(documents=shapes, next_after=next_after))
        return
    rows = table("Document", "State", "#Pages", "#Chunks", "#KB", "Id")
    names = told_apart([(document.name, document.uri) for document in found])
    for name, document in zip(names, found, strict=True):
        rows.add_row(
            line(name),
            styled(document.state.value, "green" if document.state is DocumentState.DONE else "yellow"),
            str(document.pages),
            str(document.chunks),
            f"{document.size / 1024:,.0f}",
            styled(document.document_id, "dim"),
        )
    results().print(rows if found else styled("No documents."))
    if next_after is not None:
        messages().print(styled(f"There are more: --after {next_after!r}", "dim"))


async def _found(
    settings: "Settings",
    collection: str | None,
    state: DocumentState | None,
    limit: int | None,
    after: str,
) -> "tuple[list[Document], str | None]":
    """The documents, and the name to go on after when there are more."""
    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected
    from muniment.cli.listing import every_document

    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        wanted = None if limit is None else limit + 1
        found = await every_document(workspace, name, state, limit=wanted, after=after)
    is_more = limit is not None and len(found) > limit
    shown = found[:limit]
    return shown, shown[-1].name if is_more else None
