"""Options that commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muniment.settings import Settings


def collection_names(incomplete: str) -> list[str]:
    """Declared collections, for shell completion."""
    from muniment.errors import MunimentError

    try:
        return [name for name in settings_from(None).collections if name.startswith(incomplete)]
    except MunimentError:
        return []


Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; $MUNIMENT_CONFIG or ./muniment.yaml otherwise."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in the shapes of the HTTP interface.")]
CollectionArgument = Annotated[
    str | None, typer.Argument(help="Name of the collection.", autocompletion=collection_names)
]
CollectionOption = Annotated[
    str | None,
    typer.Option("--collection", "-C", help="Only this collection.", autocompletion=collection_names),
]


def settings_from(config: Path | None) -> "Settings":
    """The settings in force."""
    from muniment.settings import find_settings_file, load_settings

    return load_settings(find_settings_file(config))
