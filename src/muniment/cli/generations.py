"""``muniment generations``, ``promote`` and ``rollback``."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.collections.workspace import Workspace
    from muniment.settings import Settings
    from muniment.types import CollectionStatus, GenerationStatus, Run, RunEvent


def generations(
    collection: CollectionArgument = None,
    discard: Annotated[bool, typer.Option("--discard", help="Remove the staged generation.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List a collection's generations: the live one, the one being built, the one before."""
    from muniment.api.wire import GenerationList, GenerationWire
    from muniment.cli.connect import run
    from muniment.cli.output import messages, print_json, results, styled, table

    status, found = run(_listed(settings_from(config), collection, discard=discard))
    if as_json:
        print_json(GenerationList(generations=tuple(GenerationWire.of(one) for one in found)))
        return
    rows = table("#Number", "State", "#Documents", "#Failed", "#Chunks", "Embedding", "Chunker", "Promoted")
    for one in found:
        rows.add_row(
            str(one.number),
            styled(one.state.value, "green" if one.state.value == "live" else ""),
            str(one.documents),
            styled(str(one.failed), "yellow" if one.failed else ""),
            str(one.chunks),
            styled(f"{one.embedding_model} ({one.dimension})"),
            styled(one.chunker),
            styled(one.promoted_at or "never"),
        )
    results().print(rows)
    for difference in status.wanted:
        what = difference.what.replace("_", " ")
        line = f"A new generation is wanted: {what} is {difference.live}, not {difference.wanted}."
        messages().print(styled(line, "yellow"))


def promote(
    collection: CollectionArgument = None,
    despite_gate: Annotated[
        str, typer.Option("--despite-gate", metavar="REASON", help="Promote even if the gate is not met.")
    ] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make the staged generation the live one, when it has caught up with what changed and meets the gate."""
    _swap(
        lambda workspace, name: workspace.promote(name, despite_gate=despite_gate),
        collection,
        settings_from(config),
        quiet=as_json,
    )


def rollback(collection: CollectionArgument = None, config: Config = None, as_json: Json = False) -> None:
    """Make the previous generation the live one again, when it has caught up with what changed."""
    _swap(lambda workspace, name: workspace.rollback(name), collection, settings_from(config), quiet=as_json)


async def gate_notes(workspace: "Workspace", status: "CollectionStatus") -> tuple[str, ...]:
    """What the report that a new live generation was held to has to say besides its figures."""
    from muniment.errors import NotFoundError

    try:
        report = await workspace.quality(status.name)
    except NotFoundError:
        return ()
    return report.notes if report.subject.generation == status.generation else ()


async def _listed(
    settings: "Settings", collection: str | None, *, discard: bool
) -> "tuple[CollectionStatus, tuple[GenerationStatus, ...]]":
    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected

    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        if discard:
            await workspace.discard(name)
        return await workspace.collection(name), await workspace.generations(name)


def _swap(
    swap: "Callable[[Workspace, str], AsyncIterator[RunEvent]]",
    collection: str | None,
    settings: "Settings",
    *,
    quiet: bool,
) -> None:
    from muniment.api.wire import RunWire
    from muniment.cli.connect import run
    from muniment.cli.output import messages, print_json, results, styled
    from muniment.cli.run_display import run_summary

    done, status, notes = run(_swapped(swap, collection, settings, quiet=quiet))
    if quiet:
        print_json(RunWire.of(done))
    else:
        results().print(styled(run_summary(done)))
        model = f"{status.embedding_model}, {status.dimension} dimensions"
        answered = f"{status.name} is answered from generation {status.generation} ({model})."
        results().print(styled(answered))
        for note in notes:
            messages().print(styled(note, "yellow"), soft_wrap=True)
    if done.failed:
        raise typer.Exit(ExitCode.DOCUMENTS_FAILED)


async def _swapped(
    swap: "Callable[[Workspace, str], AsyncIterator[RunEvent]]",
    collection: str | None,
    settings: "Settings",
    *,
    quiet: bool,
) -> "tuple[Run, CollectionStatus, tuple[str, ...]]":
    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected
    from muniment.cli.run_display import shown_run

    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        run = await shown_run(swap(workspace, name), quiet=quiet)
        status = await workspace.collection(name)
        # Going back asks no gate, and its old report is no news.
        notes = await gate_notes(workspace, status) if run.trigger == "promote" else ()
        return run, status, notes
