"""How long a search takes with everything that is on by default, and what sentences cost at ingestion.

    python benchmarks/retrieval/latency.py --cache CACHE --model FOLDER --scratch DIR [--chunks 10000 100000]

CACHE is what ``prepare.py`` made: its chunks are repeated, each copy with its vectors turned a little and its
words in another order of sentences, until there are enough. Searches go through the product's Retriever, its
embedder and an embedded Milvus, one after the other, with questions that were not asked before. Ingestion is
measured from chunks to searchable rows, with vectors of sentences and without, in CPU seconds of this
process, which also hold on a busy machine.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from labelled import Labelled
from numpy.typing import NDArray
from prepare import embedder_of
from signals import SETS

from muniment.ingest.embedding import embed_chunks
from muniment.protocols import Embedder, IndexSpec, ProviderContext, VectorStore
from muniment.providers.milvus import PROVIDER as MILVUS
from muniment.providers.milvus import MilvusOptions
from muniment.retrieve import Retriever
from muniment.types import Chunk, ChunkRow, Span

sys.path.append(str(Path(__file__).parents[1]))
from machine import describe

QUESTIONS, WARM, INGESTED, BATCH = 300, 20, 600, 128


class WithoutSentences:
    """An embedder that gives the vectors of ``inner`` and no others."""

    def __init__(self, inner: Embedder) -> None:
        self.dimension = inner.dimension
        self.embed_texts = inner.embed_texts


def rows(cache: Path, count: int) -> Iterator[ChunkRow]:
    """As many rows as asked for."""
    rng, made = np.random.default_rng(0), 0
    sets = [Labelled.load(cache / f"{name}.structure.json") for name in SETS]
    vectors = [np.load(cache / f"{name}.structure.npy") for name in SETS]
    sentences = [np.load(cache / f"{name}.structure.sentences.npz") for name in SETS]
    parts = [np.split(file["vectors"], np.cumsum(file["counts"])[:-1]) for file in sentences]
    while True:
        for one, own, split in zip(sets, vectors, parts, strict=True):
            for number, piece in enumerate(one.pieces):
                if made == count:
                    return
                made += 1
                lines = piece.text.split(". ")
                text = ". ".join(lines[i] for i in rng.permutation(len(lines)))
                chunk = Chunk(
                    made, text, piece.context, tuple(piece.headings), (Span(0, len(text)),), len(text) // 5
                )
                yield ChunkRow(
                    made,
                    f"{piece.document}-{made % 50}",
                    chunk,
                    turned(own[number][None], rng)[0],
                    {},
                    turned(split[number].astype(np.float32), rng) if len(split[number]) else None,
                )


def turned(vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors near the given ones."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    noise = rng.normal(size=vectors.shape, scale=0.4 / np.sqrt(vectors.shape[1]))
    moved = unit + noise
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


async def store_in(folder: Path) -> VectorStore:
    folder.mkdir(parents=True, exist_ok=True)
    store: VectorStore = await MILVUS.create(MilvusOptions(timeout_s=300), ProviderContext(folder))
    return store


async def searched(cache: Path, folder: Path, embedder: Embedder, count: int) -> dict[str, Any]:
    """Percentiles of ``QUESTIONS`` searches over ``count`` chunks."""
    store = await store_in(folder / f"search-{count}")
    index = await store.open(IndexSpec(f"latency_{count}", embedder.dimension, "m", "c"))
    batch: list[ChunkRow] = []
    for row in rows(cache, count):
        batch.append(row)
        if len(batch) == 512:
            await index.upsert(batch)
            batch = []
    await index.upsert(batch)
    await store.aclose()  # as after a restart: packed, from the snapshot
    store = await store_in(folder / f"search-{count}")
    index = await store.open(IndexSpec(f"latency_{count}", embedder.dimension, "m", "c"))
    retriever = Retriever(embedder, index, {})
    asked = [q for name in SETS for q in Labelled.load(cache / f"{name}.structure.json").questions.values()]
    chosen = np.random.default_rng(1).permutation(len(asked))[: QUESTIONS + WARM]
    wall, cpu = [], []
    for number in chosen:
        began, used = time.perf_counter(), time.process_time()
        await retriever.search(asked[number])
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    await store.aclose()
    return {
        "chunks": count,
        "wall ms": percentiles(wall[WARM:]),
        "CPU ms": percentiles(cpu[WARM:]),
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{p}": round(float(np.percentile(values, p)), 1) for p in (50, 95, 99)}


async def ingested(cache: Path, folder: Path, embedder: Embedder, *, sentences: bool) -> dict[str, float]:
    """Seconds from ``INGESTED`` chunks to searchable rows, embedding and writing apart."""
    source: Any = embedder if sentences else WithoutSentences(embedder)
    store = await store_in(folder / f"ingest-{sentences}")
    index = await store.open(IndexSpec("ingestion", embedder.dimension, "m", "c"))
    chunks = [row.chunk for row in rows(cache, INGESTED)]
    spent = {"embedding": 0.0, "writing": 0.0}
    began = time.perf_counter()
    for start in range(0, len(chunks), BATCH):
        part, used = chunks[start : start + BATCH], time.process_time()
        made = await embed_chunks(source, part)
        spent["embedding"] += time.process_time() - used
        used = time.process_time()
        triples = zip(part, made.vectors, made.sentences, strict=True)
        await index.upsert([ChunkRow(c.ordinal, "doc", c, v, {}, s) for c, v, s in triples])
        spent["writing"] += time.process_time() - used
    wall = time.perf_counter() - began
    await store.aclose()
    bytes_on_disk = sum(f.stat().st_size for f in (folder / f"ingest-{sentences}").rglob("*") if f.is_file())
    return {
        "embedding, CPU ms a chunk": round(spent["embedding"] * 1000 / INGESTED, 2),
        "writing, CPU ms a chunk": round(spent["writing"] * 1000 / INGESTED, 2),
        "wall ms a chunk": round(wall * 1000 / INGESTED, 2),
        "bytes on disk a chunk": round(bytes_on_disk / INGESTED),
    }


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "# Time of a search, and of ingestion",
        "",
        f"{results['machine']}; {results['date']}. Written by `latency.py`.",
        "",
        "| chunks | wall ms: p50 / p95 / p99 | CPU ms: p50 / p95 / p99 |",
        "| --- | --- | --- |",
    ]
    for one in results["search"]:
        cells = (" / ".join(str(v) for v in one[kind].values()) for kind in ("wall ms", "CPU ms"))
        lines.append(f"| {one['chunks']:,} | " + " | ".join(cells) + " |")
    plain, full = results["ingestion"]["plain"], results["ingestion"]["with sentences"]
    lines += ["", "| a chunk | plain | with sentences |", "| --- | --- | --- |"]
    lines += [f"| {name} | {plain[name]} | {full[name]} |" for name in plain]
    return "\n".join([*lines, ""])


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {"machine": describe(), "date": datetime.now(UTC).isoformat()[:16]}
    embedder = await embedder_of(arguments.model, arguments.cache)
    await embedder.embed_texts(["warm"])
    results["ingestion"] = {
        "plain": await ingested(arguments.cache, arguments.scratch, embedder, sentences=False),
        "with sentences": await ingested(arguments.cache, arguments.scratch, embedder, sentences=True),
    }
    results["search"] = [
        await searched(arguments.cache, arguments.scratch, embedder, count) for count in arguments.chunks
    ]
    await embedder.aclose()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="a folder that is empty")
    parser.add_argument("--chunks", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    results = asyncio.run(measure(arguments))
    (arguments.out / "latency.json").write_text(json.dumps(results, indent=1) + "\n")
    (arguments.out / "LATENCY.md").write_text(table(results))


if __name__ == "__main__":
    main()
