"""``muniment page``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import Config, Json, collection_names, settings_from

if TYPE_CHECKING:
    from muniment.settings import Settings


def page(
    collection: Annotated[
        str, typer.Argument(help="Name of the collection.", autocompletion=collection_names)
    ],
    document: Annotated[str, typer.Argument(help="The document's name or id.")],
    number: Annotated[int, typer.Argument(metavar="PAGE", min=1, help="The page, from 1.")],
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range", metavar="START-END", help="Characters whose place to mark; may be given again."
        ),
    ] = None,
    scale: Annotated[
        float,
        typer.Option(
            "--scale", min=0.25, max=4, help="Pixels per point of a PDF page; images keep their own."
        ),
    ] = 1.5,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; DOCUMENT-PAGE.png otherwise.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Save a page as an image, with the paragraphs, list items and table rows of the ranges marked."""
    import json

    from muniment.cli.connect import run

    image = run(_image(settings_from(config), collection, document, number, _parsed(ranges or []), scale))
    target = output or Path(f"{Path(document).stem}-{number}.png")
    _write(target, image)
    typer.echo(json.dumps({"file": str(target), "bytes": len(image)}) if as_json else str(target))


def _parsed(ranges: list[str]) -> tuple[tuple[int, int], ...]:
    from muniment.errors import InputError

    matches = [re.fullmatch(r"(\d{1,12})-(\d{1,12})", text) for text in ranges]
    pairs = [(int(match[1]), int(match[2])) for match in matches if match]
    if len(pairs) < len(ranges) or any(start >= end for start, end in pairs):
        raise InputError(
            f"--range {' '.join(ranges)} is not START-END.",
            code="invalid_request",
            hint="Take it from the answer: --range 10-42.",
        )
    return tuple(pairs)


def _write(target: Path, image: bytes) -> None:
    from muniment.errors import StorageError

    try:
        target.write_bytes(image)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror}.",
            code="file_unwritable",
            hint="Name another file with --output.",
        ) from error


async def _image(
    settings: "Settings",
    collection: str,
    document: str,
    number: int,
    ranges: tuple[tuple[int, int], ...],
    scale: float,
) -> bytes:
    from muniment.cli.connect import connected
    from muniment.cli.listing import named_document

    async with connected(settings) as workspace:
        found = await named_document(workspace, collection, document)
        return await workspace.page_image(collection, found.document_id, number, ranges=ranges, scale=scale)
