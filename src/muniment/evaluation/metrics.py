"""The metrics: what each is, and its value over all questions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from muniment.evaluation.bootstrap import interval
from muniment.evaluation.ranks import CUTS
from muniment.types import Metric, MetricUnit, QuestionResult, RiskPoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Definition:
    """What a metric is. ``percentile`` is which of the times named ``timing`` it is, for those of time."""

    name: str
    title: str
    what: str
    unit: MetricUnit = MetricUnit.SHARE
    higher_is_better: bool = True
    timing: str = ""
    percentile: float = 0.0


def _found(name: str, title: str, cut: int, what: str) -> Definition:
    where = f"the best {cut} passages" if cut > 1 else "the best passage"
    return Definition(f"{name}_{cut}", f"{title}@{cut}", what.format(where))


_PLURALS = {"search": "searches", "answer": "answers"}


def _latency(timing: str, percentile: int) -> Definition:
    what = f"{percentile}% of the {_PLURALS[timing]} take at most so long."
    name = f"{timing}_p{percentile}_ms"
    title = f"{timing.capitalize()} time, p{percentile}"
    return Definition(name, title, what, MetricUnit.MILLISECONDS, False, timing, percentile / 100)


RISK_COVERAGE = "risk_coverage_area"

_HIT_CUTS = (1, 5, 10)

METRICS: tuple[Definition, ...] = (
    *(_found("recall_at", "Recall", cut, "Share of the labelled places in {}.") for cut in CUTS),
    Definition("ndcg_at_10", "nDCG@10", "How high up the labelled places stand among the best 10 passages."),
    Definition("mrr", "MRR", "One divided by the rank of the first passage that holds a labelled place."),
    *(_found("page_hit_at", "Page hit", cut, "A labelled page is in {}.") for cut in _HIT_CUTS),
    *(_found("document_hit_at", "Document hit", cut, "A labelled document is in {}.") for cut in _HIT_CUTS),
    Definition(
        "citation_precision", "Citation precision", "Share of an answer's citations at a labelled place."
    ),
    Definition("citation_recall", "Citation recall", "Share of the labelled places that the answer cites."),
    Definition("groundedness", "Groundedness", "Share of an answer's statements that its citations carry."),
    Definition("right_answers", "Right answers", "Cites the labelled place, or rightly gives no answer."),
    Definition("answered", "Answered", "Share of the answerable questions that were answered."),
    Definition(
        "abstention_precision", "Abstention precision", "Share of the questions not answered that have none."
    ),
    Definition(
        "abstention_recall",
        "Abstention recall",
        "Share of the unanswerable questions that were not answered.",
    ),
    Definition("token_f1", "Answer F1", "Words shared with the expected answer."),
    Definition("exact_match", "Exact match", "The answer is the expected one, word for word."),
    Definition("answer_contained", "Answer contained", "The expected answer stands in the answer."),
    Definition(
        RISK_COVERAGE,
        "Area under risk-coverage",
        "Share of wrong answers, over all numbers of answers that could be given, surest first.",
        higher_is_better=False,
    ),
    *(_latency(timing, percentile) for timing in ("search", "answer") for percentile in (50, 95, 99)),
)
"""In the order in which they are shown."""

BY_NAME = {definition.name: definition for definition in METRICS}


def compared_title(name: str) -> str:
    """What a metric is called where two reports are compared: of times the means are."""
    definition = BY_NAME[name]
    return f"{definition.timing.capitalize()} time, mean" if definition.timing else definition.title


def compared_value(name: str, value: float, *, signed: bool = False) -> str:
    """A value, or a difference, as it is shown where two reports are compared: times with their unit."""
    sign = "+" if signed else ""
    return f"{value:{sign}.0f} ms" if BY_NAME[name].timing else f"{value:{sign}.3f}"


def measured_over(results: Iterable[QuestionResult]) -> tuple[Metric, ...]:
    """Every metric that is defined for at least one question, each with its bootstrap interval."""
    asked = [result for result in results if not result.failed]
    found = (_measured(definition, asked) for definition in METRICS)
    return tuple(metric for metric in found if metric is not None)


def values_of(definition: Definition, results: Iterable[QuestionResult]) -> dict[str, float]:
    """The metric's value for each question that it is defined for, by the question's id."""
    if definition.timing:
        found = ((one.question.id, one.timings.get(definition.timing)) for one in results)
    else:
        found = ((one.question.id, one.values.get(definition.name)) for one in results)
    return {name: value for name, value in found if value is not None}


def risk_coverage(results: Sequence[QuestionResult]) -> tuple[RiskPoint, ...]:
    """The share of wrong answers among the surest, for every share that could be answered.

    Geifman and El-Yaniv, 2017. It rests on the questions that have a confidence and of which is known whether
    an answer is right. One to an unanswerable question is wrong, and so is one that was withheld.
    """
    judged = _judged(results)
    points, wrong = [], 0
    for number, (confidence, failed) in enumerate(judged, 1):
        wrong += failed
        points.append(RiskPoint(number / len(judged), wrong / number, confidence))
    return tuple(points)


def _judged(results: Iterable[QuestionResult]) -> list[tuple[float, bool]]:
    """Confidence and whether an answer is wrong, surest first."""
    found = [
        (one.confidence, one.question.unanswerable is True or one.values["right_answers"] < 1)
        for one in results
        if one.confidence is not None and "right_answers" in one.values
    ]
    return sorted(found, key=lambda one: -one[0])


def _measured(definition: Definition, results: Sequence[QuestionResult]) -> Metric | None:
    import numpy as np

    if definition.name == RISK_COVERAGE:
        judged = _judged(results)
        values = np.array([[confidence, wrong] for confidence, wrong in judged], dtype=float)
        return _made(definition, values, _risk_area) if len(judged) > 1 else None
    values = np.array(list(values_of(definition, results).values()), dtype=float)
    if not len(values):
        return None
    if definition.percentile:
        return _made(definition, values, lambda rows: np.quantile(rows, definition.percentile, axis=-1))
    return _made(definition, values, lambda rows: rows.mean(axis=-1))


def _made(
    definition: Definition,
    values: "NDArray[np.float64]",
    statistic: "Callable[[NDArray[np.float64]], NDArray[np.float64]]",
) -> Metric:
    low, high = interval(values, statistic)
    return Metric(
        definition.name,
        float(statistic(values[None])[0]),
        low,
        high,
        len(values),
        definition.unit,
        definition.higher_is_better,
    )


def _risk_area(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Mean risk over all coverages; rows of shape (resamples, questions, 2): confidence, and 1 for wrong."""
    import numpy as np

    order = np.argsort(-rows[..., 0], axis=-1, kind="stable")
    wrong = np.take_along_axis(rows[..., 1], order, axis=-1)
    risks = np.cumsum(wrong, axis=-1) / np.arange(1, rows.shape[1] + 1)
    area: NDArray[np.float64] = risks.mean(axis=-1)
    return area
