"""What a filter means, in one place.

A comparison with a key that a chunk does not have fails, except ``ne`` and ``nin``, which are the
exact opposites of ``eq`` and ``in``. Numbers compare with numbers, strings with strings (by code
point), booleans with booleans; across these, nothing is equal and no order holds. A comparison of
``page`` holds when it does for any page of the chunk.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from muniment.types import Combination, Comparison, Filter, MetadataValue, Operator

_ORDERS: dict[Operator, Callable[[object, object], bool]] = {
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}


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
    if condition.operator in _ORDERS:
        order = _ORDERS[condition.operator]
        return any(_kind(v) is _kind(w) and order(v, w) for v in values for w in wanted)
    equal = any(_kind(v) is _kind(w) and v == w for v in values for w in wanted)
    return equal is (condition.operator in (Operator.EQ, Operator.IN))


def _kind(value: MetadataValue) -> type:
    if isinstance(value, bool):
        return bool
    return str if isinstance(value, str) else float
