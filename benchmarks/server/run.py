"""Start to ready, memory, and latencies of a server with many chunks.

usage: run.py TEXT_FILE [TEXT_FILE ...] [--chunks 10000] [--data FOLDER] [--questions 200]

Cuts the text files into documents until there are about CHUNKS chunks, ingests them (FOLDER keeps the
result for another run), starts `muniment serve`, and measures from outside: seconds from the start of the
process to /v1/ready answering 200, resident memory then and at the end, searches and extractive answers over
HTTP with one client and with eight. The same searches in this process, without HTTP, stand beside them.
Writes results.json and RESULTS.md beside this file.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from machine import describe, installed_environment
from muniment.build import open_workspace
from muniment.settings import load_settings

HERE = Path(__file__).resolve().parent
WORDS_PER_DOCUMENT = 1000
CHUNKS_PER_DOCUMENT = 5.6
PORT = 18321


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.data or Path(scratch)
        questions = prepare(folder, arguments.texts, arguments.chunks, arguments.questions)
        subprocess.run(
            [sys.executable, "-m", "muniment", "ingest"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        results: dict[str, object] = {
            "machine": describe(),
            "at": datetime.now(UTC).isoformat(timespec="minutes"),
            **asyncio.run(measure_server(folder, questions)),
            **asyncio.run(measure_in_process(folder, questions)),
        }
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (HERE / "RESULTS.md").write_text(report(results))
    print(report(results))


def prepare(folder: Path, files: Sequence[Path], chunks: int, questions: int) -> list[str]:
    """Documents and settings in ``folder``, unless they are there; questions made of the texts' sentences."""
    material = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    docs = folder / "docs"
    if not docs.exists():
        docs.mkdir(parents=True)
        words = re.split(r"(?<=\s)", material)
        documents = round(chunks / CHUNKS_PER_DOCUMENT)
        step = max(1, (len(words) - WORDS_PER_DOCUMENT) // documents)
        for number in range(documents):
            body = "".join(words[number * step : number * step + WORDS_PER_DOCUMENT])
            (docs / f"{number:05d}.txt").write_text(f"Document {number}.\n\n{body}", encoding="utf-8")
    (folder / "muniment.yaml").write_text("data_dir: data\ncollections:\n  bench: {sources: docs}\n")
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", material) if 6 <= len(s.split()) <= 25]
    return [
        f"What is said about {s.rstrip('.')}?" for s in sentences[:: max(1, len(sentences) // questions)]
    ][:questions]


async def measure_server(folder: Path, questions: list[str]) -> dict[str, object]:
    """Everything that is seen from outside."""
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "muniment", "serve", "--port", str(PORT)],
        cwd=folder,
        env=installed_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=60) as client:
            await until_ready(client, server)
            ready_seconds = time.perf_counter() - started
            ready_mb = resident_mb(server.pid)
            status = (await client.get("/v1/collections/bench")).json()

            async def search(question: str) -> None:
                body = {"collection": "bench", "query": question, "limit": 8}
                (await client.post("/v1/search", json=body)).raise_for_status()

            async def answer(question: str) -> None:
                body = {"collection": "bench", "question": question}
                (await client.post("/v1/answers", json=body)).raise_for_status()

            return {
                "chunks": status["chunks"],
                "ready_seconds": round(ready_seconds, 2),
                "ready_mb": ready_mb,
                "search_1": await latencies(search, questions, 1),
                "search_8": await latencies(search, questions, 8),
                "answer_1": await latencies(answer, questions, 1),
                "end_mb": resident_mb(server.pid),
            }
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


async def until_ready(client: httpx.AsyncClient, server: "subprocess.Popen[bytes]") -> None:
    """Wait for /v1/ready to answer 200."""
    while server.poll() is None:
        try:
            if (await client.get("/v1/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.01)
    sys.exit(f"the server ended with {server.returncode}")


async def measure_in_process(folder: Path, questions: list[str]) -> dict[str, object]:
    """The same searches without HTTP."""
    workspace = await open_workspace(load_settings(folder / "muniment.yaml", {}), serving=False)
    try:

        async def search(question: str) -> None:
            await workspace.search("bench", question, limit=8)

        return {"search_in_process": await latencies(search, questions, 1)}
    finally:
        await workspace.aclose()


async def latencies(
    ask: Callable[[str], Awaitable[None]], questions: Sequence[str], clients: int
) -> dict[str, float]:
    """p50 and p95 in milliseconds, after ten to warm up; each client asks one question after the other."""
    for question in questions[:10]:
        await ask(question + " ")
    waiting, spent = list(reversed(questions)), []

    async def client() -> None:
        while waiting:
            question = waiting.pop()
            started = time.perf_counter()
            # The number of clients in the text: no query is answered from the cache of an earlier pass.
            await ask(f"{question} {clients}")
            spent.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(client() for _ in range(clients)))
    cuts = quantiles(spent, n=100)
    return {"p50_ms": round(cuts[49], 1), "p95_ms": round(cuts[94], 1)}


def resident_mb(pid: int) -> int:
    """Resident memory of the server process (Linux; 0 elsewhere)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGESIZE") // 1_000_000


def report(results: dict[str, object]) -> str:
    """The results as Markdown."""

    def both(name: str) -> str:
        value = results[name]
        assert isinstance(value, dict)
        return f"{value['p50_ms']} / {value['p95_ms']}"

    return "\n".join(
        [
            "# Server",
            "",
            f"{results['machine']}; {results['at']}; {results['chunks']} chunks of all-MiniLM-L6-v2.",
            "",
            "| | measured | promised |",
            "| --- | --- | --- |",
            f"| start of the process to ready, s | {results['ready_seconds']} | 3 |",
            f"| resident MB when ready / at the end | {results['ready_mb']} / {results['end_mb']} | 500 |",
            f"| search over HTTP, 1 client, p50 / p95 ms | {both('search_1')} | 20 |",
            f"| the same search in the process, p50 / p95 ms | {both('search_in_process')} | |",
            f"| search over HTTP, 8 clients, p50 / p95 ms | {both('search_8')} | |",
            f"| extractive answer over HTTP, 1 client, p50 / p95 ms | {both('answer_1')} | 60 |",
            "",
            "Made by `benchmarks/server/run.py`. Every query is new to the query cache.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
