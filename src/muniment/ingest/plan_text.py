"""Plans as text: one line of JSON for the plan, and one for each of its changes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from pydantic import TypeAdapter, ValidationError

from muniment.errors import InputError, NotFoundError
from muniment.types import Change, Plan

_PLAN = TypeAdapter(Plan)
_CHANGE = TypeAdapter(Change)


def plan_json(plan: Plan) -> str:
    """The plan as one line."""
    return _PLAN.dump_json(plan).decode()


def plan_of(line: str) -> Plan:
    """The plan that a line holds."""
    return _PLAN.validate_json(line)


def change_json(change: Change) -> str:
    """The change as one line."""
    return _CHANGE.dump_json(change).decode()


def change_of(line: str) -> Change:
    """The change that a line holds."""
    return _CHANGE.validate_json(line)


class PlanFile:
    """A file that holds a plan, as ``muniment plan --out`` writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def plan(self) -> Plan:
        """Its first line.

        Raises:
            NotFoundError: code ``unknown_plan``: there is no such file.
            InputError: code ``invalid_plan``.
        """
        with self._opened() as file:
            return self._plan(file)

    def changes(self) -> Iterator[Change]:
        """All other lines, in the order of URIs; errors as ``plan``."""
        with self._opened() as file:
            expected = self._plan(file).changes
            found = 0
            for line in file:
                try:
                    yield _CHANGE.validate_json(line)
                except ValidationError as error:
                    raise self._refused() from error
                found += 1
            if found != expected:
                raise self._refused()

    def _opened(self) -> TextIO:
        try:
            return self._path.open(encoding="utf-8")
        except OSError as error:
            raise NotFoundError(
                f"The plan {str(self._path)!r} cannot be read: {error.strerror}.",
                code="unknown_plan",
                hint="Make one with `muniment plan --out FILE`.",
            ) from error

    def _plan(self, file: TextIO) -> Plan:
        try:
            return plan_of(file.readline())
        except (ValidationError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise self._refused() from error

    def _refused(self) -> InputError:
        return InputError(
            f"{str(self._path)!r} is not a whole plan.",
            code="invalid_plan",
            hint="Make it anew with `muniment plan --out FILE`.",
        )
