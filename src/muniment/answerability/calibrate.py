"""Fits the threshold, and the probability itself, to a user's labelled questions."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muniment.errors import InputError

REFUSED_AT_MOST = 0.05
LEAST = 10
"""Labelled questions of each kind below which nothing is fitted."""
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Labelled:
    """The confidence of one answer, and whether the documents do answer its question."""

    confidence: float
    answerable: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted.

    Attributes:
        abstain_below: the threshold, for ``abstain_below`` of the collection.
        refused_answerable: share of the answerable questions below it.
        refused_unanswerable: share of the unanswerable questions below it.
        roc_auc: how often an answerable question has more confidence than an unanswerable one.
        slope, intercept: of the log-odds (Platt 1999); 1 and 0 when the confidence is right as it is.
    """

    abstain_below: float
    refused_answerable: float
    refused_unanswerable: float
    roc_auc: float
    slope: float
    intercept: float


def calibrate(labelled: Iterable[Labelled], *, refused_at_most: float = REFUSED_AT_MOST) -> Calibration:
    """The threshold that refuses most unanswerable questions and at most this share of the others.

    Raises:
        InputError: code ``too_few_labels``, with fewer than 10 answerable or 10 unanswerable questions.
    """
    rows = list(labelled)
    yes = np.array([row.confidence for row in rows if row.answerable])
    no = np.array([row.confidence for row in rows if not row.answerable])
    if min(len(yes), len(no)) < LEAST:
        raise too_few_labels(len(yes), len(no))
    threshold = _threshold(yes, no, refused_at_most)
    slope, intercept = _platt(rows)
    return Calibration(
        threshold,
        float((yes < threshold).mean()),
        float((no < threshold).mean()),
        roc_auc(yes, no),
        slope,
        intercept,
    )


def too_few_labels(answerable: int, unanswerable: int) -> InputError:
    """Says how many questions there are of each kind, and how many there must be."""
    return InputError(
        f"A threshold is fitted to at least {LEAST} answerable and {LEAST} unanswerable questions; "
        f"there are {answerable} and {unanswerable}.",
        code="too_few_labels",
        hint="Add questions whose answer or place is labelled, and some that the documents do not answer, "
        "marked as unanswerable.",
    )


def roc_auc(yes: Sequence[float] | NDArray[np.float64], no: Sequence[float] | NDArray[np.float64]) -> float:
    """The chance that one of ``yes`` is above one of ``no``, ties counting half."""
    above = np.asarray(yes)[:, None] - np.asarray(no)[None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def recalibrated(confidence: float, slope: float, intercept: float) -> float:
    """The probability after Platt's scaling of its log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, slope * _log_odds(confidence) + intercept))))


def _threshold(yes: NDArray[np.float64], no: NDArray[np.float64], refused_at_most: float) -> float:
    """Half way between two confidences, so that a small change of either moves nothing."""
    allowed = math.floor(refused_at_most * len(yes))
    first_kept = float(np.sort(yes)[min(allowed, len(yes) - 1)])
    below = [value for value in (*yes, *no) if value < first_kept]
    middle = (first_kept + max(below)) / 2 if below else first_kept
    return float(round(middle, 4) if below and max(below) < round(middle, 4) <= first_kept else middle)


def _platt(rows: Sequence[Labelled]) -> tuple[float, float]:
    """Slope and intercept by Newton's method, with Platt's softened targets."""
    x = np.array([_log_odds(row.confidence) for row in rows])
    y = np.array([row.answerable for row in rows], np.float64)
    positive = y.sum()
    target = np.where(y > 0, (positive + 1) / (positive + 2), 1 / (len(y) - positive + 2))
    design = np.column_stack([x, np.ones_like(x)])
    weights = np.array([1.0, 0.0])
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - target) + 1e-3 * (weights - np.array([1.0, 0.0]))
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + 1e-3 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return float(weights[0]), float(weights[1])


def _log_odds(confidence: float) -> float:
    inside = min(max(confidence, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))
