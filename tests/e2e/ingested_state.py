"""All that ingestion leaves behind, read past everything of ours, and what two such states differ in."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

ROW_FIELDS = ["id", "document_id", "text", "metadata", "vector"]
DOCUMENT_FIELDS = "uri, name, document_id, content_hash, version, size, state, chunks, error_code, metadata"


@dataclass(frozen=True)
class State:
    """Rows of the index, documents of the catalog and keys of kept files, each as often as it is there.

    ``left`` names what should be gone when nothing runs: leases, contents in doubt, scratch files.
    """

    rows: Counter[str]
    documents: Counter[str]
    kept: Counter[str]
    left: tuple[str, ...]

    def differences(self, clean: "State") -> dict[str, list[str]]:
        """What is lost and what is doubled, measured on a clean ingestion; both empty when they are equal."""
        lost, doubled = [], []
        for name in ("rows", "documents", "kept"):
            mine, other = getattr(self, name), getattr(clean, name)
            lost += [f"{name}: {one}" for one in (other - mine).elements()]
            doubled += [f"{name}: {one}" for one in (mine - other).elements()]
        return {"lost": lost, "doubled": doubled}


def read_state(
    store_uri: str, catalog_uri: str, kept: Iterable[str], scratch: Path, alias: str = "docs"
) -> State:
    """The state of the collection's live generation; ``kept`` are the keys of kept files."""
    left, documents = _catalog(catalog_uri, alias)
    if scratch.exists():
        left += [f"scratch: {path.name}" for path in scratch.iterdir()]
    return State(Counter(_rows(store_uri)), Counter(documents), Counter(kept), tuple(left))


def kept_in(folder: Path) -> list[str]:
    """Keys of the files kept in a folder; half-written ones of killed processes do not count."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if path.parts[0] != ".parts")


def _rows(uri: str) -> list[str]:
    from pymilvus import MilvusClient

    client = MilvusClient(uri)
    rows: list[dict[str, Any]] = []
    for name in client.list_collections():
        client.load_collection(name)
        rows += client.query(name, filter="id >= 0", output_fields=ROW_FIELDS, limit=16_000)
    client.close()
    if not uri.startswith("http"):
        from milvus_lite import server_manager_instance

        server_manager_instance.release_server(uri)
    return [
        json.dumps(
            [row["id"], row["document_id"], row["text"], row["metadata"], _vector(row)], sort_keys=True
        )
        for row in rows
    ]


def _vector(row: dict[str, Any]) -> list[float]:
    return [round(float(number), 5) for number in row["vector"]]


def _catalog(uri: str, collection: str) -> tuple[list[str], list[str]]:
    engine = create_engine(uri.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            left = [f"lease: {row[0]}" for row in connection.execute(text("SELECT key FROM leases"))]
            doubts = connection.execute(text("SELECT document_id FROM doubtful_contents"))
            left += [f"doubt: {row[0]}" for row in doubts]
            query = text(f"SELECT {DOCUMENT_FIELDS} FROM documents WHERE collection = :name")
            found = connection.execute(query, {"name": collection})
            return left, [json.dumps([str(value) for value in row]) for row in found]
    finally:
        engine.dispose()
