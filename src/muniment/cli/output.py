"""What goes to the terminal: results to stdout, everything else to stderr, nothing that could steer it."""

import sys
import unicodedata
from typing import NoReturn

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from muniment.errors import MunimentError


class _Console(Console):
    """A console that lets a closed pipe be handled in one place."""

    def on_broken_pipe(self) -> NoReturn:
        """Leave it to the caller of the command."""
        raise BrokenPipeError


def results() -> Console:
    """Where results go."""
    return _Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def messages() -> Console:
    """Where progress, hints and errors go."""
    return _Console(
        stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stderr.isatty()
    )


def print_json(shape: BaseModel) -> None:
    """A wire shape as indented JSON."""
    typer.echo(shape.model_dump_json(indent=2))


def clean(text: str) -> str:
    """The text without characters that a terminal would obey: documents come from anywhere."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    kind = unicodedata.category(character)
    return "" if kind == "Cf" else "\ufffd" if kind == "Cc" else character


def styled(text: str, style: str = "") -> Text:
    """Text from outside, safe to show."""
    return Text(clean(text), style=style)


def table(*columns: str, title: str = "") -> Table:
    """An empty table; columns that begin with ``#`` hold numbers."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(
            column.removeprefix("#"), justify="right" if column.startswith("#") else "left", overflow="fold"
        )
    return made


def print_error(error: MunimentError) -> None:
    """Message, hint and code on stderr."""
    console = messages()
    console.print(Text.assemble(("Error: ", "bold red"), clean(error.message)))
    if error.hint:
        console.print(Text.assemble(("Hint:  ", "bold"), clean(error.hint)))
    console.print(styled(f"Code:  {error.code}", "dim"))
