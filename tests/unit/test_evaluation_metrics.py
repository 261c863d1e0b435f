"""The metrics: against values worked out by hand, against the library, and against what must never happen."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytrec_eval_ext import RelevanceEvaluator

from muniment.evaluation.bootstrap import interval, paired_p_value
from muniment.evaluation.compare import compared
from muniment.evaluation.evaluator import reported
from muniment.evaluation.gate import gate_failures, gated
from muniment.evaluation.metrics import METRICS, RISK_COVERAGE, measured_over, risk_coverage
from muniment.evaluation.ranks import CUTS, measured
from muniment.evaluation.text_match import contains, exact_match, token_f1
from muniment.settings import GateSettings
from muniment.types import EvaluatedWith, LabelledQuestion, QuestionResult

SUBJECT = EvaluatedWith("docs", "fingerprint")
shares = st.floats(0, 1, allow_nan=False)
rankings = st.lists(st.lists(st.integers(0, 4), max_size=3, unique=True), max_size=25)


def result(name: str, confidence: float | None = None, **values: float) -> QuestionResult:
    return QuestionResult(
        LabelledQuestion(name, f"{name}?"), verdict="grounded", values=values, confidence=confidence
    )


def test_one_place_at_rank_three() -> None:
    values = measured([[], [], [0], [0]], 1)
    assert values == pytest.approx(
        {
            "recall_at_1": 0, "recall_at_3": 1, "recall_at_5": 1, "recall_at_10": 1, "recall_at_20": 1,
            "ndcg_at_10": 1 / math.log2(4), "mrr": 1 / 3,
        }
    )  # fmt: skip


def test_two_places_of_three_a_passage_that_repeats_one_and_one_that_has_two() -> None:
    values = measured([[1], [1], [0, 1]], 3)
    assert (values["recall_at_1"], values["recall_at_3"]) == pytest.approx((1 / 3, 2 / 3))
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert values["ndcg_at_10"] == pytest.approx((1 + 1 / math.log2(4)) / ideal)
    assert measured([[0, 1]], 2)["recall_at_1"] == 1
    assert measured([], 2)["mrr"] == 0


@given(found=st.lists(st.sampled_from([0, 1, 2, None]), max_size=20), labelled=st.just(3))
def test_a_plain_ranking_is_measured_as_the_library_does_it(found: list[int | None], labelled: int) -> None:
    ranked: dict[str, float] = {}
    passages = []
    for rank, place in enumerate(found):
        name = f"other {rank}" if place is None or str(place) in ranked else str(place)
        ranked[name] = float(-rank)
        passages.append([] if place is None else [place])
    theirs = RelevanceEvaluator(
        {"q": {str(place): 1 for place in range(labelled)}},
        {"recall.1,3,5,10,20", "ndcg_cut.10", "recip_rank"},
        1,
        False,
    ).evaluate({"q": ranked or {"nothing": 0.0}})["q"]
    values = measured(passages, labelled)
    assert values["ndcg_at_10"] == pytest.approx(theirs["ndcg_cut_10"])
    assert values["mrr"] == pytest.approx(theirs["recip_rank"])
    for cut in CUTS:
        assert values[f"recall_at_{cut}"] == pytest.approx(theirs[f"recall_{cut}"])


@given(found=rankings)
def test_more_passages_never_hold_less(found: list[list[int]]) -> None:
    values = measured(found, 5)
    recalls = [values[f"recall_at_{cut}"] for cut in CUTS]
    assert recalls == sorted(recalls)
    assert all(0 <= value <= 1 for value in values.values())
    assert (values["mrr"] > 0) == any(found)


def test_words_are_compared_as_squad_does() -> None:
    assert token_f1("The leave is 30 days.", ["30 days"]) == pytest.approx(2 * 2 / (4 + 2))
    assert token_f1("None of these", ["30 days", "these"]) == pytest.approx(2 * 1 / (3 + 1))
    assert exact_match("The  Thirty Days!", ["thirty days"])
    assert not exact_match("thirty", ["thirty days"])
    assert contains("It costs 1,200 euros. [1]", ["1200 euros"])
    assert contains("A. [1] B", ["A B"])
    assert not contains("It costs 11,200 euros", ["1,200 euros"])
    assert not contains("It is 1.5 m", ["15 m"])
    assert token_f1("", ["x"]) == 0


@given(values=st.lists(shares, min_size=1, max_size=60))
def test_an_interval_holds_the_value_and_stays_within_what_was_seen(values: list[float]) -> None:
    array = np.array(values)
    low, high = interval(array)
    assert low <= array.mean() <= high
    assert min(values) - 1e-9 <= low
    assert high <= max(values) + 1e-9
    assert (low, high) == interval(array)


def test_an_interval_is_as_wide_as_theory_says() -> None:
    array = np.array([1.0] * 300 + [0.0] * 100)
    low, high = interval(array)
    spread = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == pytest.approx((0.75 - spread, 0.75 + spread), abs=0.008)


@given(values=st.lists(st.floats(-1, 1, allow_nan=False), max_size=40))
def test_a_p_value_is_a_share_and_the_same_for_the_opposite(values: list[float]) -> None:
    p_value = paired_p_value(np.array(values))
    assert 0 < p_value <= 1
    assert p_value == pytest.approx(paired_p_value(-np.array(values)))


def test_p_values_worked_out_by_hand() -> None:
    assert paired_p_value(np.zeros(5)) == 1
    assert paired_p_value(np.array([1.0, 1, 1, 1, 1, 0])) == 2 / 32
    assert paired_p_value(np.array([1.0, -1, 1])) == 1
    assert paired_p_value(np.ones(40)) < 0.001


@given(
    values=st.lists(
        st.fixed_dictionaries({"mrr": shares}, optional={"answered": shares}), min_size=1, max_size=20
    )
)
def test_a_report_compared_with_itself_has_no_difference(values: list[dict[str, float]]) -> None:
    report = reported([result(str(number), **one) for number, one in enumerate(values)], SUBJECT)
    comparison = compared(report, report)
    assert comparison.shared == len(values)
    assert (comparison.only_before, comparison.only_after) == (0, 0)
    assert (comparison.better, comparison.worse) == ((), ())
    assert all(
        (one.difference, one.low, one.high, one.p_value) == (0, 0, 0, 1) for one in comparison.differences
    )
    assert {one.name for one in comparison.differences} == {metric.name for metric in report.metrics}


def test_what_got_worse_is_told_and_questions_that_changed_are_left_out() -> None:
    names = [str(number) for number in range(20)]
    before = reported([result(name, mrr=1.0, answered=1.0) for name in names], SUBJECT)
    after = [result(name, mrr=0.2, answered=1.0) for name in names[1:]]
    changed = replace(after[0], question=replace(after[0].question, answers=("other",)))
    comparison = compared(before, reported([changed, *after[1:]], SUBJECT))
    assert (comparison.shared, comparison.only_before, comparison.only_after) == (18, 2, 1)
    assert [one.name for one in comparison.worse] == ["mrr"]
    assert comparison.worse[0].difference == pytest.approx(-0.8)


def test_longer_times_are_worse() -> None:
    def timed(milliseconds: float) -> list[QuestionResult]:
        return [replace(result(str(number)), timings={"search": milliseconds}) for number in range(20)]

    comparison = compared(reported(timed(10), SUBJECT), reported(timed(30), SUBJECT))
    assert [one.name for one in comparison.worse] == ["search_p50_ms"]
    assert comparison.worse[0].gain == pytest.approx(-20)


def test_percentiles_are_those_of_the_times() -> None:
    results = [replace(result(str(n)), timings={"answer": float(n)}) for n in range(1, 101)]
    found = {metric.name: metric for metric in measured_over(results)}
    assert found["answer_p50_ms"].value == pytest.approx(50.5)
    assert found["answer_p95_ms"].value == pytest.approx(95.05)
    assert "search_p50_ms" not in found


def test_risk_grows_with_coverage_when_confidence_tells_right_from_wrong() -> None:
    told = [
        result("a", 0.9, right_answers=1),
        result("b", 0.1, right_answers=0),
        result("c", 0.5, right_answers=1),
        result("d", 0.2, right_answers=0),
    ]
    points = risk_coverage(told)
    assert [(point.coverage, point.risk) for point in points] == [
        (0.25, 0), (0.5, 0), (0.75, pytest.approx(1 / 3)), (1, 0.5),
    ]  # fmt: skip
    area = next(metric for metric in measured_over(told) if metric.name == RISK_COVERAGE)
    assert area.value == pytest.approx((0 + 0 + 1 / 3 + 0.5) / 4)
    assert area.low <= area.value <= area.high


def test_an_answer_to_an_unanswerable_question_is_a_wrong_one() -> None:
    question = LabelledQuestion("u", "?", unanswerable=True)
    right = replace(result("u", 0.9, right_answers=1), question=question)
    assert [point.risk for point in risk_coverage([right])] == [1]


def test_a_question_that_could_not_be_asked_counts_in_no_metric() -> None:
    failed = QuestionResult(LabelledQuestion("f", "?"), values={"mrr": 0.0}, error_code="unavailable")
    [metric] = measured_over([failed, result("a", mrr=1.0)])
    assert (metric.value, metric.questions) == (1, 1)


def test_a_gate_asks_by_the_names_of_the_metrics() -> None:
    others = {"questions", "significance", "max_fall"}
    assert set(GateSettings.model_fields) - others == {definition.name for definition in METRICS}
    with pytest.raises(ValueError, match="at least one metric"):
        GateSettings.model_validate({"questions": "q.jsonl"})
    with pytest.raises(ValueError, match="recal_at_5"):
        GateSettings.model_validate({"questions": "q.jsonl", "recal_at_5": 0.9})


def test_a_gate_is_met_by_enough_and_by_time_that_is_not_too_long() -> None:
    timed = [replace(result(str(n), mrr=0.5), timings={"search": 40.0}) for n in range(5)]
    report = reported(timed, SUBJECT)
    assert gated(report, {"mrr": 0.5, "search_p95_ms": 40.0}).gate_met
    missed = gated(report, {"mrr": 0.51, "search_p95_ms": 39.0, "page_hit_at_5": 0.1})
    assert not missed.gate_met
    assert gate_failures(missed) == (
        "mrr is 0.5, wanted is at least 0.51",
        "search_p95_ms is 40, wanted is at most 39",
        "page_hit_at_5 is not measured by these questions",
    )
    failed = replace(timed[0], error_code="unavailable", error="down")
    assert gate_failures(gated(reported([failed, *timed[1:]], SUBJECT), {"mrr": 0.5})) == (
        "1 questions could not be asked",
    )


def test_starting_the_program_loads_nothing_of_it() -> None:
    code = (
        "import sys, json, muniment.cli.main, muniment.api.app;"
        "print(json.dumps([m for m in sys.modules if m.startswith(('muniment.evaluation.html', 'pytrec'))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
