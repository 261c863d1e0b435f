"""Compares two evaluations question by question."""

from collections.abc import Sequence
from dataclasses import replace

from muniment.evaluation.bootstrap import interval, paired_p_value
from muniment.evaluation.metrics import METRICS, Definition, values_of
from muniment.types import (
    EvaluationReport,
    LabelledQuestion,
    MetricDifference,
    QuestionResult,
    ReportComparison,
)


def compared(
    before: EvaluationReport, after: EvaluationReport, *, significance: float = 0.05
) -> ReportComparison:
    """What changed from one evaluation to the other, over the questions that both asked.

    Questions are the same when id, words and labels are. Times are compared by their mean.
    """
    earlier = {one.question.id: one for one in before.results if not one.failed}
    later = {one.question.id: one for one in after.results if not one.failed}
    shared = [
        name for name in later if name in earlier and _same(earlier[name].question, later[name].question)
    ]
    pairs = [(earlier[name], later[name]) for name in shared]
    differences = (_difference(definition, pairs) for definition in METRICS)
    return ReportComparison(
        before.id,
        after.id,
        len(shared),
        len(earlier) - len(shared),
        len(later) - len(shared),
        tuple(one for one in differences if one is not None),
        significance,
    )


def _same(one: LabelledQuestion, other: LabelledQuestion) -> bool:
    return replace(one, kind=other.kind, drafted=other.drafted) == other


def _difference(
    definition: Definition, pairs: Sequence[tuple[QuestionResult, QuestionResult]]
) -> MetricDifference | None:
    """None for what is not a mean over questions, and for what no question has in both.

    Of times only one percentile stands for the paired differences of all.
    """
    import numpy as np

    if definition.percentile not in (0.0, 0.5):
        return None
    before = values_of(definition, (one for one, _ in pairs))
    after = values_of(definition, (other for _, other in pairs))
    both = [name for name in before if name in after]
    if not both:
        return None
    first, second = (np.array([values[name] for name in both]) for values in (before, after))
    low, high = interval(second - first)
    return MetricDifference(
        definition.name,
        float(first.mean()),
        float(second.mean()),
        float((second - first).mean()),
        low,
        high,
        paired_p_value(second - first),
        len(both),
        definition.higher_is_better,
    )
