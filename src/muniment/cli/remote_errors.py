"""A server's error bodies as the errors they were there."""

import httpx
from pydantic import ValidationError

from muniment.api.wire import ErrorBody
from muniment.errors import (
    ConflictError,
    DocumentError,
    InputError,
    MunimentError,
    NotFoundError,
    StorageError,
    TimeoutExceededError,
    TooLargeError,
    UnavailableError,
    UnsupportedFormatError,
)

_KINDS: dict[int, type[MunimentError]] = {
    kind.status: kind
    for kind in (
        InputError,
        NotFoundError,
        ConflictError,
        TooLargeError,
        UnsupportedFormatError,
        DocumentError,
        UnavailableError,
        TimeoutExceededError,
        StorageError,
    )
}


def error_of(response: httpx.Response) -> MunimentError:
    """The error that a response tells of."""
    return error_of_body(response.text, response.status_code)


def error_of_body(body: str, status: int) -> MunimentError:
    """The error that a body tells of; its class follows the status, 503 for one within a stream."""
    try:
        detail = ErrorBody.model_validate_json(body).error
    except ValidationError:
        return UnavailableError(
            f"The server answered {status} with something that is not Muniment's.",
            code="server_unreachable",
            hint="See whether another program listens there.",
        )
    kind = _KINDS.get(status, MunimentError if status >= 500 else UnavailableError)
    return kind(detail.message, code=detail.code, hint=detail.hint)


def unreachable(url: str) -> UnavailableError:
    """The server does not answer any more."""
    return UnavailableError(
        f"The server at {url} does not answer.",
        code="server_unreachable",
        hint="Try again: when it has ended, the command does the work itself.",
    )


def broken_off(url: str) -> UnavailableError:
    """The server went away in the middle."""
    return UnavailableError(
        f"The server at {url} broke off before it was done.",
        code="server_unreachable",
        hint="See its log, and try again; what was done is kept.",
    )
