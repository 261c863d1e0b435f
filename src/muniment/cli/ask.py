"""``muniment ask``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import (
    Config,
    FilterOption,
    Json,
    collection_names,
    parsed_filter,
    settings_from,
)

if TYPE_CHECKING:
    from muniment.collections.workspace import Workspace
    from muniment.settings import Settings
    from muniment.types import Answer, Filter


def ask(
    first: Annotated[
        str | None,
        typer.Argument(
            metavar="COLLECTION",
            help="The collection, or the question itself when there is only one.",
            autocompletion=collection_names,
        ),
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="QUESTION", help="The question.")] = None,
    generator: Annotated[
        str | None, typer.Option("--generator", "-g", help="A declared generator instead of the usual one.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", min=1, max=100, help="Passages given to the generator.")
    ] = None,
    filter: FilterOption = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Answer a question with checked evidence. Exit code 4: the documents do not answer it."""
    from muniment.api.wire import AnswerWire
    from muniment.cli.answer_display import print_answer
    from muniment.cli.connect import run
    from muniment.cli.output import print_json, results
    from muniment.cli.question import split_arguments
    from muniment.types import AnswerVerdict

    collection, question = split_arguments(first, second, command="ask")
    answer = run(
        _answered(
            settings_from(config),
            collection,
            question,
            generator=generator,
            top_k=top_k,
            filter=parsed_filter(filter),
            quiet=as_json,
        )
    )
    if as_json:
        print_json(AnswerWire.of(answer))
    else:
        print_answer(answer, results(), config)
    if answer.verdict is AnswerVerdict.ABSTAINED:
        raise typer.Exit(ExitCode.ABSTAINED)


async def _answered(
    settings: "Settings",
    collection: str | None,
    question: str,
    *,
    generator: str | None,
    top_k: int | None,
    filter: "Filter | None",
    quiet: bool,
) -> "Answer":
    from muniment.cli.connect import connected
    from muniment.cli.question import question_to

    async with connected(settings, asking=True) as workspace:
        name, question = await question_to(workspace, settings, collection, question, command="ask")
        return await answer_of(
            workspace, name, question, generator=generator, top_k=top_k, filter=filter, quiet=quiet
        )


async def answer_of(
    workspace: "Workspace",
    collection: str,
    question: str,
    *,
    generator: str | None = None,
    top_k: int | None = None,
    filter: "Filter | None" = None,
    quiet: bool,
) -> "Answer":
    """The finished answer; on a terminal its pieces are shown while it is made, then taken away."""
    from rich.live import Live

    from muniment.answer.events import Delta, Finished
    from muniment.cli.output import messages, styled

    events = workspace.answer(collection, question, generator=generator, top_k=top_k, filter=filter)
    answer: Answer | None = None
    text = ""
    console = messages()
    watched = not quiet and console.is_terminal and sys.stdout.isatty()
    with Live(console=console, transient=True, auto_refresh=watched) as live:
        async for event in events:
            if isinstance(event, Delta):
                text += event.text
                live.update(styled(text, "dim"), refresh=False)
            elif isinstance(event, Finished):
                answer = event.answer
    assert answer is not None
    return answer
