"""Requests whose every part can be kept as JSON and sent back."""

import math
from typing import Any

from pydantic import model_validator

from muniment.api.llama_stack.agents.content import Lenient

DEEPEST = 64
"""Levels of nesting."""

_LARGEST_INTEGER = 2**63


class Storable(Lenient):
    """A request that is kept; what JSON text can hold, but no database or client reads, is refused."""

    @model_validator(mode="before")
    @classmethod
    def _check_all(cls, body: Any) -> Any:
        _check(body, 0)
        return body


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"nests deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, part in value.items():
            _check(key, depth)
            _check(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _check(part, depth + 1)
    else:
        _check_plain(value)


def _check_plain(value: Any) -> None:
    if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError("holds half of a surrogate pair, which is no text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    if isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise ValueError("holds an integer of more than 64 bits")
