"""Tells documents of the same name apart: two sources may have one each."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote


def told_apart(named: Sequence[tuple[str, str]]) -> list[str]:
    """The names of documents given as name and URI; those that occur twice with where they are."""
    counts = Counter(name for name, _ in named)
    return [name if counts[name] == 1 else f"{name} (in {_place(name, uri)})" for name, uri in named]


def _place(name: str, uri: str) -> str:
    """The URI up to the name, which it ends with as a rule."""
    for ending in (name, quote(name)):
        if uri.endswith(f"/{ending}"):
            return uri[: -len(ending)]
    return uri
