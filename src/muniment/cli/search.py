"""``muniment search``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionOption, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import SearchResult

TEXT_LENGTH = 300


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: CollectionOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Passages at most.")] = 10,
    mode: Annotated[str, typer.Option("--mode", help="hybrid, vector or keyword.")] = "hybrid",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the passages that fit a query best, without an answer."""
    from rich.text import Text

    from muniment.api.wire import SearchResultWire
    from muniment.cli.connect import run
    from muniment.cli.output import clean, indented, print_json, results, styled

    result = run(_found(settings_from(config), query, collection, limit, mode))
    if as_json:
        print_json(SearchResultWire.of(result))
        return
    console = results()
    if not result.passages:
        console.print(styled("Nothing found."))
    for number, passage in enumerate(result.passages, start=1):
        page = f", page {passage.chunk.pages[0]}" if passage.chunk.pages else ""
        place = (clean(f"{passage.document_name}{page}"), "cyan")
        headings = clean(" › ".join(passage.chunk.headings))
        earned = (f"  {passage.score:.3f} {headings}", "dim")
        console.print(Text.assemble((f"{number}. ", "bold"), place, earned))
        text = " ".join(passage.chunk.text.split())
        console.print(indented(text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + "…"))


async def _found(
    settings: "Settings", query: str, collection: str | None, limit: int, mode: str
) -> "SearchResult":
    from muniment.api.questions import checked_question, chosen_collection
    from muniment.cli.connect import connected
    from muniment.errors import unknown_name
    from muniment.types import SearchMode

    modes = [known.value for known in SearchMode]
    if mode not in modes:
        raise unknown_name("search mode", mode, modes)
    query = checked_question(query, settings)
    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        return await workspace.search(name, query, mode=SearchMode(mode), limit=limit)
