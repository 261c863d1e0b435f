"""Every error Muniment raises on purpose, in one small tree.

MunimentError
├── InputError                 what the caller sent cannot be used (HTTP 400)
│   ├── SettingsError          the settings file or environment is wrong
│   ├── UnsupportedFormatError no parser for this kind of file (415)
│   └── TooLargeError          over a stated limit (413)
├── NotFoundError              the named thing does not exist (404)
├── ConflictError              it exists, but not as asked for (409)
├── DocumentError              one document cannot be ingested (422)
├── NotOfferedError            a peer of ours does this, we do not (501)
├── UnavailableError           something we depend on does not answer (503)
│   └── TimeoutExceededError   it did not answer in time (504)
└── StorageError               our own storage failed: disk full, file locked, damaged (507)

Each error carries a stable ``code`` (documented in docs/reference/errors.md), a message that
says what failed and what was expected, and a ``hint`` that says what to do. Only the api and cli
layers turn errors into answers for the outside.
"""

import errno
import re
from difflib import get_close_matches
from typing import ClassVar

_TWICE_ENDED = re.compile(r"(?<=\w)\.\.(?=\s|$)")
"""What somebody else's sentence, quoted at the end of one of ours, makes of two full stops."""


class MunimentError(Exception):
    """Base of all deliberate errors.

    Args:
        message: what failed, with the value, and what was expected.
        code: stable machine-readable name; the class's default when omitted.
        hint: what the reader can do about it.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        message = _TWICE_ENDED.sub(".", message)
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = _TWICE_ENDED.sub(".", hint)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep code and hint when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.message, self.code, self.hint))


def _rebuild(kind: type[MunimentError], message: str, code: str, hint: str) -> MunimentError:
    return kind(message, code=code, hint=hint)


class InputError(MunimentError):
    """What the caller sent cannot be used."""

    status = 400
    default_code = "invalid_input"


class SettingsError(InputError):
    """The settings file or a MUNIMENT_* variable is wrong."""

    default_code = "invalid_settings"


class UnsupportedFormatError(InputError):
    """No parser reads this kind of file."""

    status = 415
    default_code = "unsupported_format"


class TooLargeError(InputError):
    """Larger than a stated limit."""

    status = 413
    default_code = "too_large"


class NotFoundError(MunimentError):
    """The named thing does not exist."""

    status = 404
    default_code = "not_found"


class ConflictError(MunimentError):
    """The thing exists, but not in the shape asked for."""

    status = 409
    default_code = "conflict"


class DocumentError(MunimentError):
    """One document cannot be ingested; the run goes on without it."""

    status = 422
    default_code = "document_unreadable"


class NotOfferedError(MunimentError):
    """A known request that this server does not serve."""

    status = 501
    default_code = "not_offered"


class UnavailableError(MunimentError):
    """Something Muniment depends on does not answer or refuses."""

    status = 503
    default_code = "unavailable"


class TimeoutExceededError(UnavailableError):
    """A dependency did not answer within its limit."""

    status = 504
    default_code = "timeout"


class StorageError(MunimentError):
    """Our own storage failed."""

    status = 507
    default_code = "storage_failed"


def unknown_name(
    kind: str, name: str, known: list[str], *, code: str | None = None, where: str = ""
) -> NotFoundError:
    """An error for an unknown name which lists the known ones, nearest first.

    Args:
        where: the setting that holds the name, such as ``generators.model.provider``.
    """
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    shown = ", ".join(sorted(known)) or "none"
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return NotFoundError(
        f"{where}: unknown {kind} {name!r}." if where else f"Unknown {kind} {name!r}.",
        code=code or f"unknown_{kind.replace(' ', '_')}",
        hint=f"{hint}Known: {shown}.",
    )


def unforeseen(error: Exception) -> MunimentError:
    """An error for an exception that nobody raised on purpose."""
    return MunimentError(
        f"Something nobody foresaw: {type(error).__name__}: {error}",
        hint="The server's log, or --debug on the command line, shows the traceback. Please report it.",
    )


def is_disk_full(error: OSError) -> bool:
    """Whether the system refused because space, or this user's share of it, has run out."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
