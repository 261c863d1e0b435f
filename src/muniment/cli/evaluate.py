"""``muniment evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import (
    CollectionArgument,
    Config,
    DraftedOption,
    Json,
    SearchOnlyOption,
    settings_from,
)

if TYPE_CHECKING:
    from muniment.collections.quality import Asked
    from muniment.settings import GateSettings, Settings
    from muniment.types import EvaluationReport

EVALUATED = ("collections", "embedding_models", "generators", "rerankers", "default_reranker")
"""Settings that a begun evaluation must find unchanged to be gone on with."""


def evaluate(
    collection: CollectionArgument = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", "-q", help="Labelled questions, JSON Lines or CSV; the gate's otherwise."
        ),
    ] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Fail when the collection's gate is not met.")] = False,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="JSON report of an earlier evaluation to compare with."),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Report to write: .html, .json, or .xml for JUnit; may be given repeatedly.",
        ),
    ] = None,
    generator: Annotated[
        str | None, typer.Option("--generator", "-g", help="A declared generator instead of the usual one.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", min=1, max=100, help="Passages given to the generator.")
    ] = None,
    search_only: SearchOnlyOption = False,
    drafted: DraftedOption = False,
    at_a_time: Annotated[
        int | None, typer.Option("--at-a-time", min=1, max=64, help="Questions under way; 2 if omitted.")
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Fit the threshold below which nothing is answered to the questions."
        ),
    ] = False,
    refused_at_most: Annotated[
        float,
        typer.Option(
            "--refused-at-most",
            min=0,
            max=1,
            help="With --calibrate: share of the answerable questions that may be refused.",
        ),
    ] = 0.05,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Measure searches and answers on labelled questions, each metric with its confidence interval.

    A run that is stopped goes on where it was when it is started again. The last report of a collection is
    kept, and served at /v1/collections/NAME/quality.
    """
    from muniment.api.wire import EvaluationReportWire
    from muniment.cli.connect import run
    from muniment.cli.evaluation_report import print_report, write_reports
    from muniment.cli.output import print_json
    from muniment.collections.quality import AT_A_TIME, Asked
    from muniment.evaluation.stored import read_report

    if calibrate and search_only:
        raise typer.BadParameter("--calibrate needs answers, which --search-only leaves out.")
    settings = settings_from(config)
    outputs = checked_outputs(output or [])
    before = read_report(against) if against is not None else None
    asked = Asked(generator=generator, top_k=top_k, answers=not search_only, at_a_time=at_a_time or AT_A_TIME)
    report, told = run(
        _evaluated(
            settings,
            collection,
            questions,
            asked,
            gate=gate,
            before=before,
            drafted=drafted,
            refused_at_most=refused_at_most if calibrate else None,
            quiet=as_json,
        )
    )
    write_reports(report, outputs)
    if as_json:
        print_json(EvaluationReportWire.of(report))
    else:
        print_report(report, told)
    if report.failed or (gate and not report.gate_met) or (calibrate and report.calibration is None):
        raise typer.Exit(ExitCode.FAILED)


def checked_outputs(outputs: list[Path]) -> list[Path]:
    """The files, whose names say in which format they are wanted; InputError ``unknown_report_format``."""
    from muniment.errors import InputError

    for file in outputs:
        if file.suffix.lower() not in (".html", ".json", ".xml"):
            raise InputError(
                f"What {file} should hold cannot be told from its name.",
                code="unknown_report_format",
                hint="Let it end in .html, .json or .xml (JUnit).",
            )
    return outputs


async def _evaluated(
    settings: "Settings",
    collection: str | None,
    file: Path | None,
    asked: "Asked",
    *,
    gate: bool,
    before: "EvaluationReport | None",
    drafted: bool,
    refused_at_most: float | None,
    quiet: bool,
) -> "tuple[EvaluationReport, tuple[str, ...]]":
    """The report, and the notes that were shown before the first question."""
    from dataclasses import replace

    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected
    from muniment.cli.evaluation_display import shown_evaluation
    from muniment.collections.quality import evaluate
    from muniment.evaluation import counted, read_questions
    from muniment.evaluation.calibration import calibrated, check_labels
    from muniment.evaluation.compare import compared

    known = read_questions(file) if file is not None else ()
    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        declared = _gate(settings, name, required=gate)
        used = file or _gate_questions(declared)
        questions = counted(known or read_questions(used), with_drafted=drafted)
        if refused_at_most is not None:
            check_labels(questions)
        asked = replace(
            asked,
            questions_name=used.name,
            settings=settings.model_dump_json(include=set(EVALUATED)),
            journal=settings.data_dir / "evaluations" / f"{name}.jsonl",
        )
        report = await shown_evaluation(evaluate(workspace, name, questions, asked), name, quiet=quiet)
        told = report.notes
        if refused_at_most is not None:
            report = calibrated(report, refused_at_most=refused_at_most)
        if before is not None:
            significance = declared.significance if declared is not None else 0.05
            report = replace(report, comparison=compared(before, report, significance=significance))
        if gate and declared is not None:
            report = _held(report, declared)
        await workspace.keep_report(name, report)
        return report, told


def _held(report: "EvaluationReport", gate: "GateSettings") -> "EvaluationReport":
    """The report with what came of the gate, and what an earlier report lets be noticed."""
    from dataclasses import replace

    from muniment.evaluation.gate import gated, weakness

    if report.comparison is not None:
        note = weakness(report.comparison, gate.judged)
    else:
        note = "max_fall was not judged: --against names the earlier report." if gate.max_fall else ""
    notes = (*report.notes, note) if note else report.notes
    return gated(replace(report, notes=notes), gate.wanted, gate.max_fall)


def _gate(settings: "Settings", collection: str, *, required: bool) -> "GateSettings | None":
    """The collection's gate; SettingsError ``no_gate`` when it must have one."""
    from muniment.errors import SettingsError

    declared = settings.collections.get(collection)
    gate = declared.gate if declared is not None else None
    if gate is None and required:
        raise SettingsError(
            f"Collection {collection!r} has no gate.",
            code="no_gate",
            hint=f"Write `gate: {{questions: FILE, recall_at_5: 0.9}}` under collections.{collection}.",
        )
    return gate


def _gate_questions(gate: "GateSettings | None") -> Path:
    """The questions file of the gate; InputError ``questions_required`` when there is no gate."""
    from muniment.errors import InputError

    if gate is None:
        raise InputError(
            "No questions are named.",
            code="questions_required",
            hint="Name a file with --questions, or in the gate of the collection.",
        )
    return gate.questions
