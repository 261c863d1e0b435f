"""Filters as requests write them, in the form of OpenAI's vector store search."""

import math
from collections.abc import Mapping, Sequence

from muniment.errors import InputError
from muniment.types import Combination, Comparison, Filter, MetadataValue, Negation, Operator

MAX_DEPTH = 8
MAX_COMPARISONS = 256
MAX_CHARS = 4096
INT64 = 2**63

_SETS = (Operator.IN, Operator.NIN)
_ORDERS = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)
_KNOWN = ", ".join([*(operator.value for operator in Operator), "and", "or", "not"])
_TEXTS = (Operator.CONTAINS, Operator.PREFIX)


def parse_filter(written: Mapping[str, object]) -> Filter:
    """A filter from ``{"type": "eq", "key": …, "value": …}`` or ``{"type": "and", "filters": […]}``.

    Types are eq, ne, gt, gte, lt, lte, in, nin, contains, prefix, and, or, not. Keys are metadata
    keys, ``document_id`` and ``page``. An object without ``type`` holds the values that keys must have:
    ``{"team": "hr"}``.

    Raises:
        InputError: code ``invalid_filter``; says where and what was expected.
    """
    parsed = _parse(written, "filter", 1)
    if (count := _comparisons(parsed)) > MAX_COMPARISONS:
        raise _invalid("filter", f"has {count} comparisons; at most {MAX_COMPARISONS} are taken")
    return parsed


def _parse(written: object, where: str, depth: int) -> Filter:
    if not isinstance(written, Mapping):
        raise _invalid(where, f"must be an object, not {_shown(written)}")
    if depth > MAX_DEPTH:
        raise _invalid(where, f"is nested more than {MAX_DEPTH} deep")
    kind = written.get("type")
    if kind is None and "key" not in written and "filters" not in written and written:
        return _equalities(written, where)
    if kind in ("and", "or"):
        _only(written, {"type", "filters"}, where)
        parts = written.get("filters")
        if parts == []:
            raise _invalid(f"{where}.filters", "is an empty list; give at least one filter, or no filter")
        if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts:
            raise _invalid(f"{where}.filters", f"must be a list of filters, not {_shown(parts)}")
        numbered = enumerate(parts)
        return Combination(
            kind == "and", tuple(_parse(part, f"{where}.filters[{n}]", depth + 1) for n, part in numbered)
        )
    if kind == "not":
        _only(written, {"type", "filter"}, where)
        return Negation(_parse(written.get("filter"), f"{where}.filter", depth + 1))
    if kind is None:
        raise _invalid(where, _without_type(written))
    if kind not in list(Operator):
        raise _invalid(f"{where}.type", f"is {_shown(kind)}; known are {_KNOWN}")
    _only(written, {"type", "key", "value"}, where)
    key = written.get("key")
    if not isinstance(key, str) or not key or not _is_text(key):
        raise _invalid(f"{where}.key", f"must be the name of a metadata key, not {_shown(key)}")
    operator = Operator(str(kind))
    return Comparison(key, operator, _value(operator, written.get("value"), f"{where}.value"))


def _without_type(written: Mapping[str, object]) -> str:
    if not written:
        return "is empty; leave it out to filter nothing"
    needed = "and, or" if "filters" in written else "eq, in"
    return f"has no `type`, which says how it is read, such as {needed}"


def _equalities(written: Mapping[str, object], where: str) -> Filter:
    """The short form: all keys have these values, or one of these where a list is given."""
    parts = []
    for key, value in written.items():
        if not isinstance(key, str) or not key or not _is_text(key):
            raise _invalid(where, f"names the metadata key {_shown(key)}")
        several = isinstance(value, Sequence) and not isinstance(value, str)
        operator = Operator.IN if several else Operator.EQ
        parts.append(Comparison(key, operator, _value(operator, value, f"{where}.{key[:60]}")))
    return parts[0] if len(parts) == 1 else Combination(True, tuple(parts))


def _value(operator: Operator, value: object, where: str) -> MetadataValue | tuple[MetadataValue, ...]:
    if operator in _SETS:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise _invalid(where, f"must be a list for {operator.value!r}, not {_shown(value)}")
        if len(value) > MAX_COMPARISONS:
            raise _invalid(where, f"has {len(value)} values; at most {MAX_COMPARISONS} are taken")
        return tuple(_single(item, f"{where}[{n}]") for n, item in enumerate(value))
    single = _single(value, where)
    if operator in _ORDERS and isinstance(single, bool):
        raise _invalid(where, f"must be a number or text for {operator.value!r}, not {_shown(value)}")
    if operator in _TEXTS and not isinstance(single, str):
        raise _invalid(where, f"must be text for {operator.value!r}, not {_shown(value)}")
    return single


def _single(value: object, where: str) -> MetadataValue:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -INT64 < value < INT64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) and _is_text(value):
        return value
    raise _invalid(where, f"must be text, a finite number, true or false, not {_shown(value)}")


def _is_text(value: str) -> bool:
    """Valid Unicode of a sensible length; lone surrogates cannot be sent to any store."""
    return len(value) <= MAX_CHARS and not any("\ud800" <= char <= "\udfff" for char in value)


def _only(written: Mapping[str, object], known: set[str], where: str) -> None:
    if unknown := sorted(str(key) for key in written if key not in known):
        raise _invalid(where, f"has unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _comparisons(condition: Filter) -> int:
    if isinstance(condition, Combination):
        return sum(_comparisons(part) for part in condition.parts)
    if isinstance(condition, Negation):
        return _comparisons(condition.part)
    return 1


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _invalid(where: str, problem: str) -> InputError:
    return InputError(
        f"{where} {problem}.",
        code="invalid_filter",
        hint='Write {"type": "eq", "key": "team", "value": "hr"} or {"type": "and", "filters": […]}.',
    )
