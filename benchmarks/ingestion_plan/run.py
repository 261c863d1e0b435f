"""What a second run costs when nothing, or little, has changed; and what planning costs at ten million.

The first part runs the ordinary command line on a folder of text files, with a Milvus Lite store and a
SQLite catalog. Parser and embedding model are the fakes: a run that changes nothing uses neither, and
planning reads no file. The second part fills a catalog and a listing of a million and of ten million
documents, in a process of its own, and plans. What is not measured this time (``--documents 0``, or a size
that ``--scale`` does not name) stays as results.json has it, with the date of its own measurement.

    python benchmarks/ingestion_plan/run.py --work plan-benchmark --documents 10000 --scale 1000000
    python benchmarks/ingestion_plan/run.py --documents 0 --scale 10000000
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from machine import describe, installed_environment

BUSY_LOAD = 1.5
"""Above this, others were at work too: the program itself keeps about one core busy."""

WORDS = "pump oil valve leave travel train allowance controller march day year employee rule safety".split()
SETTINGS = """data_dir: data
collections:
  docs: {sources: docs, embedding_model: fake}
parser: {provider: fake}
embedding_models: {fake: {provider: fake, dimension: 64}}
default_embedding_model: fake
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("plan-benchmark"))
    parser.add_argument("--documents", type=int, default=10_000, help="in the folder; 0: not this part")
    parser.add_argument("--scale", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--keep", action="store_true", help="the work folder is filled already")
    parser.add_argument("--simulate", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.simulate:
        print(json.dumps(asyncio.run(simulate(arguments.work, arguments.simulate))))
        return
    if not arguments.keep:
        shutil.rmtree(arguments.work, ignore_errors=True)
    results = measured_before(arguments.out / "results.json")
    if arguments.documents:
        runs = folder_runs(arguments.work, arguments.documents, keep=arguments.keep)
        results["folder"] = {**circumstances(), "documents": arguments.documents, "runs": runs}
    scale = {one["documents"]: one for one in results["scale"]}
    for count in arguments.scale:
        scale[count] = {**scaled(arguments.work, count), **circumstances()}
    results["scale"] = [scale[count] for count in sorted(scale)]
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "RESULTS.md").write_text(report(results))


def measured_before(path: Path) -> dict[str, Any]:
    """The results of earlier calls; some of them are measured again, the others stay."""
    return json.loads(path.read_text()) if path.exists() else {"folder": None, "scale": []}


def circumstances() -> dict[str, str | float]:
    """When and on what something was measured; taken when it ends, so that the load is that of the time."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": describe(),
        "python": sys.version.split()[0],
        "load_after": round(os.getloadavg()[0], 1),
    }


# -- a folder, through the command line


def folder_runs(work: Path, documents: int, *, keep: bool) -> list[dict[str, object]]:
    docs = work / "docs"
    for number in range(0 if keep else documents):
        path = docs / f"{number // 100:03d}" / f"{number:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(number))
    (work / "muniment.yaml").write_text(SETTINGS)
    measured = [timed(work, "everything is new" if not keep else "nothing changed", "apply")]
    measured += [timed(work, "nothing changed", "apply") for _ in range(3)]
    for changed in (10, 100):
        for number in range(changed):
            path = docs / f"{number // 100:03d}" / f"{number:06d}.txt"
            path.write_text(text(number + documents * changed))
        measured.append(timed(work, f"{changed} changed", "apply"))
    for number in range(10):
        path = docs / f"{number // 100:03d}" / f"{number:06d}.txt"
        path.rename(path.with_suffix(".md"))
    measured.append(timed(work, "10 renamed", "apply"))
    measured.append(timed(work, "plan only, nothing to do", "plan"))
    return measured


def text(number: int) -> str:
    words = [WORDS[(number * 7 + at * at) % len(WORDS)] for at in range(60)]
    return f"Document {number}. " + " ".join(words)


def timed(work: Path, what: str, command: str) -> dict[str, object]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = {**installed_environment(), "PYTHONPATH": str(ROOT / "src")}
    program = [sys.executable, "-m", "muniment", command, "docs", "--json"]
    done = subprocess.run(program, cwd=work, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    run = answer["runs"][0] if command == "apply" else {}
    return {
        "what": what,
        "process_s": round(seconds, 2),
        "process_cpu_s": round(cpu, 2),
        "run_s": round(run.get("seconds", 0.0), 2),
        "done": run.get("done", 0),
        "unchanged": run.get("unchanged", answer.get("plans", [{"plan": {}}])[0]["plan"].get("unchanged", 0))
        if command == "plan"
        else run["unchanged"],
    }


# -- a catalog and a listing, filled directly


def scaled(work: Path, documents: int) -> dict[str, object]:
    program = [sys.executable, __file__, "--work", str(work / "scale"), "--simulate", str(documents)]
    environment = {**installed_environment(), "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(work / "scale", ignore_errors=True)
    assert done.returncode == 0, done.stderr
    values: dict[str, object] = json.loads(done.stdout)
    return values


async def simulate(work: Path, documents: int) -> dict[str, object]:
    """Plan over a catalog that knows all but every 1,000th of the files listed; every 500th changed."""
    from muniment.catalog import Catalog
    from muniment.ingest.estimate import MeasuredRate
    from muniment.ingest.planner import Declared, make_plan
    from muniment.ingest.spool import Spool
    from muniment.ingest.spooled_plan import shard_parts

    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    catalog = Catalog.open(f"sqlite:///{work / 'catalog.db'}")
    fill(work / "catalog.db", documents)
    spool = Spool(work / "spool.db")
    before = peak_mb()
    declared = Declared("docs", "benchmark", "fake-1", 384, MeasuredRate(100.0, "given"))
    started, cpu = time.perf_counter(), time.process_time()
    plan = await make_plan(spool, [Listing(documents)], catalog.known.by_uri("docs", 1), declared, "now")
    planned, cpu = time.perf_counter() - started, time.process_time() - cpu
    started = time.perf_counter()
    parts = shard_parts(spool, 64)
    sharded = time.perf_counter() - started
    spool.close()
    return {
        "documents": documents,
        "changes": plan.changes,
        "unchanged": plan.unchanged,
        "catalog_mb": round((work / "catalog.db").stat().st_size / 1e6),
        "spool_mb": round((work / "spool.db").stat().st_size / 1e6),
        "plan_s": round(planned, 1),
        "plan_cpu_s": round(cpu, 1),
        "memory_before_mb": round(before),
        "memory_peak_mb": round(peak_mb()),
        "shards": 64,
        "shards_s": round(sharded, 2),
        "smallest_shard": min(part.documents for part in parts),
        "largest_shard": max(part.documents for part in parts),
    }


def fill(path: Path, documents: int) -> None:
    """Write documents past the catalog's own way of writing them one by one."""
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(documents)")]
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))

    def rows() -> object:
        for number in range(documents):
            if number % 1000 == 1:
                continue
            digest = f"{number:064x}"
            known = {
                "collection": "docs",
                "generation": 1,
                "uri": uri(number),
                "name": name(number),
                "document_id": f"doc_{digest[-24:]}",
                "content_hash": digest,
                "version": version(number, changed=False),
                "size": 40_000,
                "state": "done",
                "origin": "source",
                "parser": "fake-1",
                "pages": 10,
                "chunks": 40,
                "metadata": "{}",
                "notes": "[]",
                "updated_at": "2026-01-01T00:00:00.000Z",
                "file_id": f"file-{digest[-32:]}",
            }
            yield tuple(known.get(column, "") for column in columns)

    connection.executemany(f"INSERT INTO documents ({names}) VALUES ({marks})", rows())
    connection.commit()
    connection.close()


