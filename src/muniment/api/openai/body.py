"""What bodies of OpenAI's routes are made of. Fields nobody knows are ignored: clients send many."""

import json
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
)

from muniment.api.wire.documented import Documented

MAX_ATTRIBUTES = 64
MAX_KEY = 256
MAX_VALUE = 4096
INT64 = 2**63


class Body(Documented):
    """A shape the server takes from clients of other servers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """JSON as it can be kept and sent again: Python also reads ``NaN`` and halves of characters."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("must be JSON: finite numbers, whole characters, not nested too deep") from error
    return value


def _filterable(attributes: dict[str, Any]) -> dict[str, Any]:
    for key, value in _storable(attributes).items():
        if isinstance(value, int) and not -INT64 < value < INT64:
            raise ValueError(f"the number of {key!r} needs more than 64 bits")
    return attributes


JsonBody = Annotated[dict[str, Any], AfterValidator(_storable)]
"""A JSON object that is kept as it is."""

AttributeKey = Annotated[str, StringConstraints(min_length=1, max_length=MAX_KEY)]
AttributeText = Annotated[StrictStr, StringConstraints(max_length=MAX_VALUE)]

AttributesBody = Annotated[
    dict[AttributeKey, AttributeText | StrictBool | StrictInt | StrictFloat],
    Field(max_length=MAX_ATTRIBUTES),
    AfterValidator(_filterable),
]
"""What is noted about a file; searches can filter on it."""

FileId = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]

Title = Annotated[str, StringConstraints(max_length=512, pattern=r"^[^\x00]*$")]
