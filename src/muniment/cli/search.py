"""``muniment search``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import (
    Config,
    FilterOption,
    Json,
    collection_names,
    parsed_filter,
    settings_from,
)
from muniment.types import SearchMode

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import Filter, SearchResult

TEXT_LENGTH = 300


def search(
    first: Annotated[
        str | None,
        typer.Argument(
            metavar="COLLECTION",
            help="The collection, or the query itself when there is only one.",
            autocompletion=collection_names,
        ),
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="QUERY", help="What to look for.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Passages at most.")] = 10,
    mode: Annotated[
        SearchMode, typer.Option("--mode", help="By meaning, by words, or both.")
    ] = SearchMode.HYBRID,
    filter: FilterOption = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the passages that fit a query best, without an answer."""
    from rich.text import Text

    from muniment.api.wire import SearchResultWire
    from muniment.cli.connect import run
    from muniment.cli.output import clean, indented, print_json, results, styled
    from muniment.cli.question import split_arguments

    collection, query = split_arguments(first, second, command="search")
    work = _found(
        settings_from(config), collection, query, limit=limit, mode=mode, filter=parsed_filter(filter)
    )
    result = run(work)
    if as_json:
        print_json(SearchResultWire.of(result))
        return
    console = results()
    if not result.passages:
        console.print(styled("Nothing found."))
    for note in result.notes:
        console.print(styled(note, "yellow"))
    for number, passage in enumerate(result.passages, start=1):
        page = f", page {passage.chunk.pages[0]}" if passage.chunk.pages else ""
        place = (clean(f"{passage.document_name}{page}"), "cyan")
        headings = clean(" › ".join(passage.chunk.headings))
        earned = (f"  {passage.score:.3f} {headings}", "dim")
        console.print(Text.assemble((f"{number}. ", "bold"), place, earned))
        text = " ".join(passage.chunk.text.split())
        console.print(indented(text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + "…"))


async def _found(
    settings: "Settings",
    collection: str | None,
    query: str,
    *,
    limit: int,
    mode: SearchMode,
    filter: "Filter | None",
) -> "SearchResult":
    from muniment.cli.connect import connected
    from muniment.cli.question import question_to

    async with connected(settings, asking=True) as workspace:
        name, query = await question_to(workspace, settings, collection, query, command="search")
        return await workspace.search(name, query, mode=mode, limit=limit, filter=filter)
