"""``muniment import``."""

from pathlib import Path
from typing import Annotated

import typer

from muniment.cli.options import Json

DEFAULT_OUTPUT = Path("muniment.yaml")


def import_run(
    run_yaml: Annotated[Path, typer.Argument(help="The run.yaml (OGX: config.yaml) to read.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Settings file to write.")] = DEFAULT_OUTPUT,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Turn the run.yaml of a Llama Stack server into settings that do the same.

    Variables in it are taken from this shell. What cannot be carried over is listed, and told in the file.
    """
    import os

    from muniment.cli.import_report import make_report, print_report
    from muniment.cli.output import print_json
    from muniment.cli.settings_file import write_settings_file
    from muniment.moving import read_run_config, settings_text, translate

    translation = translate(read_run_config(run_yaml), os.environ)
    _refuse_itself(run_yaml, output)
    report = make_report(run_yaml, output, translation)
    write_settings_file(output, settings_text(translation, run_yaml.name), force=force)
    if as_json:
        print_json(report)
    else:
        print_report(report)


def _refuse_itself(source: Path, output: Path) -> None:
    from muniment.errors import ConflictError

    if output.exists() and output.samefile(source):
        raise ConflictError(
            f"{output} is the run.yaml itself, which is never replaced.",
            code="file_exists",
            hint="Name another file with --output.",
        )
