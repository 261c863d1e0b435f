"""Shows an ingestion on stderr: a bar on a terminal, plain lines elsewhere, nothing for ``--json``."""

from collections import deque
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

from muniment.cli.output import counted, line, messages, one_line, styled
from muniment.cli.plan_report import duration
from muniment.cli.reason import advice_of, reason_of
from muniment.types import Document, DocumentFinished, DocumentState, Run, RunEvent

NAME_WIDTH = 40

NAMED_DOCUMENTS = 10
"""Documents that a log names one by one; after them it tells of progress and of what goes wrong."""

LINE_EVERY_S = 10.0
"""Seconds between two lines of progress in a log."""

WINDOW_S = 30.0
"""Seconds of the run over which its pace is measured."""


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


class Pace:
    """How quick a run is of late, and how long it will take at that."""

    def __init__(self) -> None:
        self._seen: deque[Run] = deque()
        self._told_at = 0.0

    def add(self, run: Run) -> None:
        """Take note of how far the run is."""
        self._seen.append(run)
        while len(self._seen) > 2 and run.seconds - self._seen[1].seconds > WINDOW_S:
            self._seen.popleft()

    def due(self, run: Run) -> bool:
        """Whether a log should have a line again."""
        if run.seconds - self._told_at < LINE_EVERY_S:
            return False
        self._told_at = run.seconds
        return True

    def words(self, run: Run) -> str:
        """Pages and chunks a second, and the time left."""
        first = self._seen[0]
        span = run.seconds - first.seconds
        if span <= 0 or not run.work:
            return f"{run.pages} pages"
        pages, chunks = (run.pages - first.pages) / span, (run.chunks - first.chunks) / span
        told = f"{pages:.1f} pages/s, {chunks:.1f} chunks/s"
        ended = run.ended - first.ended
        left = (run.work - run.ended) * span / ended if ended else 0.0
        return f"{told}, about {duration(left)} left" if left else told


class _Display(AbstractContextManager["_Display"]):
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._console = messages()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rates]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._advised: set[tuple[str, str]] = set()
        self._task = self._bar.add_task("", total=None, rates="")
        self._pace = Pace()
        self._told = 0

    def __enter__(self) -> "_Display":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def progress(self, run: Run, current: str) -> None:
        """Move the bar; in a log, a line now and then."""
        self._pace.add(run)
        rates = self._pace.words(run)
        if not self._quiet and not self._console.is_terminal and self._pace.due(run):
            self._console.print(styled(f"{run.collection}: {run.ended} of {run.work} documents, {rates}"))
        name = one_line(current)
        shown = name if len(name) <= NAME_WIDTH else "…" + name[-NAME_WIDTH + 1 :]
        self._bar.update(
            self._task,
            description=f"{run.collection} {shown}".strip(),
            completed=run.ended + run.unchanged,
            total=run.total or None,
            rates=rates,
        )

    def document(self, document: Document) -> None:
        """Say how one document ended; on a terminal only what needs attention."""
        if self._quiet:
            return
        if document.state is not DocumentState.DONE:
            why = f"{reason_of(document.name, document.error)} [{document.error_code}]"
            self._console.print(line(f"{document.state} {document.name}: {why}", "yellow"), soft_wrap=True)
            self._advise(document)
        elif not self._console.is_terminal and self._told < NAMED_DOCUMENTS:
            self._told += 1
            made = f"{counted(document.pages, 'page')}, {counted(document.chunks, 'chunk')}"
            self._console.print(line(f"done {document.name} ({made})"), soft_wrap=True)

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
    parts += [f"{run.by_others} by other workers"] if run.by_others else []
    return (
        f"{run.collection}: {run.state}, {', '.join(parts)} "
        f"({counted(run.pages, 'page')}, {counted(run.chunks, 'chunk')}, {run.seconds:.1f} s)"
    )
