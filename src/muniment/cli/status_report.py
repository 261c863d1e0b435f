"""What ``muniment status`` says."""

from rich.console import Console
from rich.text import Text

from muniment.api.questions import none_declared
from muniment.api.wire import CollectionWire, DocumentWire, ReadinessWire
from muniment.api.wire.base import Wire
from muniment.cli.listing import every_document
from muniment.cli.log_lines import told
from muniment.cli.output import clean, minute, one_line, styled, table
from muniment.cli.program import program, runnable
from muniment.cli.reason import advice_of, reason_of
from muniment.cli.remote import RemoteWorkspace
from muniment.collections.workspace import Workspace
from muniment.settings import Settings
from muniment.types import CollectionState, DocumentState, RunState

FAILED_SHOWN = 50


class StatusReport(Wire):
    """Everything at a glance."""

    data_dir: str
    server: str | None
    """URL of the server that works on the data; null when none runs."""
    readiness: ReadinessWire
    collections: tuple[CollectionWire, ...]
    problems: tuple[DocumentWire, ...]
    """Documents that failed or were skipped."""


async def make_report(workspace: Workspace, settings: Settings) -> StatusReport:
    """Ask the workspace for all of it."""
    collections = await workspace.collections()
    problems = [
        document
        for collection in collections
        for state in (DocumentState.FAILED, DocumentState.SKIPPED)
        for document in await every_document(workspace, collection.name, state)
    ]
    return StatusReport(
        data_dir=str(settings.data_dir),
        server=workspace.url if isinstance(workspace, RemoteWorkspace) else None,
        readiness=ReadinessWire.of(await workspace.readiness()),
        collections=tuple(CollectionWire.of(collection) for collection in collections),
        problems=tuple(DocumentWire.of(document) for document in problems),
    )


def print_report(report: StatusReport, console: Console) -> None:
    """The report for people."""
    where = f"Server at {report.server}" if report.server else "No server runs"
    console.print(styled(f"{where}; data in {report.data_dir}", "dim"))
    if not report.collections:
        nothing = none_declared()
        console.print(styled(f"{nothing.message} {runnable(nothing.hint)}"))
        return
    _print_collections(report, console)
    _print_checks(report, console)
    _print_failed_runs(report, console)
    _print_problems(report, console)
    _print_mended(report, console)


def _print_checks(report: StatusReport, console: Console) -> None:
    # What one thing that is down makes of several checks is told once.
    amiss: dict[tuple[bool, str, str], list[str]] = {}
    for check in report.readiness.checks:
        if not check.ok:
            amiss.setdefault((check.needed, check.detail, check.hint), []).append(check.name)
    for (needed, detail, hint), names in amiss.items():
        why = clean(runnable(f"{', '.join(names)}: {detail} {hint}"))
        console.print(Text.assemble(("Not ready: " if needed else "Does without: ", "bold yellow"), why))
        told(detail)
    for check in report.readiness.checks:
        if check.ok and check.hint:
            console.print(Text.assemble(("Note: ", "bold"), clean(runnable(check.hint))))


def _print_failed_runs(report: StatusReport, console: Console) -> None:
    for one in report.collections:
        run = one.last_run
        if run is not None and run.error:
            why = f"{one.name}: {run.error} {run.hint} [{run.error_code}]"
            # A run that ended well may have a remark.
            label = "Last run: " if run.state is RunState.DONE else "Last run failed: "
            console.print(Text.assemble((label, "bold yellow"), clean(runnable(why))))


def _print_collections(report: StatusReport, console: Console) -> None:
    rows = table(
        "Collection",
        "State",
        "#Documents",
        "#Failed",
        "#Pages",
        "#Chunks",
        "Generator",
        "Last run",
        "Embedding",
    )
    for one in report.collections:
        run = one.last_run
        rows.add_row(
            styled(one.name, "bold"),
            styled(one.state.value, "green" if one.state is CollectionState.READY else "yellow"),
            str(one.documents),
            styled(str(one.failed), "yellow" if one.failed else ""),
            str(one.pages),
            str(one.chunks),
            styled(one.generator),
            styled(f"{run.state} {minute(run.started_at)}" if run else "never"),
            styled(f"{one.embedding_model} ({one.dimension})", "dim"),
        )
    console.print(rows)
    for one in report.collections:
        for difference in one.wanted:
            what = difference.what.replace("_", " ")
            why = f"{one.name}: {what} is {difference.live}, the settings ask for {difference.wanted}."
            console.print(Text.assemble(("New generation wanted: ", "bold yellow"), clean(why)))


def _print_problems(report: StatusReport, console: Console) -> None:
    if not report.problems:
        return
    console.print()
    console.print(styled("Documents that are not searchable", "bold"))
    for (code, advice), documents in _by_trouble(report.problems[:FAILED_SHOWN]).items():
        for document in documents:
            why = reason_of(document.name, document.error)
            line = Text.assemble(
                (f"{document.state} ", "yellow"),
                one_line(f"{document.collection}/{document.name}: {why}"),
                (f" [{code}]", "dim"),
            )
            console.print(line, soft_wrap=True)
        if advice:
            console.print(styled(f"    {advice}", "dim"), soft_wrap=True)
    if len(report.problems) > FAILED_SHOWN:
        more = len(report.problems) - FAILED_SHOWN
        console.print(f"… and {more} more; `{program()} documents` lists them.")


def _by_trouble(problems: tuple[DocumentWire, ...]) -> dict[tuple[str, str], list[DocumentWire]]:
    """Documents that fail in the same way, together: code and advice stand once for all of them."""
    found: dict[tuple[str, str], list[DocumentWire]] = {}
    for document in problems:
        trouble = (document.error_code, advice_of(document.error, document.hint))
        found.setdefault(trouble, []).append(document)
    return found


def _print_mended(report: StatusReport, console: Console) -> None:
    mended = [mending for collection in report.collections for mending in collection.mended]
    if mended:
        console.print()
        console.print(styled("Mended", "bold"))
    for mending in mended:
        console.print(styled(f"{mending.at} {mending.collection}: {mending.found}; {mending.did}"))
