"""What a plan says of chunks and time holds after runs of any size; a tiny one replaces nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.ingest.estimate import Estimator, MeasuredRate
from muniment.ingest.learned_rate import TimedRun, learned_rate
from muniment.types import Change, ChangeKind, Estimate


def rate_of(*runs: tuple[int, float]) -> MeasuredRate:
    return learned_rate([TimedRun(*run) for run in runs])


def estimated(estimator: Estimator, *files: tuple[str, int]) -> Estimate:
    for name, size in files:
        estimator.count(Change(ChangeKind.ADD, f"mem:///{name}", name, size))
    return estimator.result(MeasuredRate(10.0, "given", start_s=2.0))


def test_nothing_is_said_of_time_before_anything_was_measured() -> None:
    rate = rate_of()
    assert rate.seconds(1000) is None
    assert rate.seconds(0) == 0.0
    assert "no run" in rate.basis


@pytest.mark.parametrize("start", [0.5, 3.0, 12.0, 40.0])
def test_after_one_chunk_its_time_is_taken_for_the_start_and_the_pace_for_a_guess(start: float) -> None:
    rate = rate_of((1, start))
    again, many = rate.seconds(1), rate.seconds(5000)
    assert again is not None and many is not None
    assert start / 2 < again < start * 2
    assert many < again + 5000 * 0.2
    assert "guess" in rate.basis


@pytest.mark.parametrize(("chunks", "seconds"), [(800, 40.0), (20_000, 25.0), (5_000, 9_000.0)])
def test_one_large_run_tells_the_pace(chunks: int, seconds: float) -> None:
    rate = rate_of((chunks, seconds))
    assert rate.seconds(chunks) == pytest.approx(seconds, rel=0.15)
    assert rate.seconds(10 * chunks) == pytest.approx(10 * seconds, rel=0.25)
    assert "guess" not in rate.basis


@pytest.mark.parametrize("tiny_runs", [1, 5, 40])
def test_a_tiny_run_does_not_replace_what_a_large_one_has_shown(tiny_runs: int) -> None:
    before = rate_of((10_000, 250.0)).seconds(10_000)
    after = rate_of(*[(1, 9.0)] * tiny_runs, (10_000, 250.0))
    assert after.seconds(10_000) == pytest.approx(before, rel=0.1)
    assert after.seconds(1) == pytest.approx(9.0, rel=0.25)


def test_a_large_run_outweighs_those_before_it() -> None:
    slow, quick = [(4000, 400.0)] * 3, [(4000, 40.0)] * 3
    learned = rate_of(*quick, *slow).seconds(4000)
    assert learned is not None and learned < 90.0
    learned = rate_of(*slow, *quick).seconds(4000)
    assert learned is not None and learned > 180.0


@given(
    runs=st.lists(st.tuples(st.integers(0, 10**6), st.floats(0.001, 10**5)), max_size=50),
    chunks=st.integers(1, 10**7),
)
def test_more_to_write_never_takes_less_time(runs: list[tuple[int, float]], chunks: int) -> None:
    rate = rate_of(*runs)
    less, more = rate.seconds(chunks), rate.seconds(chunks + 1)
    assert (less is None) == (more is None) == all(run[0] == 0 for run in runs)
    assert less is None or more is None or 0 < less <= more


def test_the_time_to_start_is_counted_once() -> None:
    assert MeasuredRate(10.0, "given", start_s=7.0).seconds(100) == pytest.approx(17.0)
    estimate = estimated(Estimator(8), ("a.txt", 90), ("b.txt", 90), ("c.pdf", 100))
    assert (estimate.chunks_written, estimate.seconds) == (3, pytest.approx(2.3))


@pytest.mark.parametrize(("size", "files"), [(15, 1), (15, 1000), (400, 50)])
def test_short_files_do_not_tell_how_many_bytes_fill_a_chunk(size: int, files: int) -> None:
    estimator = Estimator(8)
    for number in range(files):
        estimator.learn(f"{number}.txt", size, 1)
    assert estimated(estimator, ("book.txt", 900_000)).chunks_written == pytest.approx(1000, rel=0.05)


def test_a_collection_whose_files_are_mostly_pictures_is_known_by_its_own_documents() -> None:
    estimator = Estimator(8)
    for number in range(30):
        estimator.learn(f"{number}.docx", 2_000_000, 10)
    assert estimated(estimator, ("new.docx", 4_000_000)).chunks_written == pytest.approx(20, abs=3)
    estimator = Estimator(8)
    for number in range(60):
        estimator.learn(f"{number}.png", 3_000_000, 1)
    assert estimated(estimator, ("new.png", 3_000_000)).chunks_written <= 2


def test_one_odd_document_shifts_what_is_known_of_its_kind_only_a_little() -> None:
    estimator = Estimator(8)
    estimator.learn("index.html", 400, 2)
    usual = estimated(Estimator(8), ("page.html", 250_000)).chunks_written
    assert estimated(estimator, ("page.html", 250_000)).chunks_written == pytest.approx(usual, rel=0.1)


@pytest.mark.parametrize(("name", "chunks"), [("note.md", 10), ("other.txt", 0)])
def test_a_file_renamed_to_another_format_is_read_anew(name: str, chunks: int) -> None:
    estimator = Estimator(8)
    moved = Change(ChangeKind.MOVE, f"mem:///{name}", name, 9000, moved_from="mem:///note.txt", chunks=10)
    estimator.count(moved)
    estimate = estimator.result(MeasuredRate(10.0, "given"))
    assert (estimate.chunks_written, estimate.chunks_deleted) == (chunks, chunks)
