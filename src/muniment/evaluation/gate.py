"""Whether an evaluation comes to what a gate asks for."""

from collections.abc import Mapping
from dataclasses import replace

from muniment.evaluation.metrics import BY_NAME
from muniment.types import EvaluationReport, GateFinding


def gated(report: EvaluationReport, wanted: Mapping[str, float]) -> EvaluationReport:
    """The report with what came of each metric that a gate asks for.

    The value itself counts, not an end of its interval. What the questions do not let be measured is not met.
    """
    return replace(report, gate=tuple(_finding(report, name, limit) for name, limit in wanted.items()))


def gate_failures(report: EvaluationReport) -> tuple[str, ...]:
    """Why the gate is not met, in words; nothing when it is."""
    found = [_words(finding) for finding in report.gate if not finding.met]
    if report.failed:
        found.append(f"{len(report.failed)} questions could not be asked")
    return tuple(found)


def _finding(report: EvaluationReport, name: str, limit: float) -> GateFinding:
    metric = report.metric(name)
    if metric is None:
        return GateFinding(name, limit, None, False)
    met = metric.value >= limit if metric.higher_is_better else metric.value <= limit
    return GateFinding(name, limit, metric.value, met)


def _words(finding: GateFinding) -> str:
    if finding.value is None:
        return f"{finding.metric} is not measured by these questions"
    bound = "at least" if BY_NAME[finding.metric].higher_is_better else "at most"
    return f"{finding.metric} is {finding.value:.3g}, wanted is {bound} {finding.wanted:g}"
