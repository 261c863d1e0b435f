"""``muniment ingest``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import AllowEmpty, CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.collections.workspace import Workspace
    from muniment.settings import Settings
    from muniment.types import Run


def ingest(
    collection: CollectionArgument = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try documents again that failed and have not changed.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Make all chunks anew, in a new generation."),
    ] = False,
    allow_empty: AllowEmpty = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Bring collections up to their sources: all of them, or one.

    One bad document fails alone; the exit code is 3 then. Interrupted, it goes on where it was.
    The documents of a source that suddenly lists nothing are kept; the exit code is 3 then, too.
    """
    from muniment.cli.connect import run

    if rebuild and allow_empty:
        raise typer.BadParameter("--allow-empty does not go with --rebuild: ingest with it first.")
    options = {"retry_failed": retry_failed, "rebuild": rebuild, "allow_empty": allow_empty}
    runs = run(_ingested(settings_from(config), collection, options, quiet=as_json))
    report_runs(runs, as_json=as_json)


def report_runs(runs: "list[Run]", *, as_json: bool) -> None:
    """Print how runs ended, and leave with the exit code for it unless all went well."""
    from muniment.api.wire import RunList, RunWire
    from muniment.cli.output import print_error, print_json, results, styled
    from muniment.cli.run_display import run_summary
    from muniment.errors import MunimentError
    from muniment.types import RunState

    if as_json:
        print_json(RunList(runs=tuple(RunWire.of(run) for run in runs)))
    else:
        for done in runs:
            results().print(styled(run_summary(done)))
            if done.error:
                print_error(MunimentError(done.error, code=done.error_code, hint=done.hint))
    if any(done.state is not RunState.DONE for done in runs):
        raise typer.Exit(ExitCode.FAILED)
    if any(done.failed or done.error for done in runs):
        raise typer.Exit(ExitCode.DOCUMENTS_FAILED)


async def _ingested(
    settings: "Settings", collection: str | None, options: dict[str, bool], *, quiet: bool
) -> "list[Run]":
    from muniment.cli.connect import connected
    from muniment.cli.run_display import shown_run

    async with connected(settings) as workspace:
        names = await ingested_names(workspace, settings, collection)
        return [
            await shown_run(workspace.ingest(name, trigger="cli", **options), quiet=quiet) for name in names
        ]


async def ingested_names(workspace: "Workspace", settings: "Settings", collection: str | None) -> list[str]:
    """The collection asked for, or all that are filled from sources; InputError when there is none."""
    from muniment.api.questions import none_declared

    if collection:
        return [collection]
    known = [status.name for status in await workspace.collections()]
    if not known:
        raise none_declared()
    # What another server filled is only read; ingesting all collections means all others.
    adopted = {name for name, declared in settings.collections.items() if declared.adopt}
    return [name for name in known if name not in adopted]
