"""How long a search of the vector store takes, and what the store costs.

Inserts chunks made of windows of real texts with random unit vectors, closes and reopens the
database in a fresh process, and measures searches in process: through the resident index (the
default), and by Milvus Lite itself with FAISS on one OpenMP thread and on as many as there are cores.

    python benchmarks/search/search.py --texts FOLDER [--rows 10000] [--dimension 384] [--out DIR]

FOLDER holds corpus.jsonl files (one object with "text" a line), at any depth.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from muniment.protocols import IndexSpec, ProviderContext
from muniment.types import Box, Chunk, ChunkRow, Comparison, Operator, SearchMode, Span, VectorQuery

TOKENS = 180
BATCH = 128


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def words_of(folder: Path) -> list[str]:
    words: list[str] = []
    for path in sorted(folder.rglob("corpus.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                words += json.loads(line)["text"].split()
    if len(words) < 10 * TOKENS:
        raise SystemExit(f"{folder} holds too little text in corpus.jsonl files")
    return words


def row(number: int, words: list[str], vector: np.ndarray, rng: random.Random) -> ChunkRow:
    start = rng.randrange(len(words) - TOKENS)
    text = " ".join(words[start : start + TOKENS])
    document, ordinal = divmod(number, 50)
    page = ordinal // 4 + 1
    half = len(text) // 2
    spans = (
        Span(0, half, page, Box(72.0, 100.5, 523.2, 340.8)),
        Span(half, len(text), page, Box(72, 350, 523, 600)),
    )
    chunk = Chunk(ordinal, text, f"Document {document} > Chapter {page}", ("Chapter",), spans, 240)
    return ChunkRow(
        number * 7919 + 5, f"d{document}", chunk, vector, {"lang": "en", "team": f"t{document % 7}"}
    )


def vectors(rows: int, dimension: int) -> np.ndarray:
    made = np.random.default_rng(0).standard_normal((rows, dimension), dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


async def insert(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from muniment.providers.milvus import PROVIDER, MilvusOptions

    words, made, rng = (
        words_of(arguments.texts),
        vectors(arguments.rows, arguments.dimension),
        random.Random(0),
    )
    store = await PROVIDER.create(MilvusOptions(), ProviderContext(folder))
    index = await store.open(IndexSpec("bench", arguments.dimension, "model", "chunker"))
    spent = 0.0
    for start in range(0, arguments.rows, BATCH):
        batch = [row(n, words, made[n], rng) for n in range(start, min(arguments.rows, start + BATCH))]
        begun = time.perf_counter()
        await index.upsert(batch)
        spent += time.perf_counter() - begun
    begun = time.perf_counter()
    await store.aclose()
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "insert_rows_per_s": round(arguments.rows / spent),
        "close_s": round(time.perf_counter() - begun, 2),
        "disk_mb": round(disk / 1e6, 1),
    }


async def searches(index: Any, queries: list[VectorQuery], at_once: int) -> list[float]:
    """Milliseconds of each query, ``at_once`` of them in flight."""
    waiting, spent = iter(queries), []

    async def worker() -> None:
        for query in waiting:
            begun = time.perf_counter()
            await index.search(query)
            spent.append((time.perf_counter() - begun) * 1000)

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return sorted(spent)


async def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Runs in a process of its own, so that memory and start time are the store's alone."""
    before = resident_mb()
    begun = time.perf_counter()
    from muniment.providers.milvus import PROVIDER, MilvusOptions, connection

    if arguments.omp:
        connection.AT_IMPORT["OMP_NUM_THREADS"] = str(arguments.omp)
    store = await PROVIDER.create(
        MilvusOptions(search_by=arguments.search_by, fusion=arguments.fusion, timeout_s=300),
        ProviderContext(folder),
    )
    index = await store.open(IndexSpec("bench", arguments.dimension, "model", "chunker"))
    result: dict[str, Any] = {
        "open_s": round(time.perf_counter() - begun, 2),
        "open_mb": round(resident_mb() - before),
    }
    words, made, rng = (
        words_of(arguments.texts),
        vectors(arguments.rows, arguments.dimension),
        random.Random(1),
    )
    for mode in SearchMode:
        for filtered in (False, True):
            condition = Comparison("team", Operator.EQ, "t3") if filtered else None
            for at_once in (1,) if filtered else (1, 8):
                count = arguments.queries
                if arguments.search_by == "milvus":
                    # Its filters on JSON turn the whole table into Python objects for each search.
                    count = 3 if filtered else arguments.queries // 5
                queries = []
                for _ in range(count + 1):
                    start = rng.randrange(len(words) - 12)
                    near = made[rng.randrange(len(made))]
                    question = " ".join(words[start : start + 12])
                    queries.append(VectorQuery(mode, 8, question, near, condition))
                await searches(index, queries[:1], 1)
                spent = await searches(index, queries[1:], at_once)
                name = f"{mode.value}{' filtered' if filtered else ''}, {at_once} at once"
                result[name] = {
                    "p50_ms": round(statistics.median(spent), 1),
                    "p95_ms": round(spent[int(len(spent) * 0.95)], 1),
                }
    await store.aclose()
    return result


