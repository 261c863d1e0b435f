"""What the native dialect's calls take."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from muniment.api.wire.base import Request
from muniment.retrieve.filters import parse_filter
from muniment.types import Combination, Comparison, Filter, MetadataValue, Negation, Operator, SearchMode


class ComparisonWire(Request):
    """One condition on a metadata key; every chunk has the keys `document_id` and `page`."""

    type: Operator
    key: str
    value: MetadataValue | tuple[MetadataValue, ...]
    """A list for `in` and `nin`."""


class CombinationWire(Request):
    """All (`and`) or any (`or`) of the filters must hold."""

    type: Literal["and", "or"]
    filters: tuple["FilterWire", ...] = Field(min_length=1)


class NegationWire(Request):
    """The filter must not hold."""

    type: Literal["not"]
    filter: "FilterWire"


class EqualitiesWire(RootModel[dict[str, MetadataValue | tuple[MetadataValue, ...]]]):
    """The short form: values that keys must have, or lists of which a key must have one."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            # Else every comparison would be one of these, too.
            "propertyNames": {"not": {"enum": ["type", "key", "filters"]}},
            "examples": [{"team": "hr", "year": [2024, 2025]}],
        }
    )


def _kind(value: object) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind == "not":
        return "negation"
    if kind in ("and", "or"):
        return "combination"
    return "equalities" if kind is None else "comparison"


def _parsed(value: object, known: ValidatorFunctionWrapHandler) -> Any:
    """What a request holds is read as filters are read everywhere; the shapes are for the document."""
    return filter_to_wire(parse_filter(value)) if isinstance(value, Mapping) else known(value)


FilterWire = Annotated[
    Annotated[ComparisonWire, Tag("comparison")]
    | Annotated[CombinationWire, Tag("combination")]
    | Annotated[NegationWire, Tag("negation")]
    | Annotated[EqualitiesWire, Tag("equalities")],
    Discriminator(_kind),
    WrapValidator(_parsed),
]

CombinationWire.model_rebuild()
NegationWire.model_rebuild()

AnyFilterWire = ComparisonWire | CombinationWire | NegationWire | EqualitiesWire


def filter_to_domain(wire: AnyFilterWire | None) -> Filter | None:
    """The domain's filter."""
    return None if wire is None else _to_domain(wire)


def _to_domain(wire: AnyFilterWire) -> Filter:
    if isinstance(wire, ComparisonWire):
        return Comparison(wire.key, wire.type, wire.value)
    if isinstance(wire, NegationWire):
        return Negation(_to_domain(wire.filter))
    if isinstance(wire, EqualitiesWire):
        return parse_filter(wire.root)
    return Combination(wire.type == "and", tuple(_to_domain(part) for part in wire.filters))


def filter_to_wire(filter: Filter | None) -> AnyFilterWire | None:
    """The shape of a filter."""
    return None if filter is None else _to_wire(filter)


def _to_wire(filter: Filter) -> AnyFilterWire:
    if isinstance(filter, Comparison):
        return ComparisonWire(type=filter.operator, key=filter.key, value=filter.value)
    if isinstance(filter, Negation):
        return NegationWire(type="not", filter=_to_wire(filter.part))
    return CombinationWire(
        type="and" if filter.every else "or", filters=tuple(_to_wire(part) for part in filter.parts)
    )


class AnswerRequest(Request):
    """A question to a collection."""

    question: str = Field(examples=["How many days of annual leave do I have?"])
    collection: str | None = Field(default=None, examples=["handbook"])
    """May be left out when there is only one."""
    generator: str | None = None
    """A declared generator's name; the collection's own when omitted."""
    top_k: int | None = Field(default=None, ge=1, le=100)
    """Passages given to the generator; the collection's own number when omitted."""
    filter: FilterWire | None = Field(default=None, examples=[{"type": "eq", "key": "year", "value": 2026}])
    """Only documents whose metadata pass."""
    stream: bool = False
    """Send server-sent events `retrieved`, `delta`, `answer` (or `error`) instead of one JSON body."""


class SearchRequest(Request):
    """A query to a collection."""

    query: str = Field(examples=["annual leave"])
    collection: str | None = Field(default=None, examples=["handbook"])
    """May be left out when there is only one."""
    mode: SearchMode = SearchMode.HYBRID
    limit: int = Field(default=10, ge=1, le=100)
    filter: FilterWire | None = None
    """Only documents whose metadata pass."""
    score_threshold: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
    """Only passages whose `relevance` is at least this."""
    explain: bool = False
    """Say of each passage what it earned at every stage, and what its relevance rests on."""


class RunRequest(Request):
    """How to ingest."""

    retry_failed: bool = False
    """Try documents again that failed before and have not changed."""
    allow_empty: bool = False
    """Remove the documents of a source that lists nothing at all; they are kept otherwise."""
    rebuild: bool = False
    """Make all chunks anew, in a new generation that is promoted when it is complete."""
    stream: bool = False
    """Send server-sent events `progress`, `document`, `finished` (or `error`)."""
    trigger: str = Field(default="api", pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """Who asks, for the list of runs."""


class VerifyRequest(Request):
    """What to try."""

    questions: tuple[str, ...] = Field(default=(), max_length=100)
    """Each must find something."""
    staged: bool = False
    """Look at the staged generation."""
    setup_only: bool = False
    """Only what the collection rests on, and nothing that it holds."""


class GenerationRequest(Request):
    """How to build or swap generations."""

    stream: bool = False
    """Send server-sent events `progress`, `document`, `finished` (or `error`)."""


class PromoteRequest(GenerationRequest):
    """How to make the staged generation the live one."""

    despite_gate: str = Field(default="", max_length=1000, examples=[""])
    """Why it is promoted even if it does not meet the collection's gate; the report keeps it."""


class StageRequest(GenerationRequest):
    """How to build a generation."""

    shard: str | None = Field(default=None, examples=["0/4"])
    """Only the documents in this part, `K/N` with K from 0."""
