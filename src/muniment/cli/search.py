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
    from muniment.retrieve import Explanation
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
    score_threshold: Annotated[
        float,
        typer.Option(
            "--score-threshold", min=0.0, max=1.0, help="Only passages relevant with this probability."
        ),
    ] = 0.0,
    explained: Annotated[
        bool, typer.Option("--explain", help="Say what each stage of the search gave a passage.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the passages that fit a query best, without an answer."""
    from rich.text import Text

    from muniment.api.wire import SearchResultWire
    from muniment.cli.connect import run
    from muniment.cli.output import indented, one_line, print_json, results, styled
    from muniment.cli.question import split_arguments
    from muniment.retrieve import explain

    collection, query = split_arguments(first, second, command="search")
    work = _found(
        settings_from(config), collection, query, limit=limit, mode=mode, filter=parsed_filter(filter)
    )
    result = run(work)
    if as_json:
        print_json(SearchResultWire.of(result, least=score_threshold, explained=explained))
        return
    console = results()
    shown = [
        (passage, explanation)
        for passage, explanation in zip(result.passages, explain(result.query, result.passages), strict=True)
        if (passage.relevance or 0.0) >= score_threshold
    ]
    if not shown:
        console.print(styled("Nothing found."))
    for note in result.notes:
        console.print(styled(note, "yellow"))
    for number, (passage, explanation) in enumerate(shown, start=1):
        page = f", page {passage.chunk.pages[0]}" if passage.chunk.pages else ""
        place = (one_line(f"{passage.document_name}{page}"), "cyan")
        headings = one_line(" › ".join(passage.chunk.headings))
        earned = (f"  {explanation.relevance:.0%} {headings}", "dim")
        console.print(Text.assemble((f"{number}. ", "bold"), place, earned))
        text = " ".join(passage.chunk.text.split())
        console.print(indented(text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + "…"))
        if explained:
            for line in explanation_lines(explanation):
                console.print(indented(line))


def explanation_lines(explanation: "Explanation") -> tuple[str, ...]:
    """What each stage gave, and what the probability rests on, a line each."""
    stages = ", ".join(
        f"{stage.name} {stage.score:.3f}" + (f" (rank {stage.rank})" if stage.rank else "")
        for stage in explanation.stages
    )
    parts = " ".join(
        f"{value:+.2f} {name} {explanation.signals[name]:.2f}"
        for name, value in explanation.contributions.items()
    )
    return (
        f"stages: {stages}",
        f"relevance {explanation.relevance:.3f}: log-odds {explanation.intercept:+.2f} {parts}",
    )


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
