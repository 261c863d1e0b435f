"""One engine in its own process: embeds what it is told and writes vectors and times.

usage: engine.py ENGINE WEIGHTS JOB.json OUT.npz THREADS
ENGINE: st-<batch size> (sentence-transformers) or muniment-<precision>
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np

Embed = Callable[[list[str]], np.ndarray]


def sentence_transformers(weights: str, batch: int, threads: int) -> Embed:
    """PyTorch, float32."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(weights, device="cpu")
    return lambda texts: model.encode(texts, batch_size=batch, normalize_embeddings=True)


def muniment(weights: str, precision: str, threads: int) -> Embed:
    """The built-in engine."""
    from muniment.protocols import ProviderContext
    from muniment.providers.encoder import PROVIDER

    options = PROVIDER.options(path=weights, precision=precision, threads=threads)
    context = ProviderContext(Path(tempfile.mkdtemp()), "measured")
    embedder = asyncio.run(PROVIDER.create(options, context))
    return lambda texts: asyncio.run(embedder.embed_texts(texts))


def resident_mb() -> float:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's peak too
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def main() -> None:
    """Embed the job and write times and vectors."""
    engine, weights, job_file, out, threads = sys.argv[1:]
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    kind, _, variant = engine.partition("-")
    bare = resident_mb()
    started = time.perf_counter()
    if kind == "st":
        embed = sentence_transformers(weights, int(variant), int(threads))
    else:
        embed = muniment(weights, variant, int(threads))
    load_s = time.perf_counter() - started
    embed(job["passages"][:8])
    started, cpu = time.perf_counter(), time.process_time()
    vectors = embed(job["passages"])
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    one_by_one = []
    for query in job["latency_queries"]:
        started = time.perf_counter()
        embed([query])
        one_by_one.append(time.perf_counter() - started)
    times = np.array([load_s, wall_s, cpu_s, np.median(one_by_one), bare, resident_mb()])
    sets = {name: embed(texts) for name, texts in job["sets"].items()}
    np.savez(out, times=times, passages=vectors, **sets)


if __name__ == "__main__":
    main()
