"""Reports and results as JSON, as files and the catalog keep them."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from muniment.errors import InputError, NotFoundError
from muniment.types import EvaluationReport, QuestionResult

if TYPE_CHECKING:  # its import is left to those who read or write
    from pydantic import TypeAdapter


def report_to_json(report: EvaluationReport) -> bytes:
    """The report in the shape of the HTTP interface."""
    return _reports().dump_json(report, indent=1)


def report_from_json(data: bytes, name: str = "report") -> EvaluationReport:
    """The report that ``report_to_json`` wrote.

    Raises:
        InputError: code ``invalid_report``: it is something else.
    """
    from pydantic import ValidationError

    try:
        return _reports().validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(
            f"{name} is not a report of an evaluation: {where}: {first['msg']}.",
            code="invalid_report",
            hint="Give the JSON that `muniment evaluate --output FILE.json` wrote.",
        ) from error


def read_report(file: Path) -> EvaluationReport:
    """The report in a file.

    Raises:
        NotFoundError: code ``report_not_found``.
        InputError: code ``invalid_report``.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"The report {file} cannot be read: {error.strerror}.",
            code="report_not_found",
            hint="Name the JSON that an earlier `muniment evaluate --output FILE.json` wrote.",
        ) from error
    return report_from_json(data, file.name)


def result_to_line(result: QuestionResult) -> bytes:
    """The result on one line, with its end."""
    return _results().dump_json(result) + b"\n"


def result_from_line(line: bytes) -> QuestionResult | None:
    """The result; None for a line that was not written to its end."""
    from pydantic import ValidationError

    try:
        return _results().validate_json(line)
    except ValidationError:
        return None


@cache
def _reports() -> "TypeAdapter[EvaluationReport]":
    from pydantic import TypeAdapter

    return TypeAdapter(EvaluationReport)


@cache
def _results() -> "TypeAdapter[QuestionResult]":
    from pydantic import TypeAdapter

    return TypeAdapter(QuestionResult)
