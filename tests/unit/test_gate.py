"""What a gate asks for: values, falls, and how small a fall its questions can notice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from muniment.evaluation.bootstrap import paired_p_value
from muniment.evaluation.gate import gate_failures, gated, least_lost, weakness
from muniment.settings import GateSettings
from muniment.types import (
    EvaluatedWith,
    EvaluationReport,
    MetricDifference,
    ReportComparison,
)


def difference(name: str, change: float, questions: int, *, higher: bool = True) -> MetricDifference:
    return MetricDifference(name, 0.9, 0.9 + change, change, change, change, 1.0, questions, higher)


def report(*differences: MetricDifference, significance: float = 0.05) -> EvaluationReport:
    comparison = ReportComparison("a", "b", 11, 0, 0, differences, significance)
    return EvaluationReport("b", "", EvaluatedWith("docs", "f"), (), (), comparison=comparison)


@pytest.mark.parametrize(("change", "met"), [(-0.091, False), (-0.02, True), (0.0, True), (0.3, True)])
def test_a_fall_is_judged_by_the_value_alone(change: float, met: bool) -> None:
    held = gated(report(difference("recall_at_5", change, 11)), {}, {"recall_at_5": 0.02})
    assert held.gate_met is met
    if not met:
        assert gate_failures(held) == (
            "recall_at_5 is 0.091 worse than before, allowed is a fall of at most 0.02",
        )


def test_of_what_should_be_small_a_rise_is_the_fall() -> None:
    risk = difference("risk_coverage_area", 0.1, 11, higher=False)
    assert not gated(report(risk), {}, {"risk_coverage_area": 0.05}).gate_met
    better = difference("risk_coverage_area", -0.1, 11, higher=False)
    assert gated(report(better), {}, {"risk_coverage_area": 0.0}).gate_met


def test_a_fall_that_is_not_measured_is_not_allowed() -> None:
    held = gated(report(difference("mrr", 0.0, 11)), {}, {"groundedness": 0.5})
    assert gate_failures(held) == ("groundedness is not measured by these questions",)


def test_without_an_earlier_report_there_is_no_fall() -> None:
    alone = EvaluationReport("b", "", EvaluatedWith("docs", "f"), (), ())
    assert gated(alone, {}, {"recall_at_5": 0.0}).gate == ()


@given(st.floats(0.001, 0.9))
def test_so_many_lost_questions_are_significant_and_one_fewer_is_not(significance: float) -> None:
    lost = least_lost(significance)
    assert paired_p_value(np.full(lost, -1.0)) < significance
    assert lost == 1 or paired_p_value(np.full(lost - 1, -1.0)) >= significance


def test_too_few_questions_are_told_with_what_they_would_notice() -> None:
    compared = report(
        difference("recall_at_5", 0.0, 11), difference("answered", 0.0, 4), difference("mrr", 0.0, 11)
    ).comparison
    assert compared is not None
    told = weakness(compared, {"recall_at_5", "answered"})
    assert "recall_at_5: 0.55 (6 of 11 questions lost and none won)" in told
    assert "answered: none, whatever is lost of 4 questions" in told
    assert "max_fall" in told
    assert "mrr" not in told


def test_questions_enough_need_no_words() -> None:
    compared = report(difference("recall_at_5", 0.0, 120)).comparison
    assert compared is not None
    assert weakness(compared, {"recall_at_5"}) == ""
    assert weakness(compared, {"answered"}) == ""


def test_a_gate_may_ask_for_nothing_but_that_nothing_falls() -> None:
    gate = GateSettings.model_validate({"questions": "q.jsonl", "max_fall": {"recall_at_5": 0.02}})
    assert (gate.wanted, gate.judged) == ({}, ("recall_at_5",))


@pytest.mark.parametrize(
    ("max_fall", "says"),
    [
        ({"recal_at_5": 0.1}, "did you mean 'recall_at_5'"),
        ({"search_p95_ms": 0.1}, "no metric that can fall"),
        ({"recall_at_5": 2}, "less than or equal to 1"),
        ({}, "at least one metric"),
    ],
)
def test_a_margin_that_means_nothing_is_refused(max_fall: dict[str, float], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        GateSettings.model_validate({"questions": "q.jsonl", "max_fall": max_fall})
