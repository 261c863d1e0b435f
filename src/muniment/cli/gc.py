"""``muniment gc``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.ingest.garbage import Collected
    from muniment.settings import Settings


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    grace_hours: Annotated[
        float, typer.Option("--grace-hours", min=1.0, help="Files younger than this stay in any case.")
    ] = 24.0,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Remove kept files that no document and no uploaded file refers to any more.

    Works beside a running server or ingestion: what they are about to refer to is young, and stays.
    """
    import json
    from dataclasses import asdict

    from muniment.cli.connect import run
    from muniment.cli.output import counted

    found = run(_collected(settings_from(config), grace_hours * 3600, dry_run))
    if as_json:
        typer.echo(json.dumps({**asdict(found), "dry_run": dry_run}, indent=2))
        return
    would = "Would remove" if dry_run else "Removed"
    typer.echo(f"{would} {counted(found.removed, 'file')} ({found.removed_bytes / 1e6:,.1f} MB).")
    typer.echo(
        f"Kept {counted(found.referenced, 'file')} that something refers to, and {found.young:,} that "
        f"nothing refers to but not older than {grace_hours:g} hours ({found.kept_bytes / 1e6:,.1f} MB)."
    )
    if found.unknown:
        typer.echo(f"Left alone {counted(found.unknown, 'file')} not made by Muniment.")


async def _collected(settings: "Settings", grace_s: float, dry_run: bool) -> "Collected":
    from muniment.build import open_kept_files
    from muniment.ingest.garbage import collect_garbage

    async with open_kept_files(settings) as (store, catalog):
        return await collect_garbage(store, catalog, grace_s=grace_s, dry_run=dry_run)
