"""Milvus collections as a Llama Stack server fills them."""

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymilvus import DataType, Function, FunctionType, MilvusClient

from muniment.protocols import Embedder

TEXTS = {
    "leave": [
        "Employees receive 28 days of paid leave a year.",
        "Unused days expire at the end of March.",
    ],
    "https://intranet/travel.pdf": ["The daily allowance for travel at home is 32 euros."],
}


def chunk(document: str, text: str, place: int, **metadata: object) -> dict[str, Any]:
    """A chunk as Llama Stack dumps it into `chunk_content`."""
    chunk_id = str(uuid.UUID(hashlib.md5(f"{document}:{text}".encode()).hexdigest()))
    return {
        "content": text,
        "metadata": {"document_id": document, "token_count": len(text.split()), **metadata},
        "embedding": None,
        "stored_chunk_id": chunk_id,
        "chunk_metadata": {"document_id": document, "source": None, "chunk_window": f"{place}-{place + 9}"},
    }


CHUNKS = [
    chunk(document, text, 9 * place, year=2024 + place, tags=["not", "a", "scalar"])
    for document, texts in TEXTS.items()
    for place, text in enumerate(texts)
]


def fill_0_2_12(client: MilvusClient, name: str, chunks: Sequence[dict[str, Any]], vectors: Any) -> None:
    """Int64 auto id, `vector`, everything else dynamic."""
    if not client.has_collection(name):
        client.create_collection(name, dimension=len(vectors[0]), auto_id=True, consistency_level="Strong")
    rows = [
        {"chunk_id": one["stored_chunk_id"], "vector": vector.tolist(), "chunk_content": one}
        for one, vector in zip(chunks, vectors, strict=True)
    ]
    client.insert(name, data=rows)


def fill_0_2_22(client: MilvusClient, name: str, chunks: Sequence[dict[str, Any]], vectors: Any) -> None:
    """Explicit fields with BM25."""
    if not client.has_collection(name):
        _create_0_2_22(client, name, len(vectors[0]))
    rows = [
        {
            "chunk_id": one["stored_chunk_id"],
            "content": one["content"],
            "vector": vector.tolist(),
            "chunk_content": one,
        }
        for one, vector in zip(chunks, vectors, strict=True)
    ]
    client.insert(name, data=rows)


FILL = {"0.2.12": fill_0_2_12, "0.2.22": fill_0_2_22}


def _create_0_2_22(client: MilvusClient, name: str, dimension: int) -> None:
    schema = client.create_schema()
    schema.add_field("chunk_id", DataType.VARCHAR, is_primary=True, max_length=100)
    schema.add_field("content", DataType.VARCHAR, max_length=65535, enable_analyzer=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_field("chunk_content", DataType.JSON)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    params = client.prepare_index_params()
    params.add_index("vector", index_type="FLAT", metric_type="COSINE")
    params.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    schema.add_function(
        Function(
            name="text_bm25_emb",
            input_field_names=["content"],
            output_field_names=["sparse"],
            function_type=FunctionType.BM25,
        )
    )
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong")


async def filled(
    path: Path, version: str, embedder: Embedder, chunks: Sequence[dict[str, Any]] = tuple(CHUNKS)
) -> None:
    """Write the chunks into collection ``docs_old`` of the database at ``path``, and close it."""
    from milvus_lite import server_manager_instance

    vectors = await embedder.embed_texts([one["content"] for one in chunks])
    client = MilvusClient(uri=str(path))
    FILL[version](client, "docs_old", chunks, vectors)
    client.close()
    server_manager_instance.release_server(str(path))


def rows_in(path: Path) -> list[dict[str, Any]]:
    """Every row, as it lies there."""
    from milvus_lite import server_manager_instance

    client = MilvusClient(uri=str(path))
    client.load_collection("docs_old")
    rows = client.query("docs_old", filter="", output_fields=["chunk_content", "vector"], limit=1000)
    client.close()
    server_manager_instance.release_server(str(path))
    return [dict(row) for row in rows]
