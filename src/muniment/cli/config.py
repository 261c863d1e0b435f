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
# Muniment's settings. Every key is described in docs/reference/settings.md.
# Paths are relative to this file; MUNIMENT_* variables override, parts joined by __.

collections:
  documents:
    description: My documents
    sources: ./documents

# Answers quote the documents word for word unless a language model is declared:
#
# generators:
#   local:
#     provider: openai
#     base_url: http://127.0.0.1:8000/v1
#     model: my-model
# default_generator: local
"""


@app.command()
def check(config: Config = None, as_json: Json = False) -> None:
    """Check the settings: every key, every name, every provider's options."""
    import json

    from muniment.build import check_providers
    from muniment.settings import find_settings_file

    settings = settings_from(config)
    check_providers(settings)
    file = find_settings_file(config)
    if as_json:
        typer.echo(json.dumps({"ok": True, "file": str(file) if file else None}))
        return
    typer.echo(f"{file or 'Defaults'}: in order, {len(settings.collections)} collections declared.")


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

    from muniment.errors import ConflictError, StorageError

    try:
        with file.open("w" if force else "x", encoding="utf-8") as target:
            target.write(EXAMPLE)
    except FileExistsError as error:
        raise ConflictError(
            f"{file} is there already.", code="file_exists", hint="Name another file, or use --force."
        ) from error
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror}.",
            code="file_unwritable",
            hint="Name a file in a folder you may write to.",
        ) from error
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
