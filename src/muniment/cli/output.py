"""What goes to the terminal: results to stdout, everything else to stderr, nothing that could steer it."""

import sys
import unicodedata
from typing import NoReturn

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from muniment.cli.log_lines import told
from muniment.cli.program import runnable
from muniment.errors import MunimentError

PIPE_WIDTH = 240

NAME_WIDTH = 80
"""Columns of a table's first column at most; a longer name goes on below."""

_BREAKS = frozenset("\n\t\u2028\u2029")


class _Console(Console):
    """A console that lets a closed pipe be handled in one place."""

    def on_broken_pipe(self) -> NoReturn:
        """Leave it to the caller of the command."""
        raise BrokenPipeError


def results() -> Console:
    """Where results go."""
    return _console(stderr=False)


def messages() -> Console:
    """Where progress, hints and errors go."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    """On a terminal its own width; elsewhere lines are not broken."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width, soft_wrap=False)


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


def one_line(text: str) -> str:
    """The text, safe to show and on one line: a name may hold line breaks, which would make others of it."""
    return "".join("\ufffd" if character in _BREAKS else character for character in clean(text))


def line(text: str, style: str = "") -> Text:
    """Text from outside that stays on one line, such as a document's name."""
    return Text(one_line(text), style=style)


def counted(number: int, one: str) -> str:
    """A number and what there is of it: ``1 page``, ``2,000 pages``."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def indented(text: str, style: str = "") -> Padding:
    """Text from outside, safe to show, four columns in."""
    return Padding(styled(text, style), (0, 0, 0, 4), expand=False)


def table(*columns: str) -> Table:
    """An empty table; columns that begin with ``#`` hold numbers, the first is never cut."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        made.add_column(
            column.removeprefix("#"),
            justify="right" if column.startswith("#") else "left",
            overflow="fold" if number == 0 else "ellipsis",
            max_width=NAME_WIDTH if number == 0 else None,
            no_wrap=number > 0,
        )
    return made


def minute(time: str) -> str:
    """An ISO 8601 time, cut to minutes."""
    return time[:16].replace("T", " ")


def print_error(error: MunimentError) -> None:
    """Message, hint and code on stderr."""
    told(error.message)
    console = messages()
    console.print(Text.assemble(("Error: ", "bold red"), clean(error.message)))
    if error.hint:
        console.print(Text.assemble(("Hint:  ", "bold"), clean(runnable(error.hint))))
    console.print(styled(f"Code:  {error.code}", "dim"))
