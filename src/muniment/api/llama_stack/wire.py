"""What the shapes of these routes share."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, RootModel
from pydantic_core import to_json

from muniment.api.wire.documented import Documented
from muniment.types import JsonObject

DEEPEST = 64
"""Levels of nesting in JSON that clients may leave with us."""
_LARGEST_INTEGER = 2**63


class Asked(Documented):
    """A shape these routes take. Unknown fields are ignored: clients of all versions send them."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Nothing(RootModel[None]):
    """`null`."""

    root: None = None


def _name(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character, which no catalog can keep")
    return _unicode(text)


def _prose(text: str) -> str:
    return _unicode(text).replace("\0", "")


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no text") from None
    return text


def _storable(value: JsonObject) -> JsonObject:
    _check(value, 0)
    return value


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"nests deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, part in value.items():
            _unicode(key)
            _check(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _check(part, depth + 1)
    elif isinstance(value, str):
        _unicode(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    elif isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise ValueError("holds an integer of more than 64 bits")


Text = Annotated[str, AfterValidator(_name)]
"""An id, a name and the like that can be kept and sent: JSON can hold half of a surrogate pair."""

Prose = Annotated[str, AfterValidator(_prose)]
"""Text to read. NUL characters, as some PDF readers leave them, are dropped: not every catalog takes them."""

Given = Annotated[JsonObject, AfterValidator(_storable)]
"""A JSON object that can be kept and given back."""


def json_response(body: BaseModel | Mapping[str, object] | None) -> Response:
    """The body as it is: what the routes document are unions, which FastAPI need not sort out again."""
    return Response(to_json(body), media_type="application/json")
