"""The collection's fields, and rows to and from them."""

import json
from base64 import b85decode, b85encode
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from muniment.errors import DocumentError
from muniment.protocols import IndexSpec
from muniment.providers.milvus.expressions import KINDS
from muniment.providers.milvus.options import MilvusOptions
from muniment.ranking import Attributes, Entry, Sentences, analyze, terms_of, to_8_bits, with_headings
from muniment.ranking.bm25 import K1, B
from muniment.ranking.filters import kind_of
from muniment.types import Box, Chunk, ChunkRow, MetadataValue, Span, StoredHit

if TYPE_CHECKING:
    from pymilvus import CollectionSchema, DataType, MilvusClient
    from pymilvus.milvus_client.index import IndexParams

MAX_BYTES = 65_535
"""Longest VARCHAR and JSON value that Milvus takes."""

MAX_PAGES = 4096

CHUNK_FIELDS = ["document_id", "ordinal", "text", "context", "headings", "spans", "tokens", "metadata"]
SEARCH_FIELDS = ["document_id", "pages", "metadata", "search_text", "context", "headings", "vector"]
SENTENCES = "sentences"
"""Field of the sentences' vectors: 8 bits a number, a sentence after the other, in base 85. Collections
made before there were any do without."""

MAX_SENTENCES = 4_096

Row = dict[str, Any]


def mirrored_schema(client: "MilvusClient", spec: IndexSpec, description: str) -> "CollectionSchema":
    """Explicit fields for a collection whose words this process searches; for any Milvus from 2.3 on.

    ``written`` (microseconds since 1970) and ``writer`` tell other processes what changed. Lists are kept as
    text: Milvus 2.3 takes JSON objects only.
    """
    from pymilvus import DataType

    schema = _common_schema(client, spec, description, lists=DataType.VARCHAR, max_length=MAX_BYTES)
    schema.add_field("search_text", DataType.VARCHAR, max_length=MAX_BYTES)
    schema.add_field("written", DataType.INT64)
    schema.add_field("writer", DataType.INT64)
    return schema


def collection_schema(client: "MilvusClient", spec: IndexSpec, description: str) -> "CollectionSchema":
    """Explicit fields; BM25's vectors are made by Milvus from ``search_text``."""
    from pymilvus import DataType, Function, FunctionType

    schema = _common_schema(client, spec, description, lists=DataType.JSON)
    schema.add_field(
        "search_text",
        DataType.VARCHAR,
        max_length=MAX_BYTES,
        enable_analyzer=True,
        analyzer_params={"tokenizer": "standard"},
    )
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function(
            name="bm25",
            function_type=FunctionType.BM25,
            input_field_names=["search_text"],
            output_field_names=["sparse"],
        )
    )
    return schema


def is_mirrored(description: Mapping[str, Any]) -> bool:
    """Whether a collection, as Milvus describes it, has ``mirrored_schema``."""
    return any(field["name"] == "written" for field in description["fields"])


def has_sentences(description: Mapping[str, Any]) -> bool:
    """Whether a collection, as Milvus describes it, keeps vectors of sentences."""
    return any(field["name"] == SENTENCES for field in description["fields"])


def _common_schema(
    client: "MilvusClient", spec: IndexSpec, description: str, *, lists: "DataType", **of_lists: int
) -> "CollectionSchema":
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=description)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("document_id", DataType.VARCHAR, max_length=512)
    schema.add_field("ordinal", DataType.INT64)
    schema.add_field("text", DataType.VARCHAR, max_length=MAX_BYTES)
    schema.add_field("context", DataType.VARCHAR, max_length=MAX_BYTES)
    schema.add_field("headings", lists, **of_lists)
    schema.add_field("spans", lists, **of_lists)
    schema.add_field("tokens", DataType.INT64)
    schema.add_field("pages", DataType.ARRAY, element_type=DataType.INT64, max_capacity=MAX_PAGES)
    schema.add_field("first_page", DataType.INT64)
    schema.add_field("last_page", DataType.INT64)
    schema.add_field("metadata", DataType.JSON)
    schema.add_field(SENTENCES, DataType.VARCHAR, max_length=MAX_SENTENCES)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=spec.dimension)
    return schema


def mirrored_index_params(client: "MilvusClient") -> "IndexParams":
    """Exact search with cosine for ``vector``.

    Until rows are moved to where HNSW is built, Milvus 2.3 searches them by a provisional index that finds
    a part of the nearest ones only. What one process keeps the words of is small enough to be searched
    exactly.
    """
    params = client.prepare_index_params()
    params.add_index("vector", index_type="FLAT", metric_type="COSINE", params={})
    return params


def index_params(client: "MilvusClient", options: MilvusOptions) -> "IndexParams":
    """HNSW with cosine for ``vector``, BM25 for ``sparse``."""
    params = client.prepare_index_params()
    params.add_index(
        "vector",
        index_type="HNSW",
        metric_type="COSINE",
        params={"M": options.hnsw_m, "efConstruction": options.hnsw_ef_construction},
    )
    params.add_index(
        "sparse",
        index_type="SPARSE_INVERTED_INDEX",
        metric_type="BM25",
        params={"bm25_k1": K1, "bm25_b": B},
    )
    return params


