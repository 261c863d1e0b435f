"""Fits the threshold below which nothing is answered to the questions of an evaluation."""

from collections.abc import Sequence
from dataclasses import replace

from muniment.answerability import Labelled, calibrate
from muniment.answerability.calibrate import LEAST, too_few_labels
from muniment.errors import InputError
from muniment.types import EvaluationReport, LabelledQuestion, ReportCalibration


def calibrated(report: EvaluationReport, *, refused_at_most: float) -> EvaluationReport:
    """The report with a threshold; with a note instead when too few answers have a confidence.

    It rests on the questions known to be answerable or not whose answer has a confidence. Answers withheld
    below the threshold in force have theirs too, so that what is fitted does not depend on it.
    """
    labelled = [
        Labelled(one.confidence, one.question.answerable)
        for one in report.results
        if one.confidence is not None and _is_labelled(one.question)
    ]
    try:
        found = calibrate(labelled, refused_at_most=refused_at_most)
    except InputError as error:
        return replace(report, notes=(*report.notes, f"No threshold is fitted. {error.message}"))
    answerable = sum(one.answerable for one in labelled)
    fitted = ReportCalibration(
        abstain_below=found.abstain_below,
        refused_at_most=refused_at_most,
        answerable=answerable,
        unanswerable=len(labelled) - answerable,
        refused_answerable=found.refused_answerable,
        refused_unanswerable=found.refused_unanswerable,
        roc_auc=found.roc_auc,
    )
    return replace(report, calibration=fitted)


def check_labels(questions: Sequence[LabelledQuestion]) -> None:
    """Refuse questions that no threshold can be fitted to, before they are asked.

    Raises:
        InputError: code ``too_few_labels``.
    """
    answerable = sum(one.answerable for one in questions)
    unanswerable = sum(one.unanswerable is True for one in questions)
    if min(answerable, unanswerable) < LEAST:
        raise too_few_labels(answerable, unanswerable)


def _is_labelled(question: LabelledQuestion) -> bool:
    return question.answerable or question.unanswerable is True
