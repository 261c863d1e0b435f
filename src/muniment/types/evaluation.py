"""Evaluation: labelled questions, what came of asking them, and what it amounts to."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PageLabel:
    """A page that holds evidence. ``document`` is a name, glob or id; empty for any document."""

    page: int
    document: str = ""


@dataclass(frozen=True, slots=True)
class SpanLabel:
    """A stretch of text that holds evidence: a quote, or a character range of the document as parsed.

    ``document`` is a name, glob or id; empty for any document.
    """

    document: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question with what its author knows about it; every label may be missing.

    Attributes:
        answers: expected answers, any of which will do.
        documents: names, globs or ids of the documents that hold the evidence.
        unanswerable: the documents do not hold the answer; None when nobody has said.
        drafted: written by a machine, and accepted by nobody yet.
        kind: what the author files it under; reported on, never interpreted.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    pages: tuple[PageLabel, ...] = ()
    spans: tuple[SpanLabel, ...] = ()
    unanswerable: bool | None = None
    drafted: bool = False
    kind: str = ""

    @property
    def located(self) -> bool:
        """Whether it is said where the evidence stands."""
        return bool(self.documents or self.pages or self.spans)

    @property
    def answerable(self) -> bool:
        """Whether the documents hold the answer: it is said so, or what the answer is, or where."""
        return self.unanswerable is False or (
            self.unanswerable is None and (self.located or bool(self.answers))
        )


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that a search gave. ``hits`` are the numbers of the labelled places it holds, from 0."""

    document: str
    pages: tuple[int, ...]
    score: float
    hits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenCitation:
    """Evidence that an answer gave. ``right`` is None where no place is labelled."""

    document: str
    page: int | None
    quote: str
    verdict: str
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came of one question.

    Attributes:
        passages: what was found, best first.
        verdict: of the answer; empty when none was asked for.
        confidence: the answer's own, from 0 to 1, also of one that was withheld; None where it has none.
        values: the question's value of each metric that is defined for it, by the metric's name.
        timings: milliseconds, of ``search`` and ``answer`` and of the answer's stages.
        error_code: why it could not be asked; it counts in no metric then.
    """

    question: LabelledQuestion
    passages: tuple[FoundPassage, ...] = ()
    answer: str = ""
    verdict: str = ""
    citations: tuple[GivenCitation, ...] = ()
    confidence: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    error_code: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether it could not be asked."""
        return bool(self.error_code)


class MetricUnit(StrEnum):
    """What a metric's value is."""

    SHARE = "share"
    """Between 0 and 1."""
    MILLISECONDS = "ms"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric over all questions it is defined for.

    ``low`` and ``high`` bound its bootstrap confidence interval; ``questions`` is how many it rests on.
    """

    name: str
    value: float
    low: float
    high: float
    questions: int
    unit: MetricUnit = MetricUnit.SHARE
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """A metric in two reports, over the questions for which both have it.

    ``difference`` is the later value less the earlier, with its bootstrap confidence interval. ``p_value``
    is that of a paired permutation test, two-sided: how often chance alone makes a difference as large.
    """

    name: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    p_value: float
    questions: int
    higher_is_better: bool = True

    @property
    def gain(self) -> float:
        """The difference, positive for better."""
        return self.difference if self.higher_is_better else -self.difference


@dataclass(frozen=True, slots=True)
class ReportComparison:
    """An evaluation compared with an earlier one, question by question.

    ``shared`` counts the questions in both with the same labels, ``only_before`` and ``only_after`` the
    others.
    """

    before_id: str
    after_id: str
    shared: int
    only_before: int
    only_after: int
    differences: tuple[MetricDifference, ...]
    significance: float = 0.05

    def significant(self, difference: MetricDifference) -> bool:
        """Whether chance is an unlikely reason for the difference."""
        return difference.difference != 0 and difference.p_value < self.significance

    @property
    def worse(self) -> tuple[MetricDifference, ...]:
        """What got significantly worse."""
        return tuple(one for one in self.differences if one.gain < 0 and self.significant(one))

    @property
    def better(self) -> tuple[MetricDifference, ...]:
        """What got significantly better."""
        return tuple(one for one in self.differences if one.gain > 0 and self.significant(one))


@dataclass(frozen=True, slots=True)
class GateFinding:
    """A metric that a gate asks for. ``value`` is None when the questions do not let it be measured.

    With ``fall`` it is by how much the metric may be worse, and is, than in the earlier report; less than 0
    for better.
    """

    metric: str
    wanted: float
    value: float | None
    met: bool
    fall: bool = False


@dataclass(frozen=True, slots=True)
class ReportCalibration:
    """The threshold fitted to an evaluation's own questions, and what it refuses of them.

    Attributes:
        abstain_below: the threshold, for ``abstain_below`` of the collection.
        refused_at_most: share of the answerable questions that it was allowed to refuse.
        answerable, unanswerable: how many questions of each kind it was fitted to.
        refused_answerable: share of the answerable questions below it.
        refused_unanswerable: share of the unanswerable questions below it.
        roc_auc: how often an answerable question has more confidence than an unanswerable one.
    """

    abstain_below: float
    refused_at_most: float
    answerable: int
    unanswerable: int
    refused_answerable: float
    refused_unanswerable: float
    roc_auc: float


@dataclass(frozen=True, slots=True)
class EvaluatedWith:
    """What was evaluated. Two evaluations with the same ``fingerprint`` asked the same of the same."""

    collection: str
    fingerprint: str
    questions: str = ""
    generation: int = 0
    embedding_model: str = ""
    generator: str = ""
    documents: int = 0
    chunks: int = 0
    version: str = ""


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Of the answers with the highest confidence, this share (``coverage``); ``risk`` of them are wrong."""

    coverage: float
    risk: float
    confidence: float


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """An evaluation of one collection.

    ``metrics`` are in the order of ``muniment.evaluation.metrics.METRICS``. Times are ISO 8601, UTC;
    ``seconds`` is wall time. ``notes`` say what a reader must know, such as labels that fit no document.
    """

    id: str
    created_at: str
    subject: EvaluatedWith
    metrics: tuple[Metric, ...]
    results: tuple[QuestionResult, ...]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    risk_coverage: tuple[RiskPoint, ...] = ()
    gate: tuple[GateFinding, ...] = ()
    comparison: ReportComparison | None = None
    calibration: ReportCalibration | None = None

    def metric(self, name: str) -> Metric | None:
        """The metric of this name; None where the questions do not let it be measured."""
        return next((one for one in self.metrics if one.name == name), None)

    @property
    def failed(self) -> tuple[QuestionResult, ...]:
        """The questions that could not be asked."""
        return tuple(result for result in self.results if result.failed)

    @property
    def gate_met(self) -> bool:
        """Whether every metric of the gate is met, and every question could be asked."""
        return all(finding.met for finding in self.gate) and not self.failed


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """Sent after each question. ``resumed`` of those ``done`` were asked before the run was begun again.

    ``notes`` are those of the report that are known before the first question.
    """

    done: int
    total: int
    failed: int
    resumed: int
    seconds: float
    current: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationFinished:
    """Sent once, last."""

    report: EvaluationReport


EvaluationEvent = EvaluationProgress | EvaluationFinished
