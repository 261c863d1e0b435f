"""``muniment ingest``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
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
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Bring collections up to their sources: all of them, or one.

    One bad document fails alone; the exit code is 3 then. Interrupted, it goes on where it was.
    """
    from muniment.api.wire import RunList, RunWire
    from muniment.cli.connect import run
    from muniment.cli.output import print_error, print_json, results, styled
    from muniment.cli.run_display import run_summary
    from muniment.errors import MunimentError
    from muniment.types import RunState

    runs = run(
        _ingested(
            settings_from(config), collection, retry_failed=retry_failed, rebuild=rebuild, quiet=as_json
        )
    )
    if as_json:
        print_json(RunList(runs=tuple(RunWire.of(run) for run in runs)))
    else:
        for done in runs:
            results().print(styled(run_summary(done)))
            if done.error:
                print_error(MunimentError(done.error, code=done.error_code, hint=done.hint))
    if any(done.state is not RunState.DONE for done in runs):
        raise typer.Exit(ExitCode.FAILED)
    if any(done.failed for done in runs):
        raise typer.Exit(ExitCode.DOCUMENTS_FAILED)


async def _ingested(
    settings: "Settings", collection: str | None, *, retry_failed: bool, rebuild: bool, quiet: bool
) -> "list[Run]":
    from muniment.api.questions import none_declared
    from muniment.cli.connect import connected
    from muniment.cli.run_display import shown_run

    async with connected(settings) as workspace:
        known = [status.name for status in await workspace.collections()]
        # What another server filled is only read; ingesting all collections means all others.
        adopted = {name for name, declared in settings.collections.items() if declared.adopt}
        names = [collection] if collection else [name for name in known if name not in adopted]
        if not known:
            raise none_declared()
        return [
            await shown_run(
                workspace.ingest(name, trigger="cli", retry_failed=retry_failed, rebuild=rebuild), quiet=quiet
            )
            for name in names
        ]
