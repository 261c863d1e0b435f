"""Shows an evaluation on stderr: a bar on a terminal, lines elsewhere, nothing for ``--json``."""

from collections.abc import AsyncIterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from muniment.cli.output import clean, messages, styled
from muniment.cli.plan_report import duration
from muniment.types import EvaluationEvent, EvaluationFinished, EvaluationProgress, EvaluationReport

QUESTION_WIDTH = 50
LINE_EVERY_S = 10.0


async def shown_evaluation(
    events: AsyncIterator[EvaluationEvent], collection: str, *, quiet: bool
) -> EvaluationReport:
    """The report at the end of ``events``, which are shown as they come."""
    console, told_at = messages(), 0.0
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    task = bar.add_task(collection, total=None, left="")
    with bar:
        async for event in events:
            if isinstance(event, EvaluationFinished):
                return event.report
            if not quiet and event.done == event.resumed:
                _print_beginning(console, collection, event)
            if not quiet and not console.is_terminal and event.seconds - told_at >= LINE_EVERY_S:
                told_at = event.seconds
                console.print(
                    styled(f"{collection}: {event.done} of {event.total} questions, {_left(event)}")
                )
            bar.update(
                task,
                description=f"{collection} {_shortened(event.current)}".strip(),
                completed=event.done,
                total=event.total,
                left=_left(event),
            )
    raise AssertionError("an evaluation always ends with EvaluationFinished or an error")


def _print_beginning(console: Console, collection: str, event: EvaluationProgress) -> None:
    """What is known before the first question: whoever mislabelled one may stop here."""
    for note in event.notes:
        console.print(styled(note, "yellow"), soft_wrap=True)
    if event.resumed:
        console.print(styled(f"{collection}: goes on behind {event.resumed} of {event.total} questions"))


def _left(event: EvaluationProgress) -> str:
    asked = event.done - event.resumed
    if not asked:
        return ""
    return f"about {duration((event.total - event.done) * event.seconds / asked)} left"


def _shortened(question: str) -> str:
    shown = clean(question)
    return shown if len(shown) <= QUESTION_WIDTH else shown[: QUESTION_WIDTH - 1] + "…"
