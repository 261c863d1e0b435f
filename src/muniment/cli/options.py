"""Options that commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import Filter


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
AllowEmpty = Annotated[
    bool,
    typer.Option(
        "--allow-empty", help="Remove the documents of a source that lists nothing at all; kept otherwise."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in the shapes of the HTTP interface.")]
CollectionArgument = Annotated[
    str | None, typer.Argument(help="Name of the collection.", autocompletion=collection_names)
]
CollectionOption = Annotated[
    str | None,
    typer.Option("--collection", "-C", help="Only this collection.", autocompletion=collection_names),
]

SearchOnlyOption = Annotated[
    bool, typer.Option("--search-only", help="Measure searches and ask for no answers.")
]
DraftedOption = Annotated[
    bool, typer.Option("--drafted", help="Count drafted questions, which nobody has accepted yet.")
]

FilterOption = Annotated[
    str | None,
    typer.Option(
        "--filter",
        "-f",
        metavar="JSON",
        help='Only documents whose metadata pass, such as \'{"type": "eq", "key": "year", "value": 2026}\'.',
    ),
]


def parsed_filter(written: str | None) -> "Filter | None":
    """The filter that ``--filter`` gives.

    Raises:
        InputError: code ``invalid_filter``: not JSON, or no filter.
    """
    import json

    from muniment.errors import InputError
    from muniment.retrieve import parse_filter

    if written is None:
        return None
    try:
        values = json.loads(written)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            f"--filter {written[:60]!r} is not JSON: {error}.",
            code="invalid_filter",
            hint='Put it into single quotes: --filter \'{"type": "eq", "key": "team", "value": "hr"}\'.',
        ) from error
    return parse_filter(values)


def settings_from(config: Path | None) -> "Settings":
    """The settings in force."""
    from muniment.settings import find_settings_file, load_settings

    return load_settings(find_settings_file(config))
