"""Parses, chunks, embeds and indexes a folder of documents, and retrieves as the product does."""

import asyncio
import hashlib
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from muniment.protocols import IndexSpec, ProviderContext
from muniment.providers.docling import PROVIDER as DOCLING
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.providers.fake_vector_store import PROVIDER as STORE
from muniment.providers.structure_chunker import StructureChunker
from muniment.retrieve import Retriever
from muniment.types import ChunkRow, ParsedDocument, Passage, chunk_id


@dataclass
class Indexed:
    """Documents by id, and the passages found for each question."""

    documents: dict[str, ParsedDocument] = field(default_factory=dict)
    found: dict[str, tuple[Passage, ...]] = field(default_factory=dict)


async def _build(folder: Path, questions: list[str], limit: int) -> Indexed:
    result = Indexed()
    paths = await asyncio.to_thread(lambda: sorted(p for p in folder.iterdir() if p.is_file()))
    names = {}
    with TemporaryDirectory() as scratch:
        context = ProviderContext(Path(scratch), "all-MiniLM-L6-v2")
        embedder = await ENCODER.create(ENCODER.options(), context)
        chunker = StructureChunker(embedder.tokenizer, 256, 48)
        parser = await DOCLING.create(DOCLING.options(workers=2), context)
        store = await STORE.create(STORE.options(), context)
        index = await store.open(IndexSpec("bench", embedder.dimension, "m", chunker.spec))
        for path in paths:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            document = (await parser.parse(path, path.name, digest)).document
            result.documents[digest], names[digest] = document, path.name
            chunks = chunker.chunk(document)
            vectors = await embedder.embed_texts([chunk.embedding_text for chunk in chunks])
            await index.upsert(
                [
                    ChunkRow(chunk_id(digest, chunker.spec, c.ordinal), digest, c, v)
                    for c, v in zip(chunks, vectors, strict=True)
                ]
            )
        retriever = Retriever(embedder, index, names)
        for question in questions:
            result.found[question] = (await retriever.search(question, limit=limit)).passages
        await parser.aclose()
        await embedder.aclose()
    return result


def indexed(folder: Path, questions: list[str], limit: int = 8, cache: Path | None = None) -> Indexed:
    """The documents of ``folder`` and the passages for each question; kept in ``cache`` when one is named."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    result = asyncio.run(_build(folder, questions, limit))
    if cache:
        cache.write_bytes(pickle.dumps(result))
    return result
