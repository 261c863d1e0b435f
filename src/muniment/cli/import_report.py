"""What ``muniment import`` says: what was carried over, what changed, and what stays behind."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError
from rich.text import Text

from muniment.api.wire.base import Wire
from muniment.build import check_providers
from muniment.cli.output import clean, messages, styled
from muniment.cli.program import program, runnable
from muniment.errors import InputError
from muniment.settings import Settings
from muniment.settings.problems import describe_problems

if TYPE_CHECKING:
    from muniment.moving import Remark, Translation


class RemarkWire(Wire):
    """One thing of the run.yaml."""

    what: str
    """Its place in the run.yaml."""
    detail: str
    """What it became, how it differs, or why it stays behind."""


class ImportReport(Wire):
    """What became of a run.yaml."""

    source: str
    file: str
    """The settings file that was written."""
    carried: tuple[RemarkWire, ...]
    changed: tuple[RemarkWire, ...]
    left: tuple[RemarkWire, ...]


def make_report(source: Path, file: Path, translation: "Translation") -> ImportReport:
    """The report; the settings are checked before it is made, as ``config check`` does.

    Raises:
        InputError: code ``run_config_unusable``: a value of the run.yaml is none that a setting may have.
    """
    from muniment.moving import Outcome

    try:
        check_providers(Settings.model_validate(translation.values))
    except ValidationError as error:
        raise _unusable(source, describe_problems(error, Settings)) from error
    except InputError as error:
        raise _unusable(source, error.message) from error
    return ImportReport(
        source=str(source),
        file=str(file),
        carried=_wired(translation.of(Outcome.CARRIED)),
        changed=_wired(translation.of(Outcome.CHANGED)),
        left=_wired(translation.of(Outcome.LEFT)),
    )


def print_report(report: ImportReport) -> None:
    """The file's name on stdout, everything else on stderr."""
    console = messages()
    for title, remarks in (
        ("Carried over", report.carried),
        ("Not quite as it was", report.changed),
        ("Not carried over", report.left),
    ):
        if remarks:
            console.print(styled(f"{title}:", "bold"))
        for remark in remarks:
            line = Text.assemble("  ", (clean(remark.what), "bold"), f": {clean(runnable(remark.detail))}")
            console.print(line, soft_wrap=True)
    typer.echo(f"Wrote {report.file}. Check it: {program()} config check -c {shlex.quote(report.file)}")


def _unusable(source: Path, problem: str) -> InputError:
    return InputError(
        f"{source} gives settings that cannot be used: {problem}",
        code="run_config_unusable",
        hint="Mend that value in the run.yaml, and import again.",
    )


def _wired(remarks: "tuple[Remark, ...]") -> tuple[RemarkWire, ...]:
    return tuple(RemarkWire.model_validate(remark) for remark in remarks)
