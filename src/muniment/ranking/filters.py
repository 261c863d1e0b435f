"""What a filter means, in one place.

A comparison with a key that a chunk does not have fails, except ``ne`` and ``nin``, which are the
exact opposites of ``eq`` and ``in``. Numbers compare with numbers, strings with strings (by code
point), booleans with booleans, which have no order; across these, nothing is equal or in order. Only
strings contain a string or begin with one, upper and lower case being different. A comparison of ``page``
holds when it does for any page of the chunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from muniment.types import Combination, Comparison, Filter, MetadataValue, Negation, Operator


@dataclass(frozen=True, slots=True)
class Attributes:
    """What filters can see of a chunk."""

    document_id: str
    pages: tuple[int, ...]
    metadata: Mapping[str, MetadataValue]


def matches(condition: Filter, attributes: Attributes) -> bool:
    """Whether a chunk with these attributes passes the filter."""
    if isinstance(condition, Combination):
        parts = (matches(part, attributes) for part in condition.parts)
        return all(parts) if condition.every else any(parts)
    if isinstance(condition, Negation):
        return not matches(condition.part, attributes)
    return compare(condition, values_of(condition.key, attributes))


def values_of(key: str, attributes: Attributes) -> tuple[MetadataValue, ...]:
    """The values a chunk has for a key: several for ``page``, at most one for others."""
    if key == "document_id":
        return (attributes.document_id,)
    if key == "page":
        return attributes.pages
    return (attributes.metadata[key],) if key in attributes.metadata else ()


def compare(condition: Comparison, values: tuple[MetadataValue, ...]) -> bool:
    """Whether any of ``values`` passes; for ``ne`` and ``nin`` whether none equals."""
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.operator in (Operator.EQ, Operator.IN, Operator.NE, Operator.NIN):
        equal = any(kind_of(v) is kind_of(w) and v == w for v in values for w in wanted)
        return equal is (condition.operator in (Operator.EQ, Operator.IN))
    if condition.operator in (Operator.CONTAINS, Operator.PREFIX):
        return any(_holds_text(condition.operator, value, wanted[0]) for value in values)
    return any(_in_order(condition.operator, value, wanted[0]) for value in values)


def kind_of(value: MetadataValue) -> type[bool] | type[str] | type[float]:
    """The kind within which values compare: bool, str, or float for all numbers."""
    if isinstance(value, bool):
        return bool
    return str if isinstance(value, str) else float


def _holds_text(how: Operator, value: MetadataValue, text: MetadataValue) -> bool:
    if not isinstance(value, str) or not isinstance(text, str):
        return False
    return value.startswith(text) if how is Operator.PREFIX else text in value


def _in_order(how: Operator, value: MetadataValue, bound: MetadataValue) -> bool:
    if isinstance(value, bool) or isinstance(bound, bool):
        return False
    if isinstance(value, str) and isinstance(bound, str):
        sign = (value > bound) - (value < bound)
    elif isinstance(value, str) or isinstance(bound, str):
        return False
    else:
        sign = (value > bound) - (value < bound)
    wanted = {Operator.GT: (1,), Operator.GTE: (0, 1), Operator.LT: (-1,), Operator.LTE: (-1, 0)}
    return sign in wanted[how]
