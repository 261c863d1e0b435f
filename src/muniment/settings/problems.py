"""Says what is wrong with settings in the reader's words, with the nearest known name."""

from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError


def describe_problems(error: ValidationError, model: type[BaseModel], where: str = "") -> str:
    """Every problem pydantic found, one a line: place, what is wrong, what is known there."""
    return "\n".join(_describe(dict(problem), model, where) for problem in error.errors())


def nearest(name: str, known: list[str]) -> str:
    """A hint for a misspelt name: the nearest known one, or all of them."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"


def _describe(problem: dict[str, Any], model: type[BaseModel], where: str) -> str:
    path = ".".join(str(part) for part in (*([where] if where else []), *problem["loc"]))
    if problem["type"] == "extra_forbidden":
        known = known_keys(model, problem["loc"][:-1])
        return f"{path}: unknown key; {nearest(str(problem['loc'][-1]), known)}"
    if problem["type"] == "missing":
        return f"{path}: required, but missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{path}: {message}" if path else message
    return f"{path}: {message} (got {shortened(problem['input'])})"


def shortened(value: object, limit: int = 60) -> str:
    """``repr`` of a value, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the model that stands at ``location`` inside ``model``."""
    current: type[BaseModel] | None = model
    for part in location:
        if current is None:
            break
        field = current.model_fields.get(str(part))
        if field is not None:
            current = next(_models_in(field.annotation), None)
    return sorted(current.model_fields) if current else []


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (dict, tuple, list, Union, UnionType) or get_args(annotation):
        for argument in get_args(annotation):
            yield from _models_in(argument)
