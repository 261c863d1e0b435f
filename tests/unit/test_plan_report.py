"""A plan in words: what is done to the files, and whether another index is built."""

import io

import pytest
from rich.console import Console

from muniment.cli.plan_report import print_plan
from muniment.ingest.estimate import Estimator, MeasuredRate, chunking_growth
from muniment.types import ChangeKind, Difference, Estimate, GenerationChange, Plan, PlannedKind

CHUNKING = Difference("chunker", "structure-1/256/48", "structure-1/64/16")


def shown(plan: Plan) -> str:
    text = io.StringIO()
    print_plan(Console(file=text, width=200), plan, ())
    return text.getvalue()


def planned(*kinds: PlannedKind, generation: GenerationChange | None = None) -> Plan:
    estimate = Estimate(chunks_written=320, seconds=40, basis="8 chunks/s measured in the last run")
    return Plan("plan_1", "docs", "", kinds, 10, 10, estimate, generation=generation)


def test_a_new_index_is_said_first_and_not_nothing_to_do() -> None:
    told = shown(planned(generation=GenerationChange(1, (CHUNKING,), 0, 10, 10)))
    first, *rest = told.splitlines()
    assert first == "docs: a new index of all 10 documents, 10 files unchanged"
    assert "nothing to do" not in told
    assert "chunker is structure-1/64/16, was structure-1/256/48" in rest[0]
    assert "10 cut, 10 embedded" in rest[1]
    assert "about 320 to write" in rest[2]


def test_a_new_index_is_not_made_by_a_plan_of_documents() -> None:
    new = shown(planned(generation=GenerationChange(1, (CHUNKING,), 0, 10, 10)))
    assert new.rstrip().endswith("muniment apply docs")
    added = shown(planned(PlannedKind(ChangeKind.ADD, 2, 100)))
    assert added.rstrip().endswith("muniment apply docs --plan plan_1")


def test_changed_files_stand_beside_a_new_index() -> None:
    plan = planned(
        PlannedKind(ChangeKind.ADD, 2, 100), generation=GenerationChange(1, (CHUNKING,), 0, 10, 10)
    )
    assert shown(plan).startswith("docs: 2 add, a new index of all 10 documents, 10 files unchanged\n")


def test_without_changes_there_is_nothing_to_do() -> None:
    assert shown(planned()).startswith("docs: nothing to do, 10 unchanged\n")


@pytest.mark.parametrize(
    ("live", "wanted", "growth"),
    [
        ("structure-1/256/48", "structure-1/32/8", 8.0),
        ("structure-1/64/16", "structure-1/256/48", 0.25),
        ("structure-1/256/48", "window-1/256/0", 1.0),
        ("their own", "structure-1/256/48", 1.0),
    ],
)
def test_smaller_chunks_are_more_chunks(live: str, wanted: str, growth: float) -> None:
    assert chunking_growth(live, wanted) == growth
    estimator = Estimator(64, growth)
    estimator.renew(12)
    assert estimator.result(MeasuredRate(2.0, "")).chunks_written == 12 * growth
    assert estimator.result(MeasuredRate(2.0, "")).seconds == 12 * growth / 2
