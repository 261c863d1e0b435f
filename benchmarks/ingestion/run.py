"""How fast documents become searchable, and how much of the engine's own speed ingestion keeps.

usage: run.py TEXT_FILE [TEXT_FILE …] [--pdf FILE] [--documents 600] [--words 1000]

Cuts the text files into documents of WORDS words, then measures in the same run, one after the other:
the engine alone on exactly the chunks that ingestion makes; ingestion of the documents into an empty
data directory; a second run with nothing changed; and, with --pdf, one PDF from file to searchable with
the peak memory of all processes. Writes results.json and RESULTS.md beside this file.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from machine import describe
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.protocols import SentenceEmbedder
from muniment.settings import load_settings
from muniment.types import Run, RunEvent, RunProgress, RunState

HERE = Path(__file__).resolve().parent
SETTINGS = "data_dir: data\ncollections:\n  bench: {sources: docs}\n"


def main() -> None:
    """Measure and write the results."""
    arguments = parse_arguments()
    results: dict[str, object] = {
        "machine": describe(),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "words_per_document": arguments.words,
    }
    with tempfile.TemporaryDirectory() as scratch:
        texts = Path(scratch, "texts")
        (texts / "docs").mkdir(parents=True)
        (texts / "muniment.yaml").write_text(SETTINGS)
        results["documents"] = cut(arguments.texts, texts / "docs", arguments.documents, arguments.words)
        results |= asyncio.run(measure_texts(texts))
        if arguments.pdf:
            folder = Path(scratch, "pdf")
            (folder / "docs").mkdir(parents=True)
            (folder / "muniment.yaml").write_text(SETTINGS)
            (folder / "docs" / "document.pdf").write_bytes(arguments.pdf.read_bytes())
            results["pdf"] = {"file": arguments.pdf.name, **measure_command(folder)}
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (HERE / "RESULTS.md").write_text(report(results))
    print(report(results))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--pdf", type=Path)
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--words", type=int, default=1000)
    return parser.parse_args()


def cut(files: list[Path], target: Path, documents: int, words: int) -> int:
    """Write ``documents`` text files of ``words`` words; each starts at another place of the material."""
    material = re.split(r"(?<=\s)", "\n\n".join(file.read_text(encoding="utf-8") for file in files))
    step = max(1, (len(material) - words) // documents)
    for number in range(documents):
        start = number * step
        text = f"Document {number}.\n\n" + "".join(material[start : start + words])
        (target / f"{number:05d}.txt").write_text(text, encoding="utf-8")
    return documents


async def measure_texts(folder: Path) -> dict[str, object]:
    """Ingestion of the text documents, the engine alone on their chunks, and a run with nothing to do."""
    workspace = await open_workspace(load_settings(folder / "muniment.yaml", {}), serving=False)
    try:
        runtime = workspace._parts.runtime("bench")
        await runtime.embedder.embed_texts(["warm up"] * 64)
        before = cpu_seconds()
        run = await ended(workspace.ingest("bench", trigger="benchmark"))
        ingest_cpu = cpu_seconds() - before
        texts = await embedding_texts(workspace)
        started = time.perf_counter()
        await runtime.embedder.embed_texts(texts)
        plain_seconds = time.perf_counter() - started
        assert isinstance(runtime.embedder, SentenceEmbedder)
        started, before = time.perf_counter(), cpu_seconds()
        await runtime.embedder.embed_passages(texts, [0] * len(texts))
        engine_seconds, engine_cpu = time.perf_counter() - started, cpu_seconds() - before
        unchanged = await ended(workspace.ingest("bench", trigger="benchmark"))
    finally:
        await workspace.aclose()
    ingestion, engine = run.chunks / run.seconds, len(texts) / engine_seconds
    return {
        "chunks": run.chunks,
        "ingest_seconds": run.seconds,
        "ingest_chunks_per_s": round(ingestion, 1),
        "engine_chunks_per_s": round(engine, 1),
        "engine_without_sentences_chunks_per_s": round(len(texts) / plain_seconds, 1),
        "share_of_engine": round(ingestion / engine, 3),
        "ingest_cpu_s": round(ingest_cpu, 1),
        "engine_cpu_s": round(engine_cpu, 1),
        "share_of_engine_by_cpu": round(engine_cpu / ingest_cpu, 3),
        "cpu_ms_per_document_beside_engine": round(1000 * (ingest_cpu - engine_cpu) / run.done, 1),
        "unchanged_documents": unchanged.unchanged,
        "unchanged_seconds": unchanged.seconds,
    }


def cpu_seconds() -> float:
    """CPU time of this process and of its parser processes, ended ones too, in seconds (Linux)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + ended.ru_utime + ended.ru_stime
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            own += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own


