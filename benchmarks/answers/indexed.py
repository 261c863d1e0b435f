"""Collections for the benchmark: indexed and searched by the product's own parts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from corpora import Corpus

from muniment.ingest.embedding import embed_chunks
from muniment.protocols import Embedder, IndexSpec, ProviderContext, VectorStore
from muniment.providers.docling import PROVIDER as DOCLING
from muniment.providers.structure_chunker import StructureChunker
from muniment.retrieve import Retriever
from muniment.types import ChunkRow, chunk_id


@dataclass(frozen=True)
class Indexer:
    """Fills indexes of ``store`` with vectors of ``embedder``."""

    embedder: Embedder
    store: VectorStore
    scratch: Path

    async def folder(self, folder: Path) -> Retriever:
        """The documents of a folder, parsed and chunked as the product does by default."""
        return await self.files(folder.name, folder, "*")

    async def files(self, name: str, folder: Path, pattern: str) -> Retriever:
        """The documents at or below ``folder`` that fit ``pattern``, parsed and chunked by default."""
        chunker = StructureChunker(self.embedder.tokenizer, 256, 48)
        parser = await DOCLING.create(DOCLING.options(workers=2), ProviderContext(self.scratch))
        index = await self.store.open(IndexSpec(name, self.embedder.dimension, "m", chunker.spec))
        names: dict[str, str] = {}
        for path in sorted(one for one in folder.rglob(pattern) if one.is_file()):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            names[digest] = path.name
            chunks = chunker.chunk((await parser.parse(path, path.name, digest)).document)
            made = await embed_chunks(self.embedder, chunks)
            await index.upsert(
                [
                    ChunkRow(chunk_id(digest, chunker.spec, c.ordinal), digest, c, v, sentences=s)
                    for c, v, s in zip(chunks, made.vectors, made.sentences, strict=True)
                ]
            )
        await parser.aclose()
        return Retriever(self.embedder, index, names)

    async def corpus(self, corpus: Corpus) -> Retriever:
        """Passages of a reference set."""
        index = await self.store.open(IndexSpec(corpus.name, self.embedder.dimension, "m", "pieces"))
        made = await embed_chunks(self.embedder, [passage.chunk for passage in corpus.passages])
        await index.upsert(
            [
                ChunkRow(passage.id + 1, passage.document_id, passage.chunk, vector, sentences=sentences)
                for passage, vector, sentences in zip(
                    corpus.passages, made.vectors, made.sentences, strict=True
                )
            ]
        )
        return Retriever(self.embedder, index, {p.document_id: p.document_name for p in corpus.passages})
