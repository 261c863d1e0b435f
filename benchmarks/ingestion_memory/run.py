"""Whether memory stays flat however many PDFs are ingested, and how quick each stage is.

Repeats the PDF files found below DATA in turn until there are enough, each made a document of its own by a
trailing comment, and ingests them with the ordinary command line: real parser, real embedding model, Milvus
Lite. The memory of all its processes is sampled meanwhile; every quarter of the documents holds the same
files in the same order, so that the last quarter can be compared with the second: in the first, models are
loaded and caches filled. A stage's pages a second are pages over the time in which the stage had work in
progress; stages overlap, so that the run is as quick as the slowest of them at best. Linux only.

    python benchmarks/ingestion_memory/run.py FOLDER… --documents 1000
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "src")]

from machine import describe

STAGES = {
    "fetch": ("muniment.ingest.reader", "Reader", "_fetch"),
    "parse": ("muniment.providers.docling", "DoclingParser", "parse"),
    "keep": ("muniment.ingest.kept_files", "KeptFiles", "save_parsed"),
    "chunk": ("muniment.providers.structure_chunker", "StructureChunker", "chunk"),
    "embed": ("muniment.providers.encoder.embedder", "EncoderEmbedder", "embed_passages"),
    "write": ("muniment.providers.milvus.index", "MilvusIndex", "upsert"),
    "settle": ("muniment.ingest.settling", "Settling", "settle"),
}
SAMPLE_S = 0.2
MB = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="*", help="folders with PDF files")
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--max-pages", type=int, default=15, help="longer files are left out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--recycle-after", type=int, default=500, help="`parser.recycle_after`")
    parser.add_argument("--work", type=Path, default=Path("memory-benchmark"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--timed", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.timed:
        run_timed(arguments.timed)
        return
    work = arguments.work.absolute()
    shutil.rmtree(work, ignore_errors=True)
    (work / "docs").mkdir(parents=True)
    found = sources(arguments.data, arguments.max_pages)
    pages = vary(found, work / "docs", arguments.documents)
    parsing = {"provider": "docling", "workers": arguments.workers, "recycle_after": arguments.recycle_after}
    settings = {"data_dir": "data", "collections": {"docs": {"sources": "docs"}}, "parser": parsing}
    (work / "muniment.yaml").write_text(json.dumps(settings))
    machine = describe()
    measured = measure(work, arguments.documents)
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine,
        "load_after": round(os.getloadavg()[0], 1),
        "python": sys.version.split()[0],
        "files": len(found),
        "workers": arguments.workers,
        "recycle_after": arguments.recycle_after,
        "pages": pages,
        **measured,
    }
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "RESULTS.md").write_text(report(results))


def sources(folders: list[Path], max_pages: int) -> list[tuple[Path, int]]:
    """PDF files that can be opened, with their pages."""
    import pypdfium2

    found = []
    for path in sorted(path for folder in folders for path in folder.rglob("*.pdf")):
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError:
            continue
        if len(document) <= max_pages:
            found.append((path, len(document)))
        document.close()
    return found


def vary(found: list[tuple[Path, int]], target: Path, documents: int) -> int:
    """Write so many documents, each of the files in turn with a comment of its own; pages of all."""
    pages = 0
    for number in range(documents):
        path, count = found[number % len(found)]
        data = path.read_bytes() + f"\n% copy {number}\n".encode()
        (target / f"{number:06}-{path.name}").write_bytes(data)
        pages += count
    return pages


def measure(work: Path, documents: int) -> dict[str, Any]:
    """Ingest, and sample the memory of all processes by how many documents had ended."""
    stages = work / "stages.json"
    command = [sys.executable, str(Path(__file__).resolve()), "--timed", str(stages)]
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    samples: list[tuple[int, int, int]] = []
    began = time.monotonic()
    with (work / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=work, env=os.environ | paths, stdout=log, stderr=log)
        while process.poll() is None:
            ours, workers = memory(process.pid)
            samples.append((ended(work / "data" / "catalog.db"), ours, workers))
            time.sleep(SAMPLE_S)
    seconds = time.monotonic() - began
    if process.returncode not in (0, 3):
        raise SystemExit((work / "log").read_text()[-2000:])
    quarters = [peaks(samples, documents, number) for number in range(4)]
    return {
        "documents": ended(work / "data" / "catalog.db"),
        "done": ended(work / "data" / "catalog.db", "state = 'done'"),
        "seconds": round(seconds, 1),
        "quarters": quarters,
        "last_to_second": round(quarters[3]["all_mb"] / quarters[1]["all_mb"], 3),
        "stages": json.loads(stages.read_text()),
    }


def peaks(samples: list[tuple[int, int, int]], documents: int, number: int) -> dict[str, float]:
    """The most memory in one quarter of the documents."""
    low, high = documents * number / 4, documents * (number + 1) / 4
    inside = [(ours, workers) for done, ours, workers in samples if low <= done < high]
    return {
        "all_mb": round(max(ours + workers for ours, workers in inside) / MB, 1),
        "main_mb": round(max(ours for ours, _ in inside) / MB, 1),
        "workers_mb": round(max(workers for _, workers in inside) / MB, 1),
    }


def memory(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, and of all that it started."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    below = {pid}
    while more := {one for one, parent in parents.items() if parent in below} - below:
        below |= more
    return resident(pid), sum(resident(one) for one in below - {pid})


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def ended(catalog: Path, which: str = "true") -> int:
    """How many documents the catalog has."""
    try:
        with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM documents WHERE {which}").fetchone()[0])
    except sqlite3.Error:
        return 0


# -- in the process that ingests


def run_timed(target: Path) -> None:
    """Ingest, and write down for how many seconds each stage had work in progress."""
    from muniment.cli.main import main as command_line

    clocks = {stage: Clock() for stage in STAGES}
    for stage, (module, owner, name) in STAGES.items():
        holder = getattr(import_module(module), owner)
        timed = clocks[stage].around_sync if stage == "chunk" else clocks[stage].around
        setattr(holder, name, timed(getattr(holder, name)))
    sys.argv = ["muniment", "ingest"]
    try:
        command_line()
    finally:
        target.write_text(json.dumps({stage: round(clock.seconds, 2) for stage, clock in clocks.items()}))


class Clock:
    """Runs while at least one call is in progress."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._running = 0
        self._since = 0.0

    def around(self, step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(step)
        async def timed(*arguments: Any, **named: Any) -> Any:
            self._begin()
            try:
                return await step(*arguments, **named)
            finally:
                self._end()

        return timed

    def around_sync(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        def timed(*arguments: Any, **named: Any) -> Any:
            self._begin()
            try:
                return step(*arguments, **named)
            finally:
                self._end()

        return timed

    def _begin(self) -> None:
        if not self._running:
            self._since = time.monotonic()
        self._running += 1

    def _end(self) -> None:
        self._running -= 1
        if not self._running:
            self.seconds += time.monotonic() - self._since


def report(results: dict[str, Any]) -> str:
    """The results for people."""
    pages, seconds = results["pages"], results["seconds"]
    lines = [
        "# Memory while many PDFs are ingested",
        "",
        f"{results['date']}; {results['machine']}, load {results['load_after']} at the end; "
        f"Python {results['python']}.",
        "",
        f"{results['documents']} documents of {pages} pages, made of {results['files']} files in turn; "
        f"{results['done']} could be read. {results['workers']} parser processes, replaced after "
        f"{results['recycle_after']} documents. The run took {seconds} s: {pages / seconds:.1f} pages/s.",
        "",
        "| peak of resident memory, MB | all processes | main process | parser processes |",
        "|---|---:|---:|---:|",
    ]
    for number, quarter in enumerate(results["quarters"], 1):
        cells = " | ".join(str(quarter[key]) for key in ("all_mb", "main_mb", "workers_mb"))
        lines.append(f"| quarter {number} | {cells} |")
    lines += [
        "",
        f"The last quarter's peak is {results['last_to_second']:.3f} of the second's.",
        "",
        "| stage | seconds with work in progress | pages/s |",
        "|---|---:|---:|",
    ]
    for stage, busy in results["stages"].items():
        rate = f"{pages / busy:,.0f}" if busy else "-"
        lines.append(f"| {stage} | {busy} | {rate} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
