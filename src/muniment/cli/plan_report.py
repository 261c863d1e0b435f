"""How a plan is shown."""

from rich.console import Console

from muniment.api.wire import PlanWire, ShardWire
from muniment.api.wire.base import Wire
from muniment.cli.apart import told_apart
from muniment.cli.output import line, styled, table
from muniment.ingest.holding import sources_in_words
from muniment.types import ChangeKind, GenerationChange, Plan, ShardPart

_SIGNS = {
    ChangeKind.ADD: ("+", "green"),
    ChangeKind.UPDATE: ("~", "yellow"),
    ChangeKind.MOVE: (">", "cyan"),
    ChangeKind.METADATA: ("=", "cyan"),
    ChangeKind.REMOVE: ("-", "red"),
    ChangeKind.RETRY: ("!", "yellow"),
    ChangeKind.REPAIR: ("*", "yellow"),
}


class PlannedShards(Wire):
    """A plan and, when they were asked for, its shards."""

    plan: PlanWire
    shards: tuple[ShardWire, ...]


class PlanReport(Wire):
    """What `muniment plan --json` prints: a plan for each collection."""

    plans: tuple[PlannedShards, ...]


def print_plan(console: Console, plan: Plan, parts: tuple[ShardPart, ...]) -> None:
    """Counts and reasons, the first documents of each kind, and what it takes."""
    changes = [f"{planned.documents} {planned.kind}" for planned in plan.kinds]
    if plan.generation is not None:
        changes.append(f"a new index of all {plan.generation.reembed} documents")
    told = ", ".join(changes) or "nothing to do"
    unchanged = f"{plan.unchanged} files unchanged" if plan.generation else f"{plan.unchanged} unchanged"
    console.print(styled(f"{plan.collection}: {told}, {unchanged}", "bold"))
    shown = [change for planned in plan.kinds for change in planned.examples]
    names = iter(told_apart([(change.name, change.uri) for change in shown]))
    for planned in plan.kinds:
        sign, style = _SIGNS[planned.kind]
        for change in planned.examples:
            told = f"  {sign} {planned.kind} {next(names)}: {change.reason}"
            console.print(line(told, style), soft_wrap=True)
        more = planned.documents - len(planned.examples)
        if more:
            console.print(styled(f"  {sign} {planned.kind} {more} more", style))
    if plan.empty_sources:
        console.print(styled(f"  {_empty(plan)}", "yellow"))
    if plan.generation is not None:
        console.print(styled(f"  A new index is wanted: {plan.generation.reason}.", "yellow"))
        console.print(styled(f"  {_anew(plan.generation)}"))
    if not plan.empty:
        console.print(styled(f"  {_takes(plan)}"))
        # A plan by its id is of documents alone: the new index is made where none is named.
        command = f"muniment apply {plan.collection}"
        command += f" --plan {plan.id}" if plan.generation is None else ""
        command += f" --shard K/{len(parts)}, with K from 0 to {len(parts) - 1}" if parts else ""
        console.print(styled(f"  Plan {plan.id}, carried out by: {command}"))
    if parts:
        rows = table("Shard", "#Documents", "#MB")
        for part in parts:
            rows.add_row(str(part.shard), str(part.documents), f"{part.bytes / 1e6:.1f}")
        console.print(rows)


def _anew(change: GenerationChange) -> str:
    """What is made anew of what is there."""
    done = ((change.reparse, "parsed"), (change.rechunk, "cut"), (change.reembed, "embedded"))
    told = ", ".join(f"{count} {what}" for count, what in done if count) or "nothing"
    return f"Documents made anew: {told}. The live index answers until it is there."


def _empty(plan: Plan) -> str:
    told = f"Attention: {sources_in_words(plan.empty_sources)} no files at all."
    if not plan.held_back:
        return told
    return (
        f"{told} {plan.held_back} documents that were listed before are kept. Check folder, prefix and "
        "globs; if the files are gone on purpose, add --allow-empty."
    )


def _takes(plan: Plan) -> str:
    estimate = plan.estimate
    time = "time unknown" if estimate.seconds is None else f"about {duration(estimate.seconds)}"
    return (
        f"Chunks: about {estimate.chunks_written} to write, {estimate.chunks_deleted} to delete at most; "
        f"{time} ({estimate.basis}); disk: about {estimate.disk_bytes / 1e6:.1f} MB."
    )


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
