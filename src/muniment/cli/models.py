import typer

app = typer.Typer(no_args_is_help=True, help="Model weights.")


@app.callback()
def models() -> None: ...
