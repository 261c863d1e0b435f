"""How quick ingestion is, learned from earlier runs of any size.

A run takes ``start + chunks * each`` seconds: parser processes start and models are loaded once, however
much there is to do. Both numbers are found from runs of different size by Bayes' rule on a grid, with
log-normal priors and errors. So a run of one chunk tells of the start and next to nothing of the pace, and a
single large one of the pace.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muniment.ingest.estimate import MeasuredRate

_START_S = 3.0
_START_SPREAD = 1.0
_EACH_S = 1 / 30
_EACH_SPREAD = 1.5
"""What is assumed before anything is measured, and the standard deviation of its logarithm: parsers start
within seconds; two cores embed some tens of chunks a second; scans are slower, short texts quicker."""

_ERROR = 0.25
"""Standard deviation of the logarithm of a run's seconds: documents differ, and so does the load."""

_FADING = 0.5
"""What a run still counts when a later one has written as many chunks or more."""

_ROUGH = 0.5
"""Spread of the learned pace from which on it is called a guess: it may as well be half or double."""


@dataclass(frozen=True, slots=True)
class TimedRun:
    """What a run wrote, and how long it took."""

    chunks: int
    seconds: float


def learned_rate(runs: Sequence[TimedRun]) -> MeasuredRate:
    """Start and pace that explain the runs, newest first, best; no pace when there is none.

    A run is outweighed by later ones of its size or larger, never by smaller ones: a single new file says
    nothing about a thousand.
    """
    runs = [run for run in runs if run.chunks > 0 and run.seconds > 0]
    if not runs:
        return MeasuredRate(0.0, "no run over this collection has been measured yet")
    start = np.geomspace(0.01, 300.0, 80)[:, None]
    each = np.geomspace(1e-4, 60.0, 300)[None, :]
    belief = _belief(start, _START_S, _START_SPREAD) + _belief(each, _EACH_S, _EACH_SPREAD)
    for number, run in enumerate(runs):
        as_large = sum(later.chunks >= run.chunks for later in runs[:number])
        belief = belief + _FADING**as_large * _belief(start + run.chunks * each, run.seconds, _ERROR)
    # The likeliest pair, not the mean: start and pace of it together give the times that were measured.
    at_start, at_each = np.unravel_index(int(belief.argmax()), belief.shape)
    weight = np.exp(belief - belief.max()).sum(axis=0)
    away = np.log(each[0] / each[0, at_each])
    spread = float((weight * away**2).sum() / weight.sum()) ** 0.5
    return _told(len(runs), float(start[at_start, 0]), float(1 / each[0, at_each]), rough=spread > _ROUGH)


def _belief(values: NDArray[np.float64], expected: float, spread: float) -> NDArray[np.float64]:
    belief: NDArray[np.float64] = -0.5 * (np.log(values / expected) / spread) ** 2
    return belief


def _told(count: int, start_s: float, pace: float, *, rough: bool) -> MeasuredRate:
    runs = "the last run" if count == 1 else f"the last {count} runs"
    shown = f"{pace:.1f} chunks/s after {start_s:.1f} s to start"
    basis = f"a guess, {shown}: {runs} wrote too little to tell" if rough else f"{shown}, learned from {runs}"
    return MeasuredRate(pace, basis, start_s)
