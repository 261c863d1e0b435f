"""Scoring functions; the two that need no model are computed here."""

from collections import Counter
from collections.abc import Callable
from statistics import fmean, median
from typing import Any

from pydantic import Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import ConflictError, InputError, NotOfferedError

router = Router(tags=["llama stack"])

AGGREGATIONS: dict[str, Callable[[list[float]], Any]] = {
    "accuracy": lambda scores: {
        "accuracy": fmean(scores) if scores else 0.0,
        "num_correct": sum(scores),
        "num_total": len(scores),
    },
    "average": lambda scores: fmean(scores) if scores else 0.0,
    "median": lambda scores: median(scores) if scores else 0.0,
    "categorical_count": lambda scores: dict(Counter(map(str, scores))),
}
"""Aggregations of a list of scores, by name."""

SCORERS: dict[str, Callable[[str, str], bool]] = {
    "basic::equality": lambda expected, generated: expected == generated,
    "basic::subset_of": lambda expected, generated: expected in generated,
}
"""Whether an answer is right, by scoring function: from the expected and the generated answer."""


class ScoringParams(Asked):
    """What to make of the scores."""

    aggregation_functions: tuple[str, ...] | None = None
    """Of `accuracy` (when omitted), `average`, `median`, `categorical_count`."""


class Row(Asked):
    """An answer and what it should have been."""

    expected_answer: Text
    generated_answer: Text


class ScoreRequest(Asked):
    """Answers to score."""

    input_rows: tuple[Row, ...]
    scoring_functions: dict[Text, ScoringParams | None]


class ScoreRow(Wire):
    """The score of one answer."""

    score: float


class ScoringResult(Wire):
    """The scores of one function."""

    score_rows: tuple[ScoreRow, ...]
    aggregated_results: dict[str, Any]


class Scores(Wire):
    """Results by scoring function."""

    results: dict[str, ScoringResult]


class ScoringFunctionRequest(Asked):
    """A scoring function to be."""

    scoring_fn_id: Text = Field(min_length=1)
    description: Text
    return_type: Given
    provider_scoring_fn_id: Text | None = None
    provider_id: Text | None = None
    params: Given | None = None


class ScoringFunction(Wire):
    """A scoring function."""

    identifier: str
    provider_resource_id: str
    provider_id: str
    type: str = "scoring_function"
    description: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    return_type: dict[str, Any]
    params: dict[str, Any] | None = None


class ScoringFunctionList(Wire):
    """All scoring functions."""

    data: tuple[ScoringFunction, ...]


def _basic(name: str, description: str) -> ScoringFunction:
    return ScoringFunction(
        identifier=f"basic::{name}",
        provider_resource_id=name.replace("_", "-"),
        provider_id="basic",
        description=description,
        return_type={"type": "number"},
        params={"type": "basic", "aggregation_functions": ["accuracy"]},
    )


BASIC = (
    _basic("equality", "Returns 1.0 if the input is equal to the target, 0.0 otherwise."),
    _basic("subset_of", "Returns 1.0 if the expected is included in generated, 0.0 otherwise."),
)


def scoring_functions(services: Services) -> Kept:
    """All scoring functions by id."""
    builtin = {one.identifier: one.model_dump() for one in BASIC}
    return Kept(services.resources, "scoring function", code="unknown_scoring_function", builtin=builtin)


@router.get(
    "/v1/scoring-functions",
    summary="Every scoring function",
    operation_id="list_scoring_functions",
    responses=dialect_failures(),
)
async def list_scoring_functions(services: ServicesOf) -> ScoringFunctionList:
    """The built-in ones first."""
    kept = await scoring_functions(services).list()
    return ScoringFunctionList(data=tuple(ScoringFunction.model_validate(one) for one in kept))


@router.post(
    "/v1/scoring-functions",
    summary="Register a scoring function",
    operation_id="register_scoring_function",
    responses=dialect_failures(400, 409),
)
async def register_scoring_function(asked: ScoringFunctionRequest, services: ServicesOf) -> Nothing:
    """Kept and listed; only the built-in ones can be used."""
    _not_builtin(asked.scoring_fn_id)
    function = ScoringFunction(
        identifier=asked.scoring_fn_id,
        provider_resource_id=asked.provider_scoring_fn_id or asked.scoring_fn_id,
        provider_id=asked.provider_id or "none",
        description=asked.description,
        return_type=asked.return_type,
        params=asked.params,
    )
    await scoring_functions(services).put(asked.scoring_fn_id, function.model_dump())
    return Nothing()


@router.get(
    "/v1/scoring-functions/{scoring_fn_id:path}",
    summary="One scoring function",
    operation_id="get_scoring_function",
    responses=dialect_failures(404),
)
async def get_scoring_function(scoring_fn_id: str, services: ServicesOf) -> ScoringFunction:
    """By its id."""
    return ScoringFunction.model_validate(await scoring_functions(services).get(scoring_fn_id))


@router.delete(
    "/v1/scoring-functions/{scoring_fn_id:path}",
    summary="Forget a scoring function",
    operation_id="unregister_scoring_function",
    responses=dialect_failures(404, 409),
)
async def unregister_scoring_function(scoring_fn_id: str, services: ServicesOf) -> Nothing:
    """The built-in ones stay."""
    _not_builtin(scoring_fn_id)
    await scoring_functions(services).remove(scoring_fn_id)
    return Nothing()


@router.post(
    "/v1/scoring/score",
    summary="Score answers",
    operation_id="score",
    responses=dialect_failures(400, 404, 501),
)
async def score(asked: ScoreRequest, services: ServicesOf) -> Scores:
    """With `basic::equality` and `basic::subset_of`; others answer 501."""
    for name in asked.scoring_functions:
        if name not in SCORERS:
            await scoring_functions(services).get(name)
            raise NotOfferedError(
                f"Scoring function {name[:200]!r} cannot be used here.", hint=f"Use {' or '.join(SCORERS)}."
            )
    return Scores(
        results={
            name: _scored(name, params, asked.input_rows) for name, params in asked.scoring_functions.items()
        }
    )


def _scored(name: str, params: ScoringParams | None, rows: tuple[Row, ...]) -> ScoringResult:
    wanted = (params.aggregation_functions if params else None) or ("accuracy",)
    for one in wanted:
        if one not in AGGREGATIONS:
            raise InputError(
                f"Unknown aggregation {one!r:.80}.",
                code="unknown_aggregation",
                hint=f"Known: {', '.join(AGGREGATIONS)}.",
            )
    scores = [float(SCORERS[name](row.expected_answer, row.generated_answer)) for row in rows]
    return ScoringResult(
        score_rows=tuple(ScoreRow(score=one) for one in scores),
        aggregated_results={one: AGGREGATIONS[one](scores) for one in wanted},
    )


def _not_builtin(identifier: str) -> None:
    if identifier in SCORERS:
        raise ConflictError(f"{identifier} is built in.", code="builtin", hint="Choose another id.")
