"""Whether an evaluation comes to what a gate asks for, and what a comparison can notice at all."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import floor, log2

from muniment.evaluation.metrics import BY_NAME
from muniment.types import EvaluationReport, GateFinding, ReportComparison

NOTICED = 0.05
"""A gate that notices falls of a share as small as this has questions enough."""
_ROUNDING = 1e-9


def gated(
    report: EvaluationReport, wanted: Mapping[str, float], max_fall: Mapping[str, float] | None = None
) -> EvaluationReport:
    """The report with what came of each metric that a gate asks for.

    The value itself counts, not an end of its interval. What the questions do not let be measured is not met.

    Args:
        max_fall: how much worse than in the earlier report a metric may be, whether chance could have made
            it so or not; nothing comes of it where the report is compared with none.
    """
    found = [_finding(report, name, limit) for name, limit in wanted.items()]
    if report.comparison is not None:
        found += [_fallen(report.comparison, name, limit) for name, limit in (max_fall or {}).items()]
    return replace(report, gate=tuple(found))


def gate_failures(report: EvaluationReport) -> tuple[str, ...]:
    """Why the gate is not met, in words; nothing when it is."""
    found = [gate_words(finding) for finding in report.gate if not finding.met]
    if report.failed:
        found.append(f"{len(report.failed)} questions could not be asked")
    return tuple(found)


def gate_words(finding: GateFinding) -> str:
    """What a metric is and what is wanted of it, in words."""
    if finding.value is None:
        return f"{finding.metric} is not measured by these questions"
    if finding.fall:
        got = "worse" if finding.value > 0 else "better"
        told = f"{abs(finding.value):.3g} {got} than" if finding.value else "the same as"
        return f"{finding.metric} is {told} before, allowed is a fall of at most {finding.wanted:g}"
    bound = "at least" if BY_NAME[finding.metric].higher_is_better else "at most"
    return f"{finding.metric} is {finding.value:.3g}, wanted is {bound} {finding.wanted:g}"


def least_lost(significance: float) -> int:
    """How many questions must be lost, and none won, for the permutation test to call it significant.

    All signs alike is the rarest outcome of ``n`` differences, and chance makes it, or its opposite, in
    2 / 2^n of all cases.
    """
    return floor(1 - log2(significance)) + 1


def weakness(comparison: ReportComparison, judged: Collection[str]) -> str:
    """What falls of the judged metrics chance alone explains, with so few questions; empty for enough."""
    lost = least_lost(comparison.significance)
    few: dict[int, list[str]] = {}
    for one in comparison.differences:
        if one.name in judged and lost > NOTICED * one.questions:
            few.setdefault(one.questions, []).append(one.name)
    if not few:
        return ""
    told = "; ".join(f"{', '.join(names)}: {_noticed(lost, count)}" for count, names in sorted(few.items()))
    return (
        "Too few questions to tell small falls from chance. The least fall of a share that is significant "
        f"(p < {comparison.significance:g}): {told}. `max_fall` in the gate judges the values alone; more "
        "questions notice more."
    )


def _noticed(lost: int, questions: int) -> str:
    if questions < lost:
        return f"none, whatever is lost of {questions} questions"
    return f"{lost / questions:.2g} ({lost} of {questions} questions lost and none won)"


def _finding(report: EvaluationReport, name: str, limit: float) -> GateFinding:
    metric = report.metric(name)
    if metric is None:
        return GateFinding(name, limit, None, False)
    met = metric.value >= limit if metric.higher_is_better else metric.value <= limit
    return GateFinding(name, limit, metric.value, met)


def _fallen(comparison: ReportComparison, name: str, limit: float) -> GateFinding:
    difference = next((one for one in comparison.differences if one.name == name), None)
    if difference is None:
        return GateFinding(name, limit, None, False, fall=True)
    fall = -difference.gain
    return GateFinding(name, limit, fall, fall <= limit + _ROUNDING, fall=True)
