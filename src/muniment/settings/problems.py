"""Says what is wrong with settings in the reader's words, with the nearest known name."""

from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

COLLECTION_NAME = "a name has 1 to 63 lower-case letters, digits, '-' and '_', a letter or digit first"

MAPPINGS = {
    "CollectionSettings": "a mapping such as {sources: ./docs}",
    "ProviderSettings": "a mapping that names its provider: {provider: NAME}",
    "SourceSettings": "a folder, or a mapping such as {path: ./docs}",
}
"""What stands where a model of this name is read."""


def describe_problems(error: ValidationError, model: type[BaseModel], where: str = "") -> str:
    """Every problem pydantic found, one a line: place, what is wrong, what is known there."""
    return "\n".join(_describe(dict(problem), model, where) for problem in error.errors())


def near_name(name: str, known: list[str]) -> str | None:
    """The known name that a misspelt one was probably meant to be."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.5)), None)


def nearest(name: str, known: list[str]) -> str:
    """A hint for a misspelt name: the nearest known one, or all of them."""
    near = near_name(name, known)
    return f"did you mean {near!r}?" if near else f"known here: {', '.join(sorted(known))}"


def _describe(problem: dict[str, Any], model: type[BaseModel], where: str) -> str:
    path = ".".join(str(part) for part in (*([where] if where else []), *problem["loc"]))
    if problem["type"] == "extra_forbidden":
        known = known_keys(model, problem["loc"][:-1])
        return f"{path}: unknown key; {nearest(str(problem['loc'][-1]), known)}"
    if problem["type"] == "missing":
        return f"{path}: required, but missing"
    if problem["loc"][-1:] == ("[key]",):
        return _describe_key(problem)
    if problem["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return f"{path} must be {_mapping_at(problem)} (got {shortened(problem['input'])})"
    if problem["type"] == "tuple_type":
        return f"{path} must be {_list_at(problem)} (got {shortened(problem['input'])})"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{path}: {message}" if path else message
    return f"{path}: {message} (got {shortened(problem['input'])})"


def _describe_key(problem: dict[str, Any]) -> str:
    """A name under which something is declared cannot be one."""
    path = ".".join(str(part) for part in problem["loc"][:-1])
    if problem["loc"][0] == "collections":
        return f"{path}: not a collection's name; {COLLECTION_NAME}"
    return f"{path}: a name must be text; put it into quotes"


def _mapping_at(problem: dict[str, Any]) -> str:
    if problem["loc"] == ("collections",):
        return "a mapping of names, such as {documents: {sources: ./docs}}"
    name = str(problem.get("ctx", {}).get("class_name", ""))
    return MAPPINGS.get(name, "a mapping of keys and values")


def _list_at(problem: dict[str, Any]) -> str:
    if problem["loc"][-1] != "sources":
        return "a list, such as [FIRST, SECOND]"
    if isinstance(problem["input"], dict):
        return "a folder or a list of sources: put this one into a list, as [{provider: …}] or behind a '-'"
    return "a folder, as ./docs, or a list of sources, as [./docs, {provider: s3, bucket: NAME}]"


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
