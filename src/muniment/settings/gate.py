"""The quality gate of a collection."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from muniment.settings.problems import nearest

Least = Annotated[float | None, Field(ge=0, le=1)]
Most = Annotated[float | None, Field(ge=0)]


class GateSettings(BaseModel):
    """What an evaluation must come to, at least; of times and of risk, at most. The rest does not count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: Path = Field(description="File of labelled questions, JSON Lines or CSV.")
    significance: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="A difference from the live generation counts when chance alone would make one as large "
        "less often than this.",
    )
    max_fall: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict,
        description="By metric, how much worse than the live generation's it may be, such as "
        "`{recall_at_5: 0.02}`; judged by the values alone, whether chance could have made the difference or "
        "not. For any metric below but times.",
    )
    recall_at_1: Least = Field(default=None, description="Recall@1.")
    recall_at_3: Least = Field(default=None, description="Recall@3.")
    recall_at_5: Least = Field(default=None, description="Recall@5.")
    recall_at_10: Least = Field(default=None, description="Recall@10.")
    recall_at_20: Least = Field(default=None, description="Recall@20.")
    ndcg_at_10: Least = Field(default=None, description="nDCG@10.")
    mrr: Least = Field(default=None, description="Mean reciprocal rank.")
    page_hit_at_1: Least = Field(default=None, description="Page hit@1.")
    page_hit_at_5: Least = Field(default=None, description="Page hit@5.")
    page_hit_at_10: Least = Field(default=None, description="Page hit@10.")
    document_hit_at_1: Least = Field(default=None, description="Document hit@1.")
    document_hit_at_5: Least = Field(default=None, description="Document hit@5.")
    document_hit_at_10: Least = Field(default=None, description="Document hit@10.")
    citation_precision: Least = Field(default=None, description="Citation precision.")
    citation_recall: Least = Field(default=None, description="Citation recall.")
    groundedness: Least = Field(default=None, description="Groundedness.")
    right_answers: Least = Field(default=None, description="Share of right answers.")
    answered: Least = Field(default=None, description="Share of answerable questions that are answered.")
    abstention_precision: Least = Field(default=None, description="Abstention precision.")
    abstention_recall: Least = Field(default=None, description="Abstention recall.")
    token_f1: Least = Field(default=None, description="F1 of the words of expected answers.")
    exact_match: Least = Field(default=None, description="Share of answers that are the expected ones.")
    answer_contained: Least = Field(
        default=None, description="Share of answers that contain the expected ones."
    )
    risk_coverage_area: Most = Field(default=None, description="Area under risk-coverage, at most.")
    search_p50_ms: Most = Field(default=None, description="Median of search times, at most.")
    search_p95_ms: Most = Field(default=None, description="95th percentile of search times, at most.")
    search_p99_ms: Most = Field(default=None, description="99th percentile of search times, at most.")
    answer_p50_ms: Most = Field(default=None, description="Median of answer times, at most.")
    answer_p95_ms: Most = Field(default=None, description="95th percentile of answer times, at most.")
    answer_p99_ms: Most = Field(default=None, description="99th percentile of answer times, at most.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> "GateSettings":
        judged = [name for name in self._metrics() if not name.endswith("_ms")]
        for name in self.max_fall:
            if name not in judged:
                raise ValueError(f"max_fall: {name!r} is no metric that can fall; {nearest(name, judged)}")
        if not self.wanted and not self.max_fall:
            raise ValueError(
                "a gate needs at least one metric besides its questions, such as recall_at_5: 0.9"
            )
        return self

    @property
    def wanted(self) -> dict[str, float]:
        """The metrics it asks for, with the least or most that is enough."""
        found = {name: getattr(self, name) for name in self._metrics()}
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def judged(self) -> tuple[str, ...]:
        """The metrics it names, in whatever way."""
        return tuple(dict.fromkeys((*self.wanted, *self.max_fall)))

    @classmethod
    def _metrics(cls) -> list[str]:
        return [name for name in cls.model_fields if name not in ("questions", "significance", "max_fall")]
