"""Substitutions such as ``${env.VLLM_URL:=http://localhost:8000/v1}``, and secrets, which are never read.

Both spellings are known: ``:=`` and ``:+`` since Llama Stack 0.2.13, ``:`` and ``+`` before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from muniment.moving.plain import Plain
from muniment.settings.model import secretlike

_SUBSTITUTION = re.compile(r"\$\{env\.([A-Za-z0-9_]+)(?:(:=|:\+|\+|:)([^}]*))?\}")
_PLACEHOLDERS = frozenset({"", "fake", "none", "null", "empty", "dummy", "token", "changeme", "no-key"})


class UnsetVariableError(Exception):
    """A variable without a default is not set; the argument is its name."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands.

    Attributes:
        variable: the environment variable that holds it; empty when it stands in the file itself.
        needed: False when the variable is not set and its default says that none is needed.
    """

    variable: str
    needed: bool


class Environment:
    """Variables by name, laid into values as Llama Stack does when it starts."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def resolve(self, value: Plain) -> Plain:
        """The value with its substitutions made.

        Raises:
            UnsetVariableError: a variable that has no default is not set.
        """
        if isinstance(value, dict):
            return {key: self.resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        if not isinstance(value, str) or "${env." not in value:
            return value
        return _typed(_SUBSTITUTION.sub(self._substituted, value))

    def resolve_options(self, values: Mapping[str, Plain]) -> tuple[dict[str, Plain], dict[str, str]]:
        """The options that hold no secret, and the unset variable of each that cannot be resolved."""
        resolved: dict[str, Plain] = {}
        unset: dict[str, str] = {}
        for key, value in values.items():
            if not secretlike(key):
                try:
                    resolved[key] = self.resolve(value)
                except UnsetVariableError as error:
                    unset[key] = str(error)
        return resolved, unset

    def secrets(self, values: Mapping[str, Plain]) -> dict[str, Secret]:
        """Where the secrets among the values stand; placeholders such as ``fake`` are none."""
        found = {key: self._secret(value) for key, value in values.items() if secretlike(key)}
        return {key: secret for key, secret in found.items() if secret is not None}

    def _secret(self, value: Plain) -> Secret | None:
        if not isinstance(value, str):
            return None
        written = _SUBSTITUTION.search(value)
        if written is None:
            return None if value.strip().lower() in _PLACEHOLDERS else Secret("", needed=True)
        optional = (written[3] or "").strip().lower() in _PLACEHOLDERS and bool(written[2])
        return Secret(written[1], needed=bool(self._variables.get(written[1])) or not optional)

    def _substituted(self, match: re.Match[str]) -> str:
        name, operator, operand = match[1], match[2] or "", match[3] or ""
        value = self._variables.get(name, "")
        if operator in ("+", ":+"):
            return _home(operand) if value else ""
        if value:
            return _home(value)
        if not operator:
            raise UnsetVariableError(name)
        return _home(operand)


def variables_in(value: Plain) -> tuple[str, ...]:
    """Names of the variables that a value's substitutions use."""
    return tuple(match[1] for match in _SUBSTITUTION.finditer(value)) if isinstance(value, str) else ()


def _home(value: str) -> str:
    return str(Path(value).expanduser()) if value.startswith("~/") else value


def _typed(value: str) -> Plain:
    """As Llama Stack reads what came from the environment: numbers, true, false, and nothing for ''."""
    if value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    return value or None
