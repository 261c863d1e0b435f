"""``muniment plan``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import AllowEmpty, CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.collections.workspace import Workspace
    from muniment.settings import Settings
    from muniment.types import Plan, ShardPart

PAGE = 1000
"""Changes fetched at a time."""


def plan(
    collection: CollectionArgument = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the plan with every change, for `apply --plan FILE`."
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option("--shards", min=1, max=10_000, help="Show how it is divided into so many parts."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try documents again that failed and have not changed.")
    ] = False,
    share: Annotated[
        bool,
        typer.Option("--share", help="Keep it in the file store, too: for `apply --plan ID` elsewhere."),
    ] = False,
    allow_empty: AllowEmpty = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what bringing collections up to their sources would do, and why.

    Lists the sources and reads no file. The exit code is 0 when there is nothing to do, and 2 when there is.
    """
    from muniment.api.wire import PlanWire, ShardWire
    from muniment.cli.connect import run
    from muniment.cli.output import results
    from muniment.cli.plan_report import PlannedShards, PlanReport, print_plan

    options = {"retry_failed": retry_failed, "share": share, "allow_empty": allow_empty}
    made = run(_planned(settings_from(config), collection, out, shards, options))
    if as_json:
        from muniment.cli.output import print_json

        print_json(
            PlanReport(
                plans=tuple(
                    PlannedShards(plan=PlanWire.of(one), shards=tuple(ShardWire.of(part) for part in parts))
                    for one, parts in made
                )
            )
        )
    else:
        for one, parts in made:
            print_plan(results(), one, parts)
    if any(one.held_back or not one.empty for one, _ in made):
        raise typer.Exit(ExitCode.SOMETHING_TO_DO)


async def _planned(
    settings: "Settings",
    collection: str | None,
    out: Path | None,
    shards: int | None,
    options: dict[str, bool],
) -> "list[tuple[Plan, tuple[ShardPart, ...]]]":
    from muniment.cli.connect import connected
    from muniment.cli.ingest import ingested_names
    from muniment.errors import InputError

    async with connected(settings) as workspace:
        names = await ingested_names(workspace, settings, collection)
        if out is not None and len(names) != 1:
            raise InputError(
                "A plan file is of one collection.",
                code="collection_required",
                hint=f"Name it: muniment plan COLLECTION --out {out}.",
            )
        made = []
        for name in names:
            plan = await workspace.plan(name, **options)
            if out is not None:
                await _write(workspace, plan, out)
            made.append((plan, await workspace.plan_shards(plan.id, shards) if shards else ()))
        return made


async def _write(workspace: "Workspace", plan: "Plan", out: Path) -> None:
    import asyncio

    from muniment.errors import StorageError
    from muniment.ingest.plan_text import change_json, plan_json

    try:
        # Whole or not at all: a pipeline must not take up half a plan.
        part = out.with_name(f".{out.name}.part")
        with await asyncio.to_thread(part.open, "w", encoding="utf-8") as file:
            file.write(plan_json(plan) + "\n")
            after = ""
            while changes := await workspace.plan_changes(plan.id, limit=PAGE, after=after):
                await asyncio.to_thread(file.writelines, [change_json(change) + "\n" for change in changes])
                after = changes[-1].uri
        await asyncio.to_thread(part.replace, out)
    except OSError as error:
        raise StorageError(
            f"The plan cannot be written to {str(out)!r}: {error.strerror}.",
            hint="Name a file in a folder that is there and writable.",
        ) from error
