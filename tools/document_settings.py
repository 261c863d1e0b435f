"""Writes docs/reference/settings.md from the settings models and the providers' options.

usage: python tools/document_settings.py [--check]     (--check: only say whether it is up to date)
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from muniment.registry import KINDS, find_provider, provider_names
from muniment.settings import model

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"

HEAD = """# Settings

One YAML file, `muniment.yaml` in the working directory, or named by `--config` or `MUNIMENT_CONFIG`;
relative paths in it are taken from its folder. Over it, the environment: `MUNIMENT_` and the path of the
key in capitals, parts joined by two underscores, the value in YAML (`MUNIMENT_SERVER__PORT=9000`).
Unknown keys and unknown `MUNIMENT_*` names are refused with the nearest known name.
`muniment config check` checks, `muniment config show` shows what is in force.
Secrets are named by environment variable or file (`api_key_env`, `api_key_file`), never written into the
settings, and never shown.

This page is made from the code by `tools/document_settings.py`.
"""

SECTIONS = (
    "Settings",
    "CollectionSettings",
    "ChunkingSettings",
    "ServerSettings",
    "IngestSettings",
    "ReconcileSettings",
)
PLACES = {
    "Settings": "top level",
    "CollectionSettings": "`collections.NAME`",
    "ChunkingSettings": "`collections.NAME.chunking`",
    "ServerSettings": "`server`",
    "IngestSettings": "`ingest`",
    "ReconcileSettings": "`reconcile`",
}


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for name in SECTIONS:
        section: type[BaseModel] = getattr(model, name)
        parts.append(f"## {PLACES[name][0].upper() + PLACES[name][1:]}\n\n{table(section)}")
    parts.append(
        "# Providers\n\nA provider's options stand beside its name: `{provider: openai, base_url: …}`.\n"
    )
    for kind in KINDS:
        for name in provider_names(kind):
            provider = find_provider(kind, name)
            about = (provider.options.__doc__ or "").strip().splitlines()[0]
            parts.append(f"## {kind.replace('_', ' ')}: `{name}`\n\n{about}\n\n{table(provider.options)}")
    return "\n".join(parts).rstrip() + "\n"


def table(section: type[BaseModel]) -> str:
    """A Markdown table of a model's fields."""
    rows = list(fields(section))
    if not rows:
        return "No options.\n"
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *rows]) + "\n"


def fields(section: type[BaseModel]) -> Iterator[str]:
    """One row a field."""
    for name, field in section.model_fields.items():
        default = "required" if field.default is PydanticUndefined and field.default_factory is None else ""
        if not default:
            default = f"`{shown(field.get_default(call_default_factory=True))}`"
        meaning = (field.description or "").replace("|", "/")
        yield f"| `{name}` | {type_name(field.annotation)} | {default} | {meaning} |"


def shown(value: Any) -> str:
    """A default as it would stand in YAML."""
    if isinstance(value, BaseModel):
        return str(value.model_dump(exclude_defaults=True))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value)


def type_name(annotation: Any) -> str:
    """A type in words a reader of YAML understands."""
    text = (
        str(getattr(annotation, "__name__", annotation)) if isinstance(annotation, type) else str(annotation)
    )
    for old, new in (
        ("muniment.settings.model.", ""),
        ("typing.", ""),
        ("pathlib.Path", "path"),
        ("NoneType", "null"),
    ):
        text = text.replace(old, new)
    text = "name → CollectionSettings" if "Annotated" in text and "CollectionSettings" in text else text
    return text.replace("|", "or").replace("str", "text").replace("Path", "path")


def main() -> None:
    """Write the page, or check it."""
    page = render()
    if "--check" in sys.argv:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != page:
            sys.exit(f"{TARGET.name} is out of date: run python tools/document_settings.py")
        return
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
