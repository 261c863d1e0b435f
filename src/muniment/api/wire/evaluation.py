"""Reports of evaluations as the native dialect shows them."""

from typing import Annotated

from pydantic import Field

from muniment.api.wire.base import Wire, rebuild
from muniment.types import EvaluationReport, MetricUnit

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PageLabelWire(Wire):
    """A page that holds evidence."""

    page: Whole
    document: str = ""
    """Name, glob or id; empty for any document."""


class SpanLabelWire(Wire):
    """A stretch of text that holds evidence: a quote, or a character range of the document as parsed."""

    document: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None


class LabelledQuestionWire(Wire):
    """A question with what its author knows about it."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    """Expected answers, any of which will do."""
    documents: tuple[str, ...] = ()
    """Names, globs or ids of the documents that hold the evidence."""
    pages: tuple[PageLabelWire, ...] = ()
    spans: tuple[SpanLabelWire, ...] = ()
    unanswerable: bool | None = None
    """Whether the documents do not hold the answer; null when nobody has said."""
    drafted: bool = False
    """Written by a machine, and accepted by nobody yet."""
    kind: str = ""


class FoundPassageWire(Wire):
    """A passage that a search gave."""

    document: str
    pages: tuple[int, ...]
    score: Number
    hits: tuple[int, ...] = ()
    """Numbers of the labelled places it holds, from 0."""


class GivenCitationWire(Wire):
    """Evidence that an answer gave."""

    document: str
    page: int | None
    quote: str
    verdict: str
    right: bool | None = None
    """Whether it points at a labelled place; null where none is labelled."""


class QuestionResultWire(Wire):
    """What came of one question."""

    question: LabelledQuestionWire
    passages: tuple[FoundPassageWire, ...] = ()
    """Best first."""
    answer: str = ""
    verdict: str = ""
    """Of the answer; empty when none was asked for."""
    citations: tuple[GivenCitationWire, ...] = ()
    confidence: Number | None = None
    """The answer's own, from 0 to 1, also of one that was withheld; null where it has none."""
    values: dict[str, Number]
    """By the name of each metric that is defined for the question."""
    timings: dict[str, Number]
    """Milliseconds of `search`, `answer` and the answer's stages."""
    error_code: str = ""
    """Why it could not be asked; it counts in no metric then."""
    error: str = ""


class MetricWire(Wire):
    """A metric over all questions it is defined for."""

    name: str
    value: Number
    low: Number
    """Lower end of the 95% bootstrap confidence interval."""
    high: Number
    questions: Whole
    """How many it rests on."""
    unit: MetricUnit = MetricUnit.SHARE
    higher_is_better: bool = True


class MetricDifferenceWire(Wire):
    """A metric in two reports, over the questions for which both have it."""

    name: str
    before: Number
    after: Number
    difference: Number
    low: Number
    """Lower end of the difference's 95% bootstrap confidence interval."""
    high: Number
    p_value: Number
    """How often chance alone makes a difference as large: a paired permutation test, two-sided."""
    questions: Whole
    higher_is_better: bool = True


class ReportComparisonWire(Wire):
    """An evaluation compared with an earlier one."""

    before_id: str
    after_id: str
    shared: Whole
    """Questions in both, with the same labels."""
    only_before: Whole
    only_after: Whole
    differences: tuple[MetricDifferenceWire, ...]
    significance: Number = 0.05
    """Differences with a smaller `p_value` are significant."""


class GateFindingWire(Wire):
    """A metric that the collection's gate asks for."""

    metric: str
    wanted: Number
    value: Number | None
    """Null when the questions do not let it be measured."""
    met: bool
    fall: bool = False
    """`wanted` and `value` are how much worse than in the earlier report it may be, and is."""


class ReportCalibrationWire(Wire):
    """The threshold fitted to the evaluation's own questions, and what it refuses of them."""

    abstain_below: Number
    """For `abstain_below` of the collection."""
    refused_at_most: Number
    """Share of the answerable questions that it was allowed to refuse."""
    answerable: Whole
    """Answerable questions it was fitted to."""
    unanswerable: Whole
    refused_answerable: Number
    """Share of the answerable questions below it."""
    refused_unanswerable: Number
    roc_auc: Number
    """How often an answerable question has more confidence than an unanswerable one."""


class EvaluatedWithWire(Wire):
    """What was evaluated."""

    collection: str
    fingerprint: str
    """The same when the same was asked of the same documents with the same settings."""
    questions: str = ""
    """Name of the questions file."""
    generation: Whole = 0
    embedding_model: str = ""
    generator: str = ""
    """Empty when searches alone were measured."""
    documents: Whole = 0
    chunks: Whole = 0
    version: str = ""
    """Of Muniment."""


class RiskPointWire(Wire):
    """Of the surest answers, this share; how many of them are wrong."""

    coverage: Number
    risk: Number
    confidence: Number


class EvaluationReportWire(Wire):
    """An evaluation of one collection."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    created_at: Annotated[str, Field(pattern=r"^[0-9TZ:.+-]{0,32}$")]
    """ISO 8601, UTC."""
    subject: EvaluatedWithWire
    metrics: tuple[MetricWire, ...]
    results: tuple[QuestionResultWire, ...]
    seconds: Number = 0.0
    """Wall time."""
    notes: tuple[str, ...] = ()
    risk_coverage: tuple[RiskPointWire, ...] = ()
    gate: tuple[GateFindingWire, ...] = ()
    """Empty when no gate was asked for."""
    comparison: ReportComparisonWire | None = None
    calibration: ReportCalibrationWire | None = None
    """Null when no threshold was fitted."""

    @classmethod
    def of(cls, report: EvaluationReport) -> "EvaluationReportWire":
        """The shape of a report."""
        return cls.model_validate(report)

    def domain(self) -> EvaluationReport:
        """The report it shows."""
        return rebuild(EvaluationReport, self)
