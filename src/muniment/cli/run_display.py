"""Shows an ingestion on stderr: a bar on a terminal, plain lines elsewhere, nothing for ``--json``."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from muniment.cli.output import clean, messages, styled
from muniment.cli.reason import advice_of, reason_of
from muniment.types import Document, DocumentFinished, DocumentState, Run, RunEvent

NAME_WIDTH = 40


async def shown_run(events: AsyncIterator[RunEvent], *, quiet: bool) -> Run:
    """The finished run of ``events``, which are shown as they come."""
    run: Run | None = None
    with _Display(quiet) as display:
        async for event in events:
            if isinstance(event, DocumentFinished):
                display.document(event.document)
            else:
                run = event.run
                display.progress(run, event.current)
    assert run is not None
    return run


class _Display(AbstractContextManager["_Display"]):
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._console = messages()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pages]} pages", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._advised: set[tuple[str, str]] = set()
        self._task = self._bar.add_task("", total=None, pages=0)

    def __enter__(self) -> "_Display":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def progress(self, run: Run, current: str) -> None:
        """Move the bar."""
        finished = run.done + run.unchanged + run.skipped + run.failed
        name = clean(current)
        shown = name if len(name) <= NAME_WIDTH else "…" + name[-NAME_WIDTH + 1 :]
        self._bar.update(
            self._task,
            description=f"{run.collection} {shown}".strip(),
            completed=finished,
            total=run.total or None,
            pages=run.pages,
        )

    def document(self, document: Document) -> None:
        """Say how one document ended; on a terminal only what needs attention."""
        if self._quiet:
            return
        if document.state is not DocumentState.DONE:
            why = f"{reason_of(document.name, document.error)} [{document.error_code}]"
            self._console.print(styled(f"{document.state} {document.name}: {why}", "yellow"), soft_wrap=True)
            self._advise(document)
        elif not self._console.is_terminal:
            self._console.print(
                styled(f"done {document.name} ({document.pages} pages, {document.chunks} chunks)")
            )

    def _advise(self, document: Document) -> None:
        """Say what to do, once for all documents with the same trouble."""
        advice = advice_of(document.error, document.hint)
        trouble = (document.error_code, advice)
        if advice and trouble not in self._advised:
            self._advised.add(trouble)
            self._console.print(styled(f"    {advice}", "dim"), soft_wrap=True)


def run_summary(run: Run) -> str:
    """A finished run in one line."""
    parts = [f"{run.done} ingested"]
    named = (("unchanged", run.unchanged), ("skipped", run.skipped), ("failed", run.failed))
    parts += [f"{count} {name}" for name, count in named if count]
    parts += [f"{run.removed} removed"] if run.removed else []
    return (
        f"{run.collection}: {run.state}, {', '.join(parts)} "
        f"({run.pages} pages, {run.chunks} chunks, {run.seconds:.1f} s)"
    )
