"""The page's plots: axes that can be read, and one slow question that does not squeeze the others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.evaluation.html_report.plots import WIDTH, plots_of, round_ticks
from muniment.types import EvaluatedWith, EvaluationReport, LabelledQuestion, QuestionResult


def times_plot(*milliseconds: float) -> str:
    results = tuple(
        QuestionResult(LabelledQuestion(f"q{number}", "Who?"), timings={"search": time})
        for number, time in enumerate(milliseconds)
    )
    return plots_of(EvaluationReport("r", "", EvaluatedWith("docs", "f"), (), results))


@given(st.floats(0, 1e7))
def test_an_axis_has_few_round_numbers_and_reaches_far_enough(longest: float) -> None:
    ticks = round_ticks(longest)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] == 0
    assert ticks[-1] >= min(longest, ticks[-1] + 1)
    assert ticks[-1] >= longest * (1 - 1e-9)


@pytest.mark.parametrize(
    ("longest", "ticks"),
    [(346, [0, 100, 200, 300, 400]), (2808, [0, 500, 1000, 1500, 2000, 2500, 3000]), (7, [0, 2, 4, 6, 8])],
)
def test_the_numbers_are_those_that_people_count_in(longest: float, ticks: list[float]) -> None:
    assert round_ticks(longest) == ticks


def test_a_question_that_took_long_is_told_and_does_not_squeeze_the_others() -> None:
    plot = times_plot(*range(20, 40), 2808.4)
    assert "1 took longer, 2808 ms at most." in plot
    axis = [float(label) for label in re.findall(r">([\d.]+)</text>", plot)]
    assert max(axis) <= 200


def test_where_all_took_about_as_long_nothing_is_left_out() -> None:
    assert "took longer" not in times_plot(*range(20, 40))


@given(st.lists(st.floats(1, 1e7), min_size=1, max_size=30))
def test_no_label_reaches_over_the_edge(milliseconds: list[float]) -> None:
    for x, anchor, label in re.findall(
        r'<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">([^<]*)<', times_plot(*milliseconds)
    ):
        right = float(x) + {"middle": 0.5, "end": 0.0, "start": 1.0}[anchor] * len(label) * 6
        assert right <= WIDTH + 1