async def ended(events: AsyncIterator[RunEvent]) -> Run:
    """The run when it has ended."""
    last: Run | None = None
    async for event in events:
        if isinstance(event, RunProgress):
            last = event.run
    if last is None or last.state is not RunState.DONE or last.failed:
        sys.exit(f"the run did not end well: {last}")
    return last


async def embedding_texts(workspace: LocalWorkspace) -> list[str]:
    """What ingestion embedded, read back from the store in the order of its documents."""
    index = workspace._parts.runtime("bench").open_index()
    rows = await index.get(sorted(await index.ids()))
    return [row.chunk.embedding_text for row in rows]


def measure_command(folder: Path) -> dict[str, object]:
    """`muniment ingest` as a whole process, its workers' memory included."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "muniment", "ingest", "--json"], cwd=folder, stdout=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, tree_kilobytes(process.pid))
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        sys.exit(f"ingestion ended with {process.returncode}")
    return {"seconds": round(seconds, 1), "peak_mb_all_processes": round(peak / 1024)}


def tree_kilobytes(pid: int) -> int:
    """Resident memory of a process and all below it, from /proc (Linux)."""
    total, waiting = 0, [pid]
    while waiting:
        current = Path("/proc", str(waiting.pop()))
        try:
            status = (current / "status").read_text()
            total += int(re.search(r"VmRSS:\s+(\d+)", status).group(1))  # type: ignore[union-attr]
            for children in current.glob("task/*/children"):
                waiting += map(int, children.read_text().split())
        except (OSError, AttributeError):
            continue
    return total


def report(results: dict[str, object]) -> str:
    """The results as Markdown."""
    lines = [
        "# Ingestion",
        "",
        f"{results['machine']}; {results['at']}.",
        "",
        "| | measured | promised |",
        "| --- | --- | --- |",
        f"| text documents of {results['words_per_document']} words | {results['documents']}, "
        f"{results['chunks']} chunks | |",
        f"| ingestion, chunks/s (parsing, chunking, writing included) | {results['ingest_chunks_per_s']} | |",
        "| the engine alone on the same chunks and their sentences, chunks/s | "
        f"{results['engine_chunks_per_s']} | |",
        "| the engine alone on the chunks, without vectors of sentences, chunks/s | "
        f"{results['engine_without_sentences_chunks_per_s']} | |",
        f"| share of the engine's own throughput | {results['share_of_engine']:.0%} | 85% |",
        f"| the same by CPU time, which others at work on the machine change less | "
        f"{results['share_of_engine_by_cpu']:.0%} | |",
        "| CPU of everything beside the engine, ms a document | "
        f"{results['cpu_ms_per_document_beside_engine']} | |",
        f"| a second run, nothing changed, s | {results['unchanged_seconds']} | |",
    ]
    pdf = results.get("pdf")
    if isinstance(pdf, dict):
        lines += [
            f"| {pdf['file']}, command start to searchable, s | {pdf['seconds']} | 30 |",
            f"| the same, peak memory of all processes, MB | {pdf['peak_mb_all_processes']} | 1500 |",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
