"""Rows as Llama Stack writes them: its collections' shape, and each row as a chunk of ours.

0.2.12 lets Milvus make the collection: Int64 primary key `id` (auto), `vector`, and the dynamic fields
`chunk_id` and `chunk_content`. 0.2.22 and 0.3.5: VARCHAR primary key `chunk_id`, `content`, `vector`,
`chunk_content` (JSON) and `sparse` (BM25). In both `chunk_content` is the whole chunk.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from muniment.errors import ConflictError
from muniment.types import Chunk, MetadataValue, Span

if TYPE_CHECKING:
    from pymilvus import MilvusClient

SEPARATOR = "\n\n"
"""What stands between two chunks in the text of an adopted document."""

BATCH_ROWS = 1024
_INT64 = 5
_VARCHAR = 21
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_WINDOW = re.compile(r"(\d+)-\d+")
_NAME_KEYS = ("filename", "file_name", "document_name", "title", "source")


@dataclass(frozen=True, slots=True)
class AdoptedShape:
    """What must be known of a collection to read it."""

    primary: str
    numbered: bool
    dimension: int

    @property
    def everything(self) -> str:
        """An expression that every row fulfils."""
        return f"{self.primary} >= 0" if self.numbered else f'{self.primary} != ""'


@dataclass(frozen=True, slots=True)
class AdoptedRow:
    """A stored chunk. ``vector`` has shape (dimension,), float32, unit length."""

    id: int
    document_id: str
    document_name: str
    chunk: Chunk
    metadata: dict[str, MetadataValue]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Stored:
    """A row before its place in its document is known."""

    id: int
    document: str
    name: str
    text: str
    window: int | None
    metadata: dict[str, MetadataValue]
    vector: NDArray[np.float32]


def shape_of(description: Mapping[str, Any], name: str) -> AdoptedShape:
    """The shape of a collection that Milvus describes.

    Raises:
        ConflictError: code ``not_adoptable``: Llama Stack does not make such collections.
    """
    fields = {field["name"]: field for field in description["fields"]}
    primary = next((field for field in fields.values() if field.get("is_primary")), None)
    vector = fields.get("vector", {})
    has_content = "chunk_content" in fields or description.get("enable_dynamic_field")
    kind = int(primary["type"]) if primary else 0
    if (
        primary is None
        or kind not in (_INT64, _VARCHAR)
        or "dim" not in vector.get("params", {})
        or not has_content
    ):
        raise ConflictError(
            f"Collection {name!r} has the fields {', '.join(sorted(fields))}; Llama Stack's have a primary "
            "key, `vector` and `chunk_content`.",
            code="not_adoptable",
            hint="Name a collection that Llama Stack filled; ingest the documents of any other.",
        )
    return AdoptedShape(str(primary["name"]), kind == _INT64, int(vector["params"]["dim"]))


def read_rows(client: "MilvusClient", name: str, shape: AdoptedShape) -> list[AdoptedRow]:
    """Every row of the collection, by document and in the order of its text."""
    return placed_rows(_fetched(client, name, shape), shape)


def placed_rows(fetched: Iterable[Mapping[str, Any]], shape: AdoptedShape) -> list[AdoptedRow]:
    """Rows as Milvus gives them, by document and in the order of its text; those without text left out."""
    stored: dict[int, _Stored] = {}
    for fields in fetched:
        row = _stored(fields, shape)
        if row is not None:
            stored[row.id] = row
    return [row for rows in _by_document(stored.values()) for row in _placed(rows)]


def _fetched(client: "MilvusClient", name: str, shape: AdoptedShape) -> Iterator[Mapping[str, Any]]:
    iterator = client.query_iterator(
        name,
        filter=shape.everything,
        output_fields=[shape.primary, "vector", "chunk_content"],
        batch_size=BATCH_ROWS,
    )
    try:
        while batch := iterator.next():
            yield from batch
    finally:
        iterator.close()


def _stored(fields: Mapping[str, Any], shape: AdoptedShape) -> _Stored | None:
    """A row; None for one without text or with a vector of zeros, which nothing could find."""
    written = fields[shape.primary]
    content = _parsed(fields.get("chunk_content"))
    text = _text(content.get("content"))
    vector = np.asarray(fields["vector"], np.float32)
    length = float(np.linalg.norm(vector))
    if not text.strip() or not length:
        return None
    kept, backend = _parsed(content.get("metadata")), _parsed(content.get("chunk_metadata"))
    document = str(kept.get("document_id") or backend.get("document_id") or kept.get("file_id") or written)
    window = _WINDOW.fullmatch(str(backend.get("chunk_window")))
    return _Stored(
        id=int(written) if shape.numbered else _number(str(written)),
        document=document,
        name=next((str(kept[key]) for key in _NAME_KEYS if kept.get(key)), document),
        text=text,
        window=int(window[1]) if window else None,
        metadata={key: value for key, value in kept.items() if isinstance(value, str | int | float | bool)},
        vector=vector / length,
    )


def _by_document(stored: Iterable[_Stored]) -> Iterator[list[_Stored]]:
    """The rows of each document in the order of its text, as far as it can be told."""
    groups: dict[str, list[_Stored]] = defaultdict(list)
    for row in stored:
        groups[row.document].append(row)
    for rows in groups.values():
        # Ids are numbered as rows came in; where they are hashes, Llama Stack keeps the chunks' windows.
        yield sorted(rows, key=lambda row: (row.window or 0, row.id))


def _placed(rows: Sequence[_Stored]) -> Iterator[AdoptedRow]:
    """One document's rows as chunks with their place in its text."""
    start = 0
    document_id = _document_id(rows[0].document)
    for ordinal, row in enumerate(rows):
        span = Span(start, start + len(row.text))
        start = span.end + len(SEPARATOR)
        chunk = Chunk(ordinal, row.text, "", (), (span,), len(row.text.split()))
        yield AdoptedRow(row.id, document_id, rows[0].name, chunk, row.metadata, row.vector)


def _document_id(written: str) -> str:
    """The document's id as its server knows it, where an address can hold that; else one made from it."""
    if _SAFE_ID.fullmatch(written):
        return written
    return f"doc_{sha256(written.encode(errors='replace')).hexdigest()[:24]}"


def _number(written: str) -> int:
    """A positive 63-bit id for a row whose primary key is text."""
    return int.from_bytes(blake2b(written.encode(), digest_size=8).digest(), "big") >> 1


def _text(content: Any) -> str:
    """The text of a chunk; of interleaved content, that of its text items."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_text, content)))
    return _text(content.get("text")) if isinstance(content, Mapping) else ""


def _parsed(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}
