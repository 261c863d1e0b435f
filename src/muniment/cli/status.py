"""``muniment status`` and ``muniment version``."""

from typing import TYPE_CHECKING

import typer

from muniment.cli.options import Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.cli.status_report import StatusReport
    from muniment.settings import Settings


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


def version(as_json: Json = False) -> None:
    """Print the version."""
    import json

    import muniment

    number = muniment.__version__
    typer.echo(json.dumps({"version": number}) if as_json else f"muniment {number}")
