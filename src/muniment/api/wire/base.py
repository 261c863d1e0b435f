"""What all shapes share, and the shape of errors."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter

from muniment.api.wire.documented import Documented

Domain = TypeVar("Domain")


class Wire(Documented):
    """A shape the server sends: frozen, documented field by field, tolerant of newer servers."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Request(Documented):
    """A shape the server takes: unknown keys are refused, so that a misspelt one is not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def rebuild(kind: type[Domain], wire: BaseModel) -> Domain:
    """The domain value that a shape with the same field names was made from."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    value: Domain = _ADAPTERS[kind].validate_python(wire.model_dump())
    return value


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


class ErrorDetail(Wire):
    """What went wrong."""

    code: str
    """Stable machine-readable name; docs/reference/errors.md lists them."""
    message: str
    """What failed, with the value, and what was expected."""
    hint: str
    """What to do about it; may be empty."""
    request_id: str
    """Also in the `X-Request-Id` header and the server's log."""


class ErrorBody(Wire):
    """The body of every error."""

    error: ErrorDetail
