"""``muniment serve``."""

from typing import Annotated

import typer

from muniment.cli.imports import uncollected_imports
from muniment.cli.options import Config, settings_from


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address; server.host otherwise.")] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", min=0, max=65535, help="Port; server.port otherwise."),
    ] = None,
    config: Config = None,
) -> None:
    """Serve questions over HTTP until interrupted."""
    with uncollected_imports():
        from muniment.cli.connect import run
        from muniment.cli.server import serve_workspace

    settings = settings_from(config)
    changed = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    server = settings.server.model_copy(update=changed)
    run(serve_workspace(settings.model_copy(update={"server": server})))
