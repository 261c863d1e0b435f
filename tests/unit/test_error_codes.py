"""Every error code that the source can raise is documented, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import muniment

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "errors.md"
WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def texts(node: ast.expr) -> Iterator[str]:
    """The strings a code can be: itself, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            if "code" in named:
                yield from texts(named["code"])
            elif isinstance(node.func, ast.Name) and node.func.id == "unknown_name":
                yield from (f"unknown_{kind.replace(' ', '_')}" for kind in texts(node.args[0]))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "default_code" for target in targets):
                yield from texts(node.value)


def raised() -> dict[str, str]:
    """Codes with one of the files that raise them."""
    source = Path(muniment.__file__).parent
    return {
        code: str(file.relative_to(source))
        for file in sorted(source.rglob("*.py"))
        for code in codes_in(ast.parse(file.read_text(encoding="utf-8")))
        if WORD.fullmatch(code)
    }


def documented() -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_code_is_documented_once() -> None:
    missing = {code: file for code, file in raised().items() if code not in documented()}
    assert missing == {}
    assert len(documented()) == len(set(documented()))


def test_nothing_is_documented_that_cannot_happen() -> None:
    assert set(documented()) - set(raised()) == set()
