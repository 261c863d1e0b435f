"""From filters to Milvus's expression language, with every value quoted.

Metadata is stored by kind (``metadata["s"]`` strings, ``["n"]`` numbers, ``["b"]`` booleans), so that
no value ever compares with one of another kind, whatever rules a version of Milvus has for that.
"""

import math

from muniment.errors import InputError
from muniment.ranking.filters import kind_of
from muniment.types import Combination, Comparison, Filter, MetadataValue, Negation, Operator

KINDS = {str: "s", float: "n", bool: "b"}
INT32 = 2**31
INT64 = 2**63

_WILD = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_ALWAYS = "id >= 0"
NO_ROW = "id < 0"
_SIGNS = {Operator.GT: ">", Operator.GTE: ">=", Operator.LT: "<", Operator.LTE: "<="}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def expression(condition: Filter) -> str:
    """The filter as a Milvus expression that selects exactly what ``ranking.matches`` accepts.

    Raises:
        InputError: code ``invalid_filter``, when a value cannot be written in the language.
    """
    if isinstance(condition, Combination):
        parts = [f"({expression(part)})" for part in condition.parts]
        if not parts:
            return _ALWAYS if condition.every else NO_ROW
        return (" and " if condition.every else " or ").join(parts)
    if isinstance(condition, Negation):
        return f"not ({expression(condition.part)})"
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.operator in _SIGNS:
        return _order(condition, values[0])
    if condition.operator in (Operator.CONTAINS, Operator.PREFIX):
        return _text_in(condition, values[0])
    equal = [_equal(condition.key, kind, [v for v in values if kind_of(v) is kind]) for kind in KINDS]
    parts = [part for part in equal if part]
    if condition.operator in (Operator.EQ, Operator.IN):
        return " or ".join(f"({part})" for part in parts) or NO_ROW
    return " and ".join(f"(not ({part}))" for part in parts) or _ALWAYS


def is_plain(condition: Filter) -> bool:
    """Whether every Milvus reads the filter's texts as they are: 2.3 mistakes control characters, and
    patterns are not read alike."""
    if isinstance(condition, Combination):
        return all(is_plain(part) for part in condition.parts)
    if isinstance(condition, Negation):
        return is_plain(condition.part)
    if condition.operator in (Operator.CONTAINS, Operator.PREFIX):
        return False
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    texts = [condition.key, *(value for value in values if isinstance(value, str))]
    return not any(char < " " and char not in "\n\r\t" for text in texts for char in text)


def needs_escape(condition: Filter) -> bool:
    """Whether its expression holds a pattern with a character that is a wild card when not escaped."""
    if isinstance(condition, Combination):
        return any(needs_escape(part) for part in condition.parts)
    if isinstance(condition, Negation):
        return needs_escape(condition.part)
    pattern = condition.operator in (Operator.CONTAINS, Operator.PREFIX)
    return (
        pattern and isinstance(condition.value, str) and condition.value.translate(_WILD) != condition.value
    )


def literal(value: MetadataValue) -> str:
    """A value as the expression language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        _require(_encodable(value), "text that is not valid Unicode")
        return f'"{value.translate(_ESCAPES)}"'
    _require(math.isfinite(value), f"the number {value}")
    _require(isinstance(value, float) or -INT64 < value < INT64, f"the integer {value} beyond 64 bits")
    return repr(value)


def _equal(key: str, kind: type, values: list[MetadataValue]) -> str:
    """An expression that is true or false, never unknown, so that it can be negated."""
    if not values:
        return ""
    listed = f"[{', '.join(literal(value) for value in values)}]"
    if key == "document_id":
        return f"document_id in {listed}" if kind is str else ""
    if key == "page":
        pages = sorted({int(v) for v in values if not isinstance(v, str | bool) and _is_page(v)})
        return " or ".join(f"array_contains(pages, {page})" for page in pages)
    path = _path(key, kind)
    # Milvus Lite knows `in` for fields only, not for paths into JSON.
    return f"(exists {path}) and ({' or '.join(f'{path} == {literal(value)}' for value in values)})"


def _order(condition: Comparison, value: MetadataValue) -> str:
    kind, sign, text = kind_of(value), _SIGNS[condition.operator], literal(value)
    if kind is bool:
        return NO_ROW
    if condition.key == "document_id":
        return f"document_id {sign} {text}" if kind is str else NO_ROW
    if condition.key == "page":
        return _page_order(sign, value) if kind is float and not isinstance(value, str) else NO_ROW
    path = _path(condition.key, kind)
    return f"(exists {path}) and ({path} {sign} {text})"


def _text_in(condition: Comparison, value: MetadataValue) -> str:
    if not isinstance(value, str) or condition.key == "page":
        return NO_ROW
    escaped = value.translate(_WILD)
    pattern = literal(f"{escaped}%" if condition.operator is Operator.PREFIX else f"%{escaped}%")
    if condition.key == "document_id":
        return f"document_id like {pattern}"
    path = _path(condition.key, str)
    return f"(exists {path}) and ({path} like {pattern})"


def _page_order(sign: str, value: float) -> str:
    """In whole numbers: Milvus 2.3 compares a field of integers with no other."""
    edge, rounded = ("last_page", math.floor) if sign == ">" else ("last_page", math.ceil)
    if sign.startswith("<"):
        edge, rounded = ("first_page", math.ceil) if sign == "<" else ("first_page", math.floor)
    bound = rounded(max(-INT32, min(INT32, value)))
    return f"first_page > 0 and {edge} {sign} {bound}"


def _path(key: str, kind: type) -> str:
    return f'metadata["{KINDS[kind]}"][{literal(key)}]'


def _is_page(value: float) -> bool:
    """Whether a page can have this number: Milvus takes no other in a list, and no chunk has one."""
    return 0 < value < INT32 and int(value) == value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise InputError(
            f"A filter cannot hold {what}.",
            code="invalid_filter",
            hint="Use text, 64-bit integers, finite numbers, true or false.",
        )
