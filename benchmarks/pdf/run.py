"""How well and how fast the built-in PDF engine reads, beside two engines that need no models either.

usage: python benchmarks/pdf/run.py DATA [--engine NAME ...]

DATA holds docling_formats/dev/pdf, eu_ai_act/dev and redhat_docs/dev/pdf. Each engine runs in a process
of its own, so that its peak memory is its own. Writes results.json and RESULTS.md beside this file.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pypdfium2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from engines import ENGINES, Item
from score import Expected, articles, outline, plain

from machine import describe

HERE = Path(__file__).resolve().parent
Result = dict[str, object]


def measure(engine: str, data: Path) -> Result:
    """All measures of one engine."""
    convert = ENGINES[engine]
    formats = data / "docling_formats/dev/pdf"
    expected = Expected()
    for source in sorted((formats / "sources").glob("*.pdf")):
        truth = formats / "groundtruth" / f"{source.stem}.json"
        if truth.exists():
            expected.add(convert(source), truth)
    result: Result = {"documents": expected.result()}
    act = data / "eu_ai_act/dev/eu-ai-act-official-journal.pdf"
    items, speed = timed(engine, act)
    result["ai_act"] = articles(items, data / "eu_ai_act/dev/provisions.jsonl") | speed
    [manual] = (data / "redhat_docs/dev/pdf").glob("*.pdf")
    items, speed = timed(engine, manual)
    result["openshift"] = outline(items, bookmarks(manual)) | speed
    result["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return result


def timed(engine: str, path: Path) -> tuple[list[Item], Result]:
    """Convert a file and measure wall and processor time."""
    document = pypdfium2.PdfDocument(path)
    pages = len(document)
    document.close()
    start, cpu = time.perf_counter(), time.process_time()
    items = ENGINES[engine](path)
    seconds = time.perf_counter() - start
    return items, {
        "pages": pages,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "pages_per_second": round(pages / seconds, 1),
        "share_with_box": round(sum(item.boxed for item in items) / max(len(items), 1), 3),
    }


def bookmarks(path: Path) -> list[tuple[int, str]]:
    """Page and title of each bookmark but the one of the table of contents."""
    entries = []
    for entry in pypdfium2.PdfDocument(path).get_toc():
        target = entry.get_dest()
        if target and "table of contents" not in plain(entry.get_title()):
            entries.append((target.get_index() + 1, entry.get_title()))
    return entries


def work(engine: str, data: Path, queue: "multiprocessing.Queue[Result]") -> None:
    """Run in a process of its own."""
    queue.put(measure(engine, data))


def in_a_process(engine: str, data: Path) -> Result:
    """Measure an engine in a fresh process, so that peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Result] = context.Queue()
    process = context.Process(target=work, args=(engine, data, queue))
    process.start()
    result = queue.get()
    process.join()
    return result


def table(results: dict[str, Result]) -> str:
    """The results as Markdown."""
    measures = [
        (f"{part}: {name}".replace("_", " "), [str(result[part][name]) for result in results.values()])
        for part in ("documents", "ai_act", "openshift")
        for name in next(iter(results.values()))[part]
    ]
    measures.append(("peak MB, all documents", [str(result["peak_mb"]) for result in results.values()]))
    head = f"| measure | {' | '.join(results)} |\n| --- |{' --- |' * len(results)}\n"
    return head + "".join(f"| {name} | {' | '.join(values)} |\n" for name, values in measures)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", action="append", choices=sorted(ENGINES))
    arguments = parser.parse_args()
    about = {
        "machine": describe(),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "versions": {name: version(name) for name in ("docling-slim", "docling-parse", "pypdfium2")},
    }
    results = {engine: in_a_process(engine, arguments.data) for engine in arguments.engine or ENGINES}
    (HERE / "results.json").write_text(json.dumps({**about, "engines": results}, indent=1) + "\n")
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    text = (
        f"# PDF engines\n\n{about['machine']}; {about['at']}; {versions}. One run each.\n\n{table(results)}"
    )
    (HERE / "RESULTS.md").write_text(text + (HERE / "NOTES.md").read_text())
    print(table(results))


if __name__ == "__main__":
    main()
