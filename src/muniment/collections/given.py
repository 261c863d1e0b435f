"""Chunks that clients insert directly: kept in the catalog first, then embedded and written to the index."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from muniment.catalog import Catalog
from muniment.collections.adopted import refuse_change
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import InputError
from muniment.ingest.embedding import embed_chunks
from muniment.types import (
    Block,
    BlockKind,
    Chunk,
    ChunkRow,
    Document,
    DocumentOrigin,
    DocumentState,
    GivenChunk,
    ParsedDocument,
    Span,
)

PARSER = "given"
PREFIX = "chk_"
AT_A_TIME = 256


async def insert_given(runtime: CollectionRuntime, catalog: Catalog, chunks: Sequence[GivenChunk]) -> None:
    """Keep the chunks and make them searchable; one with a known id replaces the earlier.

    The catalog is written first: what a killed server did not get into the index, the reconciler
    finds missing and writes.

    Raises:
        InputError: code ``wrong_dimension``, before anything is kept.
        ConflictError: code ``collection_adopted``.
    """
    refuse_change(runtime)
    runtime.open_index()
    for number, chunk in enumerate(chunks):
        _check_vector(chunk, number, runtime.embedder.dimension)
    model = runtime.embedder.fingerprint
    of_model = [chunk if chunk.vector is None else replace(chunk, vector_of=model) for chunk in chunks]
    latest = tuple({chunk.row_id: chunk for chunk in of_model}.values())
    await asyncio.to_thread(catalog.given.save, runtime.name, latest)
    await write_given(runtime, latest)
    await asyncio.to_thread(catalog.revise, runtime.name)


async def write_given(runtime: CollectionRuntime, chunks: Sequence[GivenChunk]) -> None:
    """Embed chunks that came without a vector, and write all of them to the index."""
    index = runtime.open_index()
    for start in range(0, len(chunks), AT_A_TIME):
        part = chunks[start : start + AT_A_TIME]
        await index.upsert(await _rows(runtime, part))
        runtime.show_given({chunk.evidence_id: chunk.title for chunk in part})


def as_document(collection: str, chunk: GivenChunk) -> Document:
    """The document that a given chunk is by itself, when it is cited."""
    return Document(
        collection=collection,
        uri=f"chunk:///{chunk.chunk_id}",
        name=chunk.title,
        document_id=chunk.evidence_id,
        content_hash=sha256(chunk.content.encode(errors="replace")).hexdigest(),
        version="",
        size=len(chunk.content.encode(errors="replace")),
        state=DocumentState.DONE,
        origin=DocumentOrigin.UPLOAD,
        parser=PARSER,
        chunks=1,
        title=chunk.title,
        metadata=chunk.attributes,
    )


def as_parsed(chunk: GivenChunk) -> ParsedDocument:
    """Its text as a parsed document of one block."""
    span = Span(0, len(chunk.content))
    return ParsedDocument(
        content_hash=as_document("", chunk).content_hash,
        title=chunk.title,
        text=chunk.content,
        blocks=(Block(BlockKind.TEXT, span.start, span.end, spans=(span,)),) if chunk.content else (),
        pages=(),
        parser=PARSER,
    )


def row_of(evidence_id: str) -> int | None:
    """The row of the given chunk with this document id; None when it is no such id."""
    digits = evidence_id.removeprefix(PREFIX)
    if not evidence_id.startswith(PREFIX) or len(digits) != 16 or not set(digits) <= set("0123456789abcdef"):
        return None
    return int(digits, 16)


def _check_vector(chunk: GivenChunk, number: int, dimension: int) -> None:
    if chunk.vector is None:
        return
    if len(chunk.vector) != dimension:
        raise InputError(
            f"Embedding at index {number} has dimension {len(chunk.vector)}, expected {dimension}.",
            code="wrong_dimension",
            hint="Embed with the model of this collection, or leave the embedding out.",
        )
    length = float(np.linalg.norm(np.asarray(chunk.vector)))
    if not np.isfinite(length) or length == 0:
        raise InputError(
            f"Embedding at index {number} has no direction: its length is {length}.",
            code="invalid_embedding",
            hint="Send finite numbers that are not all 0, or leave the embedding out.",
        )


def vector_fits(runtime: CollectionRuntime, chunk: GivenChunk) -> bool:
    """Whether the chunk came with a vector that is of this generation's embedding model."""
    of_this = chunk.vector_of in ("", runtime.embedder.fingerprint)
    return chunk.vector is not None and len(chunk.vector) == runtime.embedder.dimension and of_this


async def _rows(runtime: CollectionRuntime, part: Sequence[GivenChunk]) -> list[ChunkRow]:
    # A vector that was given for an earlier embedding model of the collection is of no use for this one.
    bare = [chunk for chunk in part if not vector_fits(runtime, chunk)]
    rows: dict[int, ChunkRow] = {}
    if bare:
        embedded = await embed_chunks(runtime.embedder, [_chunk(runtime, chunk) for chunk in bare])
        for chunk, vector, sentences in zip(bare, embedded.vectors, embedded.sentences, strict=True):
            rows[chunk.row_id] = _row(runtime, chunk, vector, sentences)
    for chunk in part:
        if chunk.row_id not in rows:
            given = np.asarray(chunk.vector, np.float32)
            rows[chunk.row_id] = _row(runtime, chunk, given / np.linalg.norm(given), None)
    return [rows[chunk.row_id] for chunk in part]


def _chunk(runtime: CollectionRuntime, chunk: GivenChunk) -> Chunk:
    spans = (Span(0, len(chunk.content)),)
    return Chunk(0, chunk.content, "", (), spans, runtime.embedder.tokenizer.count(chunk.content))


def _row(
    runtime: CollectionRuntime,
    chunk: GivenChunk,
    vector: NDArray[np.float32],
    sentences: NDArray[np.float32] | None,
) -> ChunkRow:
    return ChunkRow(
        id=chunk.row_id,
        document_id=chunk.evidence_id,
        chunk=_chunk(runtime, chunk),
        vector=vector,
        metadata=chunk.attributes,
        sentences=sentences,
    )
