"""A command or route that is not documented does not exist, and the other way round."""

import re
from pathlib import Path

import typer.main

from muniment.api.app import create_app
from muniment.cli.exits import ExitCode
from muniment.cli.main import app
from muniment.collections.fake import FakeWorkspace
from muniment.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def commands() -> set[str]:
    top = typer.main.get_command(app)
    found = set()
    for name, command in top.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {sub}" for sub in inner} if inner else {name}
    return found


def test_every_command_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `muniment ([a-z]+(?: [a-z]+)?)", text, re.MULTILINE)
    assert set(documented) == commands()


def test_every_exit_code_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    section = text.split("## Exit codes")[1].split("##")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == set(ExitCode)


def test_every_route_is_documented() -> None:
    async def opened() -> FakeWorkspace:
        raise AssertionError("only the document is asked for")

    paths = create_app(opened, Settings()).openapi()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    text = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert set(re.findall(r"^\| `([A-Z]+) (/\S*)` \|", text, re.MULTILINE)) == routes
