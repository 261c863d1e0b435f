"""Prints and writes reports of evaluations."""

from collections.abc import Collection
from pathlib import Path
from textwrap import indent

from muniment.cli.output import clean, messages, results, styled, table
from muniment.errors import StorageError, is_disk_full
from muniment.evaluation.gate import gate_failures
from muniment.evaluation.metrics import BY_NAME, compared_title, compared_value
from muniment.types import (
    EvaluationReport,
    Metric,
    MetricDifference,
    MetricUnit,
    ReportCalibration,
    ReportComparison,
)

NAMED_FAILURES = 5


def write_reports(report: EvaluationReport, files: list[Path]) -> None:
    """Write the report into each file, in the format its name ends in; StorageError ``file_unwritable``."""
    from muniment.evaluation.html_report import html_of
    from muniment.evaluation.junit import junit_of
    from muniment.evaluation.stored import report_to_json

    for file in files:
        if file.suffix.lower() == ".html":
            data = html_of(report).encode()
        else:
            data = junit_of(report) if file.suffix.lower() == ".xml" else report_to_json(report)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except OSError as error:
            raise StorageError(
                f"The report cannot be written to {file}: {error.strerror}.",
                code="disk_full" if is_disk_full(error) else "file_unwritable",
                hint="Name another file with --output.",
            ) from error
        messages().print(styled(f"Written: {file}"), soft_wrap=True)


def print_report(report: EvaluationReport, told: Collection[str] = ()) -> None:
    """The metrics, what changed, and whether the gate is met.

    Args:
        told: notes that were shown before the first question was asked.
    """
    console = results()
    subject = report.subject
    what = f"{subject.collection}: {len(report.results)} questions, {subject.documents} documents"
    console.print(
        styled(f"{what}, {subject.embedding_model}, {subject.generator or 'searches only'}", "bold")
    )
    differences = report.comparison.differences if report.comparison else ()
    # The means of times are compared, which no row of the table shows.
    changes = {one.name: one for one in differences if not BY_NAME[one.name].timing}
    shown = table("metric", "#value", "#95% interval", "#questions", *(("#change", "#p") if changes else ()))
    for metric in report.metrics:
        cells = [metric.name, _shown(metric, metric.value), _interval(metric), str(metric.questions)]
        shown.add_row(*cells, *(_change(changes.get(metric.name)) if changes else ()))
    console.print(shown)
    if report.comparison is not None:
        _print_compared(report.comparison)
    for note in (one for one in report.notes if one not in told):
        messages().print(styled(note, "yellow"), soft_wrap=True)
    for result in report.failed[:NAMED_FAILURES]:
        told = f"not asked: {result.question.question}: {result.error} [{result.error_code}]"
        messages().print(styled(told, "yellow"), soft_wrap=True)
    _print_verdicts(report)
    if report.calibration is not None:
        _print_calibration(report.calibration, report.subject.collection)


def _print_calibration(fitted: ReportCalibration, collection: str) -> None:
    """The threshold, what it refuses, and the lines for the settings."""
    import yaml

    console = results()
    told = (
        f"Fitted: abstain_below {fitted.abstain_below:.4g} refuses {fitted.refused_answerable:.1%} of "
        f"{fitted.answerable} answerable questions (at most {fitted.refused_at_most:.1%} was asked for) and "
        f"{fitted.refused_unanswerable:.1%} of {fitted.unanswerable} unanswerable ones; "
        f"ROC AUC {fitted.roc_auc:.3f}."
    )
    console.print(styled(told, "bold"), soft_wrap=True)
    console.print(styled("For the settings:"))
    lines = yaml.safe_dump({"collections": {collection: {"abstain_below": fitted.abstain_below}}})
    console.print(styled(indent(lines.rstrip(), "    ")), soft_wrap=True)


def _print_compared(comparison: ReportComparison) -> None:
    """On how many questions the change rests, and the times."""
    console = results()
    asked = comparison.shared + comparison.only_after
    told = f"Compared with {comparison.before_id}: {comparison.shared} of {asked} questions are in both"
    left_out = (
        (comparison.only_after, "only here, or with other words or labels"),
        (comparison.only_before, "only there"),
    )
    told += "".join(f"; {count} {where}" for count, where in left_out if count)
    style = "" if comparison.shared == asked else "yellow"
    console.print(styled(f"{told}.", style), soft_wrap=True)
    for one in comparison.differences:
        if BY_NAME[one.name].timing:
            before, after = (compared_value(one.name, value) for value in (one.before, one.after))
            change = compared_value(one.name, one.difference, signed=True)
            told = (
                f"{compared_title(one.name)}: {before} there, {after} here, {change} (p = {one.p_value:.3f})"
            )
            console.print(styled(told), soft_wrap=True)


def _print_verdicts(report: EvaluationReport) -> None:
    console = results()
    if report.comparison is not None:
        for names, word, style in (
            (report.comparison.better, "better", "green"),
            (report.comparison.worse, "worse", "bold red"),
        ):
            told = ", ".join(compared_title(one.name) for one in names) or "nothing"
            console.print(styled(f"Significantly {word}: {told}", style if names else ""), soft_wrap=True)
    if report.gate:
        for reason in gate_failures(report):
            console.print(styled(f"Gate: {clean(reason)}", "bold red"), soft_wrap=True)
        if report.gate_met:
            console.print(styled("The gate is met.", "green"))


def _shown(metric: Metric, value: float) -> str:
    return f"{value:.0f} ms" if metric.unit is MetricUnit.MILLISECONDS else f"{value:.3f}"


def _interval(metric: Metric) -> str:
    return f"{_shown(metric, metric.low)} – {_shown(metric, metric.high)}"


def _change(one: MetricDifference | None) -> tuple[str, str]:
    if one is None:
        return "", ""
    digits = 3
    return f"{one.difference:+.{digits}f}", f"{one.p_value:.3f}"
