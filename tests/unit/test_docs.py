"""What the documentation says is so: keys, commands, routes, settings, links."""

import importlib
import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer.main
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup

from muniment.api.app import create_app
from muniment.build import check_providers
from muniment.cli.config import EXAMPLE
from muniment.cli.main import app
from muniment.settings import Settings, load_settings
from muniment.settings import model as settings_model
from muniment.types import AnswerVerdict, CitationVerdict, ClaimVerdict

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="no documentation beside the tests")

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
INLINE = re.compile(r"`([^`\n]+)`")
COMMON = {"--config", "--json", "--help", "--debug", "--version"}


def page_ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        if match["language"] in languages:
            yield re.sub(rf"^{match['indent']}", "", match["body"], flags=re.MULTILINE)


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


PROGRAM = typer.main.get_command(app)
COMMANDS = dict(commands(PROGRAM))


def tool_named(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules[name] = tool
    spec.loader.exec_module(tool)
    return tool


def test_the_tables_of_other_servers_routes_are_made_from_their_list() -> None:
    tool = tool_named("document_peer_routes")
    page = tool.TARGET.read_text(encoding="utf-8")
    assert page == tool.render(page), "run python tools/document_peer_routes.py"
    for route in tool.shown():
        assert page.count(f"\n| `{route.method} {route.path}` |") == 1
    routes = tool.routes()
    assert len(tool.promised()) == len(routes)
    for route in routes:
        assert route.here in tool.HERE, route
        assert bool(route.remark) or route.here == "same", f"{route} needs a remark"


def test_the_settings_page_is_made_from_the_code() -> None:
    tool = tool_named("document_settings")
    assert tool.TARGET.read_text(encoding="utf-8") == tool.render(), "run python tools/document_settings.py"
    written = {
        name for name, model in vars(settings_model).items()
        if isinstance(model, type) and issubclass(model, BaseModel) and name.endswith("Settings")
    }  # fmt: skip
    assert set(tool.SECTIONS) == written - {"ProviderSettings"}, "every group of settings has a section"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_reference_with_its_options(name: str) -> None:
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    (row,) = [line for line in reference.splitlines() if re.match(rf"\| `muniment {name}[ `]", line)]
    options = {option for param in COMMANDS[name].params for option in param.opts if option.startswith("--")}
    written = set(re.findall(r"--[a-z-]+", row))
    assert written == options - COMMON


def test_every_route_stands_in_the_reference() -> None:
    async def never() -> None: ...

    pages = sorted((ROOT / "docs" / "reference").glob("*.md"))
    reference = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    written = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", reference, re.MULTILINE))
    document = create_app(never, Settings()).openapi()
    served = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert written == served


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_settings_in_the_documentation_are_valid(page: Path, tmp_path: Path) -> None:
    file = tmp_path / "muniment.yaml"
    for text in blocks(page, "yaml"):
        file.write_text(text, encoding="utf-8")
        check_providers(load_settings(file, {}))


def test_the_example_is_valid_with_every_comment_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "muniment.yaml"
    file.write_text(EXAMPLE, encoding="utf-8")
    check_providers(load_settings(file, {}))
    kept = [line for line in EXAMPLE.splitlines() if line != "    sources: ./documents"]
    # Comments that begin with a capital are prose; the others are keys.
    keys = [re.sub(r"^# ?", "", line) for line in kept if not re.match(r"# [A-Z].|# (OpenAI|MUNIMENT)", line)]
    file.write_text("\n".join(keys), encoding="utf-8")
    settings = load_settings(file, {})
    check_providers(settings)
    assert len(settings.collections["documents"].sources) == 2
    assert settings.default_generator == "local"


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_what_the_documentation_imports_is_there(page: Path) -> None:
    for text in blocks(page, "python"):
        for module, names in re.findall(r"^from (muniment[\w.]*) import (.+)$", text, re.MULTILINE):
            for name in names.split(", "):
                assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


@pytest.mark.parametrize("verdict", [*AnswerVerdict, *ClaimVerdict, *CitationVerdict])
def test_every_verdict_is_explained(verdict: str) -> None:
    for page in ("concepts/evidence.md", "reference/http.md"):
        assert f"`{verdict}`" in (ROOT / "docs" / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), f"{target}{anchor}"


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_files_that_the_documentation_names_are_there(page: Path) -> None:
    for named in INLINE.findall(page.read_text(encoding="utf-8")):
        if re.fullmatch(r"(docs|design|benchmarks|tools|requirements|src|tests)/[\w./-]+", named):
            assert (ROOT / named).exists(), named


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_command_lines_in_the_documentation_parse(page: Path) -> None:
    for line in command_lines(page):
        words = shlex.split(line, comments=True)[1:]
        command: TyperGroup | TyperCommand = PROGRAM
        while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        if isinstance(command, TyperCommand) and words:
            command.make_context(command.name, words)  # raises what is wrong with them


def command_lines(page: Path) -> Iterator[str]:
    """Command lines in code blocks, and those in running text that stand for themselves."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page, "", "sh", "bash", "console"):
        for line in block.splitlines():
            command = line.removeprefix("$ ").removeprefix(".venv/bin/")
            if command.startswith("muniment "):
                yield command
    for inline in INLINE.findall(FENCE.sub("", text)):
        is_whole = re.match(r"muniment [a-z]", inline) and not re.search(r"[A-Z\[…]{2}|\[|…", inline)
        if is_whole:
            yield inline
