"""``muniment documents``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import Document


def documents(
    collection: CollectionArgument = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only documents that are done, skipped or failed.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List a collection's documents with state, pages and chunks."""
    from muniment.api.wire import DocumentList, DocumentWire
    from muniment.cli.connect import run
    from muniment.cli.output import print_json, results, styled, table

    found = run(_found(settings_from(config), collection, state))
    if as_json:
        shapes = tuple(DocumentWire.of(document) for document in found)
        print_json(DocumentList(documents=shapes, next_after=None))
        return
    rows = table("Document", "State", "#Pages", "#Chunks", "#KB", "Id")
    for document in found:
        rows.add_row(
            styled(document.name),
            styled(document.state.value, "green" if document.state == "done" else "yellow"),
            str(document.pages),
            str(document.chunks),
            f"{document.size / 1024:,.0f}",
            styled(document.document_id, "dim"),
        )
    results().print(rows if found else styled("No documents."))


async def _found(settings: "Settings", collection: str | None, state: str | None) -> "list[Document]":
    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected
    from muniment.cli.listing import every_document
    from muniment.errors import unknown_name
    from muniment.types import DocumentState

    states = [known.value for known in DocumentState]
    if state is not None and state not in states:
        raise unknown_name("document state", state, states)
    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        return await every_document(workspace, name, DocumentState(state) if state else None)
