"""The material of a measurement: chunks with vectors, files, and queries whose right answer is known."""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from muniment.protocols import ProviderContext
from muniment.providers.encoder import PROVIDER
from muniment.providers.encoder.options import EncoderOptions

EMBEDDING_MODEL = "all-MiniLM-L6-v2"
DIMENSION = 384
WORDS_PER_CHUNK = 200
CHUNKS_PER_FILE = 50
QUERY_WORDS = 12


@dataclass(frozen=True, slots=True)
class Corpus:
    """Chunks of ``WORDS_PER_CHUNK`` words, and a vector of ``DIMENSION`` numbers for each."""

    chunks: tuple[str, ...]
    vectors: tuple[tuple[float, ...], ...]

    def files(self, count: int) -> list[tuple[str, bytes]]:
        """Name and content of ``count`` text files, of the first chunks' text."""
        starts = range(0, count * CHUNKS_PER_FILE, CHUNKS_PER_FILE)
        return [
            (f"part-{start:05d}.txt", "\n\n".join(self.chunks[start : start + CHUNKS_PER_FILE]).encode())
            for start in starts
        ]

    def queries(self, count: int, among: int) -> list[str]:
        """``count`` different runs of words, each from one of the first ``among`` chunks."""
        queries = []
        for number in range(count):
            words = self.chunks[number * 37 % among].split()
            start = (60 + 30 * (number // among)) % (WORDS_PER_CHUNK - QUERY_WORDS)
            queries.append(" ".join(words[start : start + QUERY_WORDS]))
        return queries


def load(texts: Sequence[Path], chunks: int, folder: Path) -> Corpus:
    """Cut the texts, and embed them unless ``folder`` has their vectors from an earlier run.

    The vectors are made in 32-bit arithmetic, so that they are no server's own.
    """
    words = [w for text in texts for w in text.read_text(encoding="utf-8").split() if len(w) < 40]
    starts = range(0, min(len(words) - WORDS_PER_CHUNK + 1, chunks * WORDS_PER_CHUNK), WORDS_PER_CHUNK)
    cut = tuple(" ".join(words[start : start + WORDS_PER_CHUNK]) for start in starts)
    if len(cut) < chunks:
        raise SystemExit(f"The texts make {len(cut)} chunks; {chunks} are wanted: add texts.")
    kept = folder / "corpus.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        if tuple(known["chunks"]) == cut:
            return Corpus(cut, tuple(map(tuple, known["vectors"])))
    vectors = asyncio.run(_embed(cut))
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"chunks": cut, "vectors": vectors}))
    return Corpus(cut, vectors)


async def _embed(chunks: Sequence[str]) -> tuple[tuple[float, ...], ...]:
    with tempfile.TemporaryDirectory() as scratch:
        context = ProviderContext(Path(scratch), EMBEDDING_MODEL)
        embedder = await PROVIDER.create(EncoderOptions(precision="f32"), context)
        try:
            vectors = await embedder.embed_texts(chunks)
        finally:
            await embedder.aclose()
    return tuple(tuple(round(float(x), 6) for x in vector) for vector in vectors)
