"""``muniment runs``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionOption, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import Run, RunDocument

PAGE = 1000
"""Documents fetched at a time."""


def runs(
    which: Annotated[
        str | None,
        typer.Argument(metavar="[COLLECTION|RUN]", help="A collection, or a run for its documents."),
    ] = None,
    collection: CollectionOption = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only runs with failures; of a run, the documents that failed.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="Runs or documents at most.")
    ] = 20,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List ingestion runs, newest first; or what became of every document of one run."""
    from muniment.cli.connect import run

    found, documents = run(_found(settings_from(config), which or collection, limit, failed=failed))
    if documents is None:
        _print_runs(found, none="No run with failures." if failed else "No runs yet.", as_json=as_json)
    else:
        _print_documents(found[0], documents, as_json=as_json)


async def _found(
    settings: "Settings", which: str | None, limit: int, *, failed: bool
) -> "tuple[tuple[Run, ...], tuple[RunDocument, ...] | None]":
    from muniment.cli.connect import connected
    from muniment.types import Fate, RunState

    async with connected(settings) as workspace:
        known = [status.name for status in await workspace.collections()]
        if which is None or which in known or not which.startswith("run"):
            if not failed:
                return await workspace.runs(which, limit=min(limit, PAGE)), None
            found = await workspace.runs(which, limit=PAGE)
            return tuple(one for one in found if one.failed or one.state is RunState.FAILED)[:limit], None
        run = await workspace.run(which)
        fate = Fate.FAILED if failed else None
        documents: list[RunDocument] = []
        while len(documents) < limit:
            after = documents[-1].uri if documents else ""
            size = min(PAGE, limit - len(documents))
            part = await workspace.run_documents(which, fate=fate, limit=size, after=after)
            documents += part
            if len(part) < size:
                break
        return (run,), tuple(documents)


def _print_runs(found: "tuple[Run, ...]", *, none: str, as_json: bool) -> None:
    from muniment.api.wire import RunList, RunWire
    from muniment.cli.output import minute, print_json, results, styled, table

    if as_json:
        print_json(RunList(runs=tuple(RunWire.of(one) for one in found)))
        return
    rows = table(
        "Run",
        "Started",
        "Collection",
        "Trigger",
        "State",
        "#Done",
        "#Unchanged",
        "#Skipped",
        "#Failed",
        "#Removed",
        "#Seconds",
    )
    for one in found:
        counts = (one.done, one.unchanged, one.skipped, one.failed, one.removed)
        trigger = f"{one.trigger} {one.shard}".strip()
        rows.add_row(
            one.id,
            minute(one.started_at),
            one.collection,
            trigger,
            one.state,
            *map(str, counts),
            f"{one.seconds:.1f}",
        )
    results().print(rows if found else styled(none))


def _print_documents(run: "Run", documents: "tuple[RunDocument, ...]", *, as_json: bool) -> None:
    from muniment.api.wire import RunDocumentList, RunDocumentWire
    from muniment.cli.output import line, print_json, results, styled, table
    from muniment.cli.run_display import run_summary

    if as_json:
        print_json(RunDocumentList(documents=tuple(RunDocumentWire.of(one) for one in documents)))
        return
    rows = table("Name", "Change", "Fate", "#Pages", "#Chunks", "#Seconds", "Reason")
    for one in documents:
        reason = f"{one.error} [{one.error_code}]" if one.error_code else ""
        counts = (str(one.pages), str(one.chunks), f"{one.seconds:.1f}")
        rows.add_row(line(one.name), one.kind, one.fate, *counts, line(reason))
    results().print(styled(run_summary(run)))
    if documents:
        results().print(rows)
