"""Writes the tables of routes in docs/guides/from-llama-stack.md from tools/peer_routes.tsv.

Each row of that file is a route of Llama Stack or OGX: which versions have it (``x``), what it does here
(``same``, ``differs`` or ``501``), and a remark.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "tools" / "peer_routes.tsv"
TARGET = ROOT / "docs" / "guides" / "from-llama-stack.md"
BEGIN, END = "<!-- routes: made by tools/document_peer_routes.py -->", "<!-- end of routes -->"
VERSIONS = ("0.2.12", "0.2.22", "0.3.5", "ogx")
ALIAS, PLAIN = "/v1/openai/v1/", "/v1/"
HERE = ("same", "differs", "501")

FAMILIES = {
    "Stores and search": ("vector-dbs", "vector-io", "vector_stores"),
    "Files": ("files", "file-processors"),
    "Models and inference": (
        *("models", "inference", "chat", "completions", "embeddings", "moderations", "messages", "batches"),
    ),
    "Responses, conversations, prompts": ("responses", "conversations", "prompts", "interactions"),
    "Agents and tools": ("agents", "tool-runtime", "toolgroups", "tools", "skills", "admin"),
    "Safety": ("shields", "safety"),
    "Evaluation, data, traces": (
        *("eval", "scoring", "scoring-functions", "datasets", "datasetio", "telemetry", "post-training"),
    ),
    "The server itself": ("health", "version", "providers", "inspect"),
}


@dataclass(frozen=True, slots=True)
class PeerRoute:
    """A route, the versions that have it, and what to expect of it here."""

    method: str
    path: str
    versions: tuple[str, ...]
    here: str
    remark: str

    @property
    def family(self) -> str:
        """The heading it stands under."""
        first = self.path.split("/")[2]
        return next(name for name, firsts in FAMILIES.items() if first in firsts)


def routes() -> list[PeerRoute]:
    """Every route of every version, aliases included."""
    with SOURCE.open(encoding="utf-8", newline="") as file:
        return [
            PeerRoute(
                row["method"],
                row["path"],
                tuple(version for version in VERSIONS if row[version] == "x"),
                row["here"],
                row["remark"],
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]


def promised() -> set[tuple[str, str]]:
    """Method and path of every route that is served, be it to say 501."""
    return {(route.method, route.path) for route in routes()}


def shown() -> list[PeerRoute]:
    """The routes as the tables show them: those under ``/v1/openai/v1`` together with their namesakes."""
    merged: dict[tuple[str, str], PeerRoute] = {}
    for route in routes():
        path = route.path.replace(ALIAS, PLAIN)
        known = merged.get((route.method, path))
        has = {*route.versions, *(known.versions if known else ())}
        versions = tuple(version for version in VERSIONS if version in has)
        merged[route.method, path] = PeerRoute(route.method, path, versions, route.here, route.remark)
    return sorted(merged.values(), key=lambda route: (route.path, route.method))


def tables() -> str:
    """The tables, one for each family."""
    return "\n".join(_lines())


def render(page: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{rest.partition(END)[2]}"


def _lines() -> Iterator[str]:
    for family in FAMILIES:
        yield f"### {family}\n\n| route | in | here | |\n| --- | --- | --- | --- |"
        for route in shown():
            if route.family == family:
                versions = "all" if route.versions == VERSIONS else ", ".join(route.versions)
                yield f"| `{route.method} {route.path}` | {versions} | {route.here} | {route.remark} |"
        yield ""


if __name__ == "__main__":
    TARGET.write_text(render(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
