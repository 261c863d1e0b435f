"""What every model behind an HTTP endpoint shares: its key, and how its refusals are read."""

import json
import os
from pathlib import Path

from muniment.errors import MunimentError, SettingsError

RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses of failures that may pass."""
OF_THE_SETTINGS = frozenset({401, 403, 404, 405})
"""Refusals that no change of the request can mend: the key, the address or the model is wrong."""
_SHOWN_CHARACTERS = 300


class PassingError(Exception):
    """A failure that may pass: worth another try while nothing has been received."""

    def __init__(self, error: MunimentError, retry_after: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after = retry_after


def read_key(what: str, variable: str | None, file: Path | None) -> str:
    """The key from the environment or the file; empty when none is declared.

    Args:
        what: whose key it is, as the error names it, such as ``Generator 'vllm'``.

    Raises:
        SettingsError: code ``secret_missing``.
    """
    if variable:
        key, where = os.environ.get(variable, "").strip(), f"environment variable {variable}"
    elif file:
        key, where = (file.read_text("utf-8").strip() if file.is_file() else ""), f"file {file}"
    else:
        return ""
    if not key:
        raise SettingsError(
            f"{what}: the {where} holds no key.",
            code="secret_missing",
            hint=f"Put the key into the {where}.",
        )
    return key


def told_by(body: object) -> str:
    """The message of an error body in any of the forms that servers send."""
    told = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(told, dict):
        told = told.get("message") or told.get("detail") or told
    if not told:
        return ""
    return told if isinstance(told, str) else json.dumps(told)


def without_key(text: str, key: str) -> str:
    """A server's words without the key, should it echo it, and cut to a readable length."""
    return (text.replace(key, "***") if key else text)[:_SHOWN_CHARACTERS]


def seconds_asked(retry_after: str) -> float:
    """What a ``Retry-After`` header asks to wait; 0 for a date or nothing."""
    return float(retry_after) if retry_after.replace(".", "", 1).isdigit() else 0.0