def to_row(row: ChunkRow, *, lists_as_text: bool = False, with_sentences: bool = True) -> tuple[Row, Entry]:
    """A chunk as Milvus and as the resident index take it.

    Raises:
        DocumentError: code ``chunk_too_large``; text is never cut.
    """
    chunk = row.chunk
    terms = terms_of(chunk.text, chunk.context, chunk.headings)
    sentences = _in_8_bits(row) if with_sentences else None
    spans = [_span_to_json(span) for span in chunk.spans]
    spans_text = json.dumps(spans)
    headings_text = json.dumps(chunk.headings, ensure_ascii=False)
    for name, value in (
        ("text", chunk.text),
        ("context", chunk.context),
        ("spans", spans_text),
        ("headings", headings_text),
    ):
        if (size := len(value.encode())) > MAX_BYTES:
            raise DocumentError(
                f"Chunk {chunk.ordinal} of document {row.document_id} has {size} bytes of {name}; "
                f"the store takes {MAX_BYTES}.",
                code="chunk_too_large",
                hint="Lower chunking.max_tokens of the collection.",
            )
    fields = {
        "id": row.id,
        "document_id": row.document_id,
        "ordinal": chunk.ordinal,
        "text": chunk.text,
        "context": chunk.context,
        "headings": headings_text if lists_as_text else list(chunk.headings),
        "spans": spans_text if lists_as_text else spans,
        "tokens": chunk.tokens,
        "pages": list(chunk.pages[:MAX_PAGES]),
        "first_page": min(chunk.pages, default=0),
        "last_page": max(chunk.pages, default=0),
        "metadata": _by_kind(row.metadata),
        "search_text": _cut(" ".join(terms.all)),
        "vector": row.vector.tolist(),
    }
    if with_sentences:
        fields[SENTENCES] = "" if sentences is None else b85encode(sentences.tobytes()).decode("ascii")
    attributes = Attributes(row.document_id, chunk.pages, row.metadata)
    return fields, Entry(row.id, attributes, terms, row.vector, sentences)


class _Whole(str):
    """A text whose only part is itself. pymilvus takes a row's text for a list and looks at each part of it:
    letter by letter, that took more time than all else it does with a row."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        return iter((str(self),))


def for_pymilvus(fields: Row) -> Row:
    """A row as it is quickest handed to pymilvus; not to be kept."""
    return {name: _Whole(value) if isinstance(value, str) else value for name, value in fields.items()}


def _in_8_bits(row: ChunkRow) -> Sentences | None:
    """The vectors of its sentences, as far as the field holds them; one alone says what ``vector`` says."""
    if row.sentences is None or len(row.sentences) < 2:
        return None
    most = MAX_SENTENCES * 4 // 5 // row.sentences.shape[1]
    return to_8_bits(row.sentences[:most]) if most else None


def attributes_of(fields: Mapping[str, Any]) -> Attributes:
    """What filters look at in a stored row with ``document_id``, ``pages`` and ``metadata``."""
    return Attributes(fields["document_id"], tuple(fields["pages"]), _metadata(fields["metadata"]))


def to_entry(fields: Mapping[str, Any]) -> Entry:
    """A stored row, with ``SEARCH_FIELDS``, as the resident index takes it; ``vector`` may be left out."""
    vector = np.asarray(fields.get("vector", ()), np.float32)
    packed = np.frombuffer(b85decode(fields.get(SENTENCES, "")), np.int8)
    headings = _parsed(fields["headings"])
    return Entry(
        int(fields["id"]),
        attributes_of(fields),
        with_headings(fields["search_text"].split(), fields["context"], headings),
        vector,
        packed.reshape(-1, len(vector)) if len(packed) and len(vector) else None,
    )


def to_hit(fields: Mapping[str, Any], score: float, scores: dict[str, float]) -> StoredHit:
    """A stored row, with ``CHUNK_FIELDS``, as a hit."""
    chunk = Chunk(
        ordinal=fields["ordinal"],
        text=fields["text"],
        context=fields["context"],
        headings=tuple(_parsed(fields["headings"])),
        spans=tuple(_span_from_json(span) for span in _parsed(fields["spans"])),
        tokens=fields["tokens"],
    )
    metadata = _metadata(fields["metadata"])
    return StoredHit(int(fields["id"]), fields["document_id"], chunk, score, scores, metadata)


def query_text(text: str) -> str:
    """A question as ``search_text`` is written."""
    return _cut(" ".join(analyze(text)))


def _by_kind(metadata: Mapping[str, MetadataValue]) -> dict[str, dict[str, MetadataValue]]:
    return {
        letter: {key: value for key, value in metadata.items() if kind_of(value) is kind}
        for kind, letter in KINDS.items()
    }


def _metadata(stored: Any) -> dict[str, MetadataValue]:
    return {key: value for part in _parsed(stored).values() for key, value in part.items()}


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _span_to_json(span: Span) -> list[float | None]:
    box = [span.box.left, span.box.top, span.box.right, span.box.bottom] if span.box else []
    return [span.start, span.end, span.page, *box]


def _span_from_json(values: Sequence[Any]) -> Span:
    start, end, page, *box = values
    return Span(int(start), int(end), None if page is None else int(page), Box(*box) if box else None)


def _cut(text: str) -> str:
    """The longest run of whole terms that fits; keyword search can do without the rest."""
    if len(text.encode()) <= MAX_BYTES:
        return text
    return text.encode()[: MAX_BYTES + 1].rpartition(b" ")[0].decode(errors="ignore")
