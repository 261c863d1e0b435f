"""Writes docs/reference/settings.md from the settings models and the providers' options.

usage: python tools/document_settings.py [--check]     (--check: only say whether it is up to date)
"""

import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from muniment.registry import find_provider, provider_names
from muniment.settings import model
from muniment.settings.model import ProviderSettings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"

HEAD = """# Settings

One YAML file: `muniment.yaml` in the working directory, or the one named by `--config` or `MUNIMENT_CONFIG`.
Relative paths in it are taken from its folder. Over it lies the environment: `MUNIMENT_` and the path of the
key in capitals, parts joined by two underscores, the value in YAML (`MUNIMENT_SERVER__PORT=9000`).
Unknown keys and unknown `MUNIMENT_*` names are refused with the nearest known name.

`muniment config init` writes a file to begin with, `muniment config check` checks it, `muniment config show`
shows what is in force. Secrets are named by environment variable or file (`api_key_env`, `api_key_file`),
never written into the settings, and never shown.

This page is made from the code by `tools/document_settings.py`.
"""

PROVIDERS = """## Providers

A provider's options stand beside its name: `{provider: openai, base_url: …}`. Other packages may bring more
providers, see [write a provider](../guides/write-a-provider.md). The providers named `fake` are for tests.
"""

SECTIONS = {
    "Settings": "Top level",
    "CollectionSettings": "`collections.NAME`",
    "SourceSettings": "`collections.NAME.sources`",
    "ChunkingSettings": "`collections.NAME.chunking`",
    "AdoptSettings": "`collections.NAME.adopt`",
    "GateSettings": "`collections.NAME.gate`",
    "ServerSettings": "`server`",
    "IngestSettings": "`ingest`",
    "ReconcileSettings": "`reconcile`",
    "AnswersSettings": "`answers`",
    "McpSettings": "`mcp`",
    "McpServerSettings": "`mcp.servers.NAME`",
    "ShieldSettings": "`shields.NAME`",
}

KINDS = {
    "sources": "One of `collections.NAME.sources`",
    "parsers": "`parser`",
    "embedders": "`embedding_models.NAME`",
    "vector_stores": "`vector_store`",
    "file_stores": "`file_store`",
    "generators": "`generators.NAME`",
    "rerankers": "`rerankers.NAME`",
}

WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", NoneType: "null", Path: "path"}


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, place in SECTIONS.items():
        section: type[BaseModel] = getattr(model, name)
        parts.append(f"## {place}\n\n{first_line(section)}{table(section)}")
    parts.append(PROVIDERS)
    for kind, place in KINDS.items():
        for name in provider_names(kind):
            if name == "fake":
                continue
            options = find_provider(kind, name).options
            parts.append(f"### {place}: `{name}`\n\n{first_line(options)}{table(options)}")
    return "\n".join(parts).rstrip() + "\n"


def first_line(section: type[BaseModel]) -> str:
    """What a section is for, where that says more than its title."""
    line = (section.__doc__ or "").strip().splitlines()[0]
    return "" if line.startswith("Options of") else f"{line}\n\n"


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
        meaning = (field.description or "").replace("|", "/")
        yield f"| `{name}` | {type_of(field)} | {default_of(field)} | {meaning} |"


def default_of(field: FieldInfo) -> str:
    """A default as it would stand in YAML; nothing for a section, whose keys have their own."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return ""
    if isinstance(value, ProviderSettings):
        return f"`{{provider: {value.provider}}}`"
    return "" if isinstance(value, BaseModel) else f"`{shown(value)}`"


def shown(value: Any) -> str:
    """A plain value in YAML."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(f'"{item}"' if isinstance(item, str) else str(item) for item in value) + "]"
    return '""' if value == "" else str(value)


def type_of(field: FieldInfo) -> str:
    """A field's type in words a reader of YAML understands, with its bounds."""
    pattern = next((found for found in map(pattern_of, field.metadata) if found), "")
    if choices := re.fullmatch(r"\^\((\w+(?:\|\w+)*)\)\$", pattern):
        return one_of(choices[1].split("|"))
    bounds = bounds_of(field.metadata)
    return type_name(field.annotation) + (f", {bounds}" if bounds else "")


def pattern_of(metadata: Any) -> str:
    """The pattern in a piece of a field's metadata."""
    return str(getattr(metadata, "pattern", "") or "")


def bounds_of(metadata: list[Any]) -> str:
    """What a number must keep within."""
    found = {
        name: getattr(piece, name)
        for piece in metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(piece, name, None) is not None
    }
    if "ge" in found and "le" in found:
        return f"{found['ge']} to {found['le']}"
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return ", ".join(f"{words[name]} {value}" for name, value in found.items())


def type_name(annotation: Any) -> str:
    """A type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_name(arguments[0])
    if origin is Literal:
        return one_of(arguments)
    if origin in (Union, UnionType):
        kinds = [one for one in arguments if not (one is int and float in arguments)]
        return " or ".join(type_name(one) for one in kinds)
    if origin in (tuple, list):
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"name: {type_name(arguments[1])}"
    if annotation in WORDS:
        return WORDS[annotation]
    if issubclass(annotation, Enum):
        return one_of(member.value for member in annotation)
    return "provider" if issubclass(annotation, ProviderSettings) else "keys, see below"


def one_of(values: Any) -> str:
    """A choice between a few values."""
    return "one of " + ", ".join(f"`{value}`" for value in values)


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
