"""``muniment status``, ``muniment runs`` and ``muniment version``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionOption, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.cli.status_report import StatusReport
    from muniment.settings import Settings
    from muniment.types import Run


def status(config: Config = None, as_json: Json = False) -> None:
    """Show collections, documents that failed and why, the last runs, and what was mended."""
    from muniment.cli.connect import run
    from muniment.cli.output import print_json, results
    from muniment.cli.status_report import print_report

    report = run(_report(settings_from(config)))
    if as_json:
        print_json(report)
    else:
        print_report(report, results())


async def _report(settings: "Settings") -> "StatusReport":
    from muniment.cli.connect import connected
    from muniment.cli.status_report import make_report

    async with connected(settings) as workspace:
        return await make_report(workspace, settings)


def runs(
    collection: CollectionOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Runs at most.")] = 20,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List ingestion runs, newest first."""
    from muniment.api.wire import RunList, RunWire
    from muniment.cli.connect import run
    from muniment.cli.output import minute, print_json, results, styled, table

    found = run(_runs(settings_from(config), collection, limit))
    if as_json:
        print_json(RunList(runs=tuple(RunWire.of(one) for one in found)))
        return
    rows = table(
        "Started", "Collection", "Trigger", "State", "#Done", "#Unchanged", "#Skipped", "#Failed", "#Seconds"
    )
    for one in found:
        counts = (one.done, one.unchanged, one.skipped, one.failed)
        rows.add_row(
            minute(one.started_at),
            one.collection,
            one.trigger,
            one.state,
            *map(str, counts),
            f"{one.seconds:.1f}",
        )
    results().print(rows if found else styled("No runs yet."))


async def _runs(settings: "Settings", collection: str | None, limit: int) -> "tuple[Run, ...]":
    from muniment.cli.connect import connected

    async with connected(settings) as workspace:
        return await workspace.runs(collection, limit=limit)


def version(as_json: Json = False) -> None:
    """Print the version."""
    import json

    import muniment

    number = muniment.__version__
    typer.echo(json.dumps({"version": number}) if as_json else f"muniment {number}")