def machine() -> dict[str, Any]:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next((x.split(":")[1].strip() for x in info.read_text().splitlines() if "model name" in x), cpu)
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": [round(x, 2) for x in os.getloadavg()],
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in ("pymilvus", "milvus-lite", "faiss-cpu", "numpy")},
    }


def table(results: dict[str, Any], rows: int, dimension: int) -> str:
    """The results as Markdown."""
    made, at = results["machine"], results["variants"]
    names = [name for name in next(iter(at.values())) if "at once" in name]
    head = [
        f"# Search of {rows:,} chunks x {dimension}",
        "",
        f"{made['cpu']}, {made['cores']} cores, load before {made['load_before'][0]}; {made['date']}; "
        + ", ".join(f"{k} {v}" for k, v in made["versions"].items())
        + ". In process, limit 8; p50 / p95 in ms. Written by `search.py`.",
        "",
        "| | " + " | ".join(at) + " |",
        "| --- |" + " --- |" * len(at),
    ]
    body = [
        f"| {n} | " + " | ".join(f"{v[n]['p50_ms']} / {v[n]['p95_ms']}" for v in at.values()) + " |"
        for n in names
    ]
    cost = [
        "| open, imports of pymilvus included | "
        + " | ".join(f"{v['open_s']} s, {v['open_mb']} MB" for v in at.values())
        + " |"
    ]
    i = results["insert"]
    tail = [
        "",
        f"Insertion {i['insert_rows_per_s']} rows/s (batches of {BATCH}), closing {i['close_s']} s "
        f"(writes out, builds HNSW, writes the snapshot), {i['disk_mb']} MB on disk.",
        "",
    ]
    return "\n".join([*head, *body, *cost, *tail])


VARIANTS = {
    "resident (default)": ["--search-by", "resident"],
    "Milvus Lite, 1 thread": ["--search-by", "milvus", "--omp", "1"],
    "Milvus Lite, 1 thread, RRF in one call": ["--search-by", "milvus", "--omp", "1", "--fusion", "rrf"],
    "Milvus Lite, all threads": ["--search-by", "milvus", "--omp", str(os.cpu_count() or 1)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--search-by", default="", help=argparse.SUPPRESS)
    parser.add_argument("--fusion", default="zscore", help=argparse.SUPPRESS)
    parser.add_argument("--omp", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        sys.stdout.write(json.dumps(asyncio.run(measure(arguments.folder, arguments))))
        return
    results: dict[str, Any] = {"machine": machine(), "rows": arguments.rows, "dimension": arguments.dimension}
    with tempfile.TemporaryDirectory() as folder:
        results["insert"] = asyncio.run(insert(Path(folder), arguments))
        results["variants"] = {}
        for name, extra in VARIANTS.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--folder", folder, *extra]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            results["variants"][name] = json.loads(output)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (arguments.out / "RESULTS.md").write_text(table(results, arguments.rows, arguments.dimension))


if __name__ == "__main__":
    main()