def name(number: int) -> str:
    return f"department-{number // 100_000:04d}/{number // 1000:06d}/document-{number:09d}.pdf"


def uri(number: int) -> str:
    return f"s3://company-documents/archive/{name(number)}"


def version(number: int, *, changed: bool) -> str:
    return f"{'f' if changed else 'e'}{number:031x}"


class Listing:
    """A source that lists what is not there."""

    def __init__(self, documents: int) -> None:
        self._documents = documents

    async def list(self) -> AsyncIterator[object]:
        from muniment.types import SourceFile

        for number in range(self._documents):
            changed = number % 500 == 2
            yield SourceFile(uri(number), name(number), 40_000, version(number, changed=changed))

    async def check(self) -> None:
        pass

    async def fetch(self, file: object, target: Path) -> None:
        raise AssertionError("planning reads no file")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- report


def report(results: dict[str, Any]) -> str:
    lines = ["# Planning and running again", ""]
    folder = results["folder"]
    if folder is not None:
        lines += [
            f"{told(folder)}.{remark(folder)}",
            "",
            f"{folder['documents']:,} text files in a local folder, Milvus Lite, SQLite; fake parser and",
            "embedding model, which a run that changes nothing does not use. `process` is the whole",
            "command, start included; `run` is what the run itself reports. Made by",
            "`benchmarks/ingestion_plan/run.py`.",
            "",
            "| | process, s | of its CPU, s | run, s | ingested | unchanged |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for run in folder["runs"]:
            lines.append(
                f"| {run['what']} | {run['process_s']} | {run['process_cpu_s']} | {run['run_s']} "
                f"| {run['done']} | {run['unchanged']} |"
            )
        lines.append("")
    lines += [
        "Simulated: a catalog and a listing of so many documents, 3 in 1,000 of them new or changed.",
        "",
        "| documents | changes | catalog, MB | spool, MB | plan, s | of its CPU, s "
        "| memory before, MB | peak, MB | 64 shards, s | smallest–largest shard | measured |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in results["scale"]:
        lines.append(
            f"| {one['documents']:,} | {one['changes']:,} | {one['catalog_mb']:,} | {one['spool_mb']:,} "
            f"| {one['plan_s']} | {one['plan_cpu_s']} | {one['memory_before_mb']} "
            f"| {one['memory_peak_mb']} | {one['shards_s']} "
            f"| {one['smallest_shard']}–{one['largest_shard']} | {told(one)}.{remark(one)} |"
        )
    return "\n".join(lines) + "\n"


def told(measured: dict[str, Any]) -> str:
    """When and on what."""
    after = f", {measured['load_after']} at the end" if "load_after" in measured else ""
    return f"{measured['date']}, {measured['machine']}{after}, Python {measured['python']}"


def remark(measured: dict[str, Any]) -> str:
    """That the machine was not ours alone, when its load says so."""
    if measured.get("load_after", 0.0) <= BUSY_LOAD:
        return ""
    return " The machine was shared with other work; CPU seconds depend on it less."


if __name__ == "__main__":
    main()
