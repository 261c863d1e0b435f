"""``muniment apply``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import AllowEmpty, CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.collections.workspace import Workspace
    from muniment.settings import Settings
    from muniment.types import Run, Shard


def apply(
    collection: CollectionArgument = None,
    plan: Annotated[
        str | None,
        typer.Option(
            "--plan", metavar="FILE|ID", help="Exactly this plan; refused when it does not fit any more."
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="K/N", help="Only part K, from 0, of N parts of it."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try documents again that failed and have not changed.")
    ] = False,
    allow_empty: AllowEmpty = False,
    stage: Annotated[
        bool, typer.Option("--stage", help="Build the new generation that is wanted, and do not promote it.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Carry out a plan, or plan and do what there is to do; a new generation that is wanted, too.

    One bad document fails alone; the exit code is 3 then. Interrupted, it goes on where it was.
    """
    from muniment.cli.connect import run
    from muniment.cli.ingest import report_runs
    from muniment.collections.planning import shard_from

    if stage and (plan or retry_failed or allow_empty):
        raise typer.BadParameter("--stage goes with none of --plan, --retry-failed and --allow-empty.")
    part = shard_from(shard) if shard else None
    given = _given(plan)
    settings = settings_from(config)
    options = {"retry_failed": retry_failed, "allow_empty": allow_empty}
    work = (
        _staged(settings, collection, part, quiet=as_json)
        if stage
        else _applied(settings, collection, given, part, options, quiet=as_json)
    )
    runs = run(work)
    report_runs(runs, as_json=as_json)


def _given(plan: str | None) -> str | Path | None:
    """A file when it looks like one or is there, else a plan's id."""
    if plan is None or (plan.startswith("plan_") and not Path(plan).exists()):
        return plan
    return Path(plan)


async def _applied(
    settings: "Settings",
    collection: str | None,
    given: str | Path | None,
    shard: "Shard | None",
    options: dict[str, bool],
    *,
    quiet: bool,
) -> "list[Run]":
    from muniment.cli.connect import connected
    from muniment.cli.ingest import ingested_names
    from muniment.cli.run_display import shown_run
    from muniment.errors import InputError
    from muniment.ingest.plan_text import PlanFile

    async with connected(settings) as workspace:
        if collection is None and isinstance(given, Path):
            collection = PlanFile(given).plan().collection
        names = await ingested_names(workspace, settings, collection)
        if given and len(names) != 1:
            raise InputError(
                "A plan is of one collection.",
                code="collection_required",
                hint=f"Name it: muniment apply COLLECTION --plan {given}.",
            )
        runs: list[Run] = []
        for name in names:
            if not given and not shard and (await workspace.collection(name)).wanted:
                runs.append(await _swapped(workspace, name, quiet=quiet))
                continue
            applied = workspace.apply(name, trigger="cli", plan=given, shard=shard, **options)
            runs.append(await shown_run(applied, quiet=quiet))
        return runs


async def _swapped(workspace: "Workspace", collection: str, *, quiet: bool) -> "Run":
    """Build the new generation that is wanted, and promote it; the run that built it tells most."""
    from muniment.cli.generations import gate_notes
    from muniment.cli.output import messages, styled
    from muniment.cli.run_display import shown_run
    from muniment.types import RunState

    built = await shown_run(workspace.stage(collection), quiet=quiet)
    promoted = await shown_run(workspace.promote(collection), quiet=quiet)
    if promoted.state is not RunState.DONE:
        return promoted
    if not quiet:
        status = await workspace.collection(collection)
        messages().print(styled(f"{collection}: generation {status.generation} is live"))
        for note in await gate_notes(workspace, status):
            messages().print(styled(note, "yellow"), soft_wrap=True)
    return built


async def _staged(
    settings: "Settings", collection: str | None, shard: "Shard | None", *, quiet: bool
) -> "list[Run]":
    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected
    from muniment.cli.run_display import shown_run

    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        return [await shown_run(workspace.stage(name, shard=shard), quiet=quiet)]
