"""``muniment config check|show|init``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muniment.cli.options import Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Check, show or begin the settings file.")

HIDDEN = "********"

EXAMPLE = """\
# Muniment's settings. docs/reference/settings.md describes every key, `muniment config check` checks them.
# Relative paths are taken from the folder of this file. Environment variables lie over it:
# MUNIMENT_SERVER__PORT=9000 sets server.port.

# Where everything is kept: catalog, files, index, fetched models.
data_dir: ./muniment-data

# A collection exists because it stands here. `muniment ingest` reads its sources.
collections:
  documents:
    description: My documents
    sources: ./documents

# Several folders, of some kinds of files only, with metadata to filter by (`muniment ask --filter`):
#
#     sources:
#       - path: /srv/docs/hr
#         include: ["*.pdf", "*.docx"]
#         metadata: {department: hr}
#       - path: /srv/docs/legal
#         metadata: {department: legal}

# Answers quote the documents word for word, unless a language model is declared. Any server with an
# OpenAI-compatible interface will do (vLLM, llama.cpp, Ollama); a key comes from the environment or a file:
#
# generators:
#   local:
#     provider: openai
#     base_url: http://127.0.0.1:8000/v1
#     model: my-model
#     api_key_env: MY_API_KEY
#     fallback: extractive
# default_generator: local

# There is no authentication: listen on other addresses than 127.0.0.1 only behind a proxy that has it.
#
# server:
#   host: 127.0.0.1
#   port: 8321
"""


@app.command()
def check(config: Config = None, as_json: Json = False) -> None:
    """Check the settings: every key, every name, every provider's options.

    Warned of are folders that do not exist, buckets that cannot be read, weights that are not here, and
    settings without a collection.
    """
    from muniment.cli.output import messages, print_json, styled
    from muniment.cli.program import runnable
    from muniment.cli.settings_report import make_report
    from muniment.settings import find_settings_file

    report = make_report(settings_from(config), find_settings_file(config))
    if as_json:
        print_json(report)
        return
    for warning in report.warnings:
        messages().print(styled(f"Warning: {runnable(warning)}", "yellow"), soft_wrap=True)
    typer.echo(f"Settings: {report.file or 'none, the defaults'}")
    if report.environment:
        typer.echo(f"Over them: {', '.join(report.environment)}")
    typer.echo(f"Data: {report.data_dir}")
    typer.echo(f"Collections: {', '.join(report.collections) or 'none declared'}")
    count = len(report.warnings)
    warned = f", with {count} warning{'s' if count > 1 else ''}" if count else ""
    typer.echo(f"In order{warned}.")


@app.command()
def show(config: Config = None, as_json: Json = False) -> None:
    """Show the settings in force, defaults included. Secrets are never shown."""
    import json

    import yaml

    values = shown_values(settings_from(config))
    text = json.dumps(values, indent=2) if as_json else yaml.safe_dump(values, sort_keys=False).rstrip()
    typer.echo(text)


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="File to write.")] = Path("muniment.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write an example settings file to begin with."""
    import json

    from muniment.cli.settings_file import write_settings_file

    write_settings_file(file, EXAMPLE, force=force)
    typer.echo(json.dumps({"file": str(file)}) if as_json else f"Wrote {file}.")


def shown_values(settings: "Settings") -> dict[str, Any]:
    """The settings as plain values, secrets masked."""
    values: dict[str, Any] = _masked(settings.model_dump(mode="json"))
    return values


def _masked(value: Any, key: str = "") -> Any:
    from muniment.settings.model import secretlike

    if isinstance(value, dict):
        return {name: _masked(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, key) for inner in value]
    if value is not None and secretlike(key):
        return HIDDEN
    return re.sub(r"(://[^/@\s:]*):[^/@\s]+@", rf"\1:{HIDDEN}@", value) if isinstance(value, str) else value
