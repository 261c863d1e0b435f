"""How long an evaluation takes, and what of that is asking.

usage: run.py [--data DATA] [--questions 500] [--folder FOLDER] [--out results.json]

The sample corpus with its own questions, and with --data squad2: its paragraphs as documents and so many
of its questions, half of them unanswerable. Both are evaluated as `muniment evaluate` does it, with
extractive answers, the default configuration and the journal: with one, two (the default) and four questions
under way, and searches alone. Beside the wall time stands the CPU time of the process, which other programs
on the machine disturb less, and how much of the wall time passed when no question was under way any more:
that is the measuring itself.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import muniment
from machine import describe
from muniment.build import open_workspace
from muniment.collections.quality import Asked, evaluate
from muniment.collections.workspace import Workspace
from muniment.evaluation import read_questions
from muniment.settings import Settings
from muniment.types import EvaluationFinished, EvaluationProgress, LabelledQuestion

SEED = 7
WAYS = {
    "one at a time": Asked(at_a_time=1),
    "two at a time (default)": Asked(),
    "four at a time": Asked(at_a_time=4),
    "searches only": Asked(answers=False),
}


@dataclass(frozen=True)
class Row:
    set: str
    documents: int
    chunks: int
    questions: int
    way: str
    wall_s: float
    cpu_s: float
    measuring_s: float
    recall_at_5: float
    ndcg_at_10: float
    search_p50_ms: float
    answer_p50_ms: float | None


def sample() -> tuple[Path, list[LabelledQuestion]]:
    folder = Path(str(files("muniment.sample"))) / "acme_corporate"
    return folder / "corpus", list(read_questions(folder / "questions.jsonl"))


def squad2(data: Path, count: int, folder: Path) -> tuple[Path, list[LabelledQuestion]]:
    """Its paragraphs as text files, and questions about them."""
    folder.mkdir()
    for line in (data / "squad2" / "dev" / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        (folder / f"{row['_id'].replace('/', '_')}.txt").write_text(f"{row['title']}\n\n{row['text']}\n")
    lines = (data / "squad2" / "dev" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    chooser = random.Random(SEED)
    chosen = [
        row
        for kind in (True, False)
        for row in chooser.sample([row for row in rows if row["answerable"] is kind], count // 2)
    ]
    chooser.shuffle(chosen)
    return folder, [_question(row) for row in chosen]


def _question(row: dict[str, object]) -> LabelledQuestion:
    asked = LabelledQuestion(str(row["_id"]), str(row["text"]), unanswerable=not row["answerable"])
    document = f"{str(row['context_id']).replace('/', '_')}.txt"
    answers = tuple(map(str, row["answers"])) if isinstance(row["answers"], list) else ()
    return replace(asked, documents=(document,), answers=answers) if row["answerable"] else asked


async def measured(
    workspace: Workspace, name: str, questions: Sequence[LabelledQuestion], way: str, journal: Path
) -> Row:
    status = await workspace.collection("docs")
    asked_until = 0.0
    began, cpu = time.perf_counter(), time.process_time()
    async for event in evaluate(workspace, "docs", questions, replace(WAYS[way], journal=journal)):
        if isinstance(event, EvaluationProgress):
            asked_until = time.perf_counter()
        elif isinstance(event, EvaluationFinished):
            report = event.report
    ended = time.perf_counter()
    values = {metric.name: round(metric.value, 4) for metric in report.metrics}
    return Row(
        name,
        status.documents,
        status.chunks,
        len(questions),
        way,
        round(ended - began, 2),
        round(time.process_time() - cpu, 2),
        round(ended - asked_until, 2),
        values["recall_at_5"],
        values["ndcg_at_10"],
        values["search_p50_ms"],
        values.get("answer_p50_ms"),
    )


async def evaluated(name: str, documents: Path, questions: list[LabelledQuestion], folder: Path) -> list[Row]:
    """One row for each way. Every way has a process's caches to itself: the workspace is opened anew."""
    rows = []
    settings = Settings.model_validate(
        {"data_dir": str(folder / f"{name}-data"), "collections": {"docs": {"sources": str(documents)}}}
    )
    workspace = await open_workspace(settings, serving=False)
    async for _ in workspace.ingest("docs", trigger="benchmark"):
        pass
    await workspace.aclose()
    for way in WAYS:
        workspace = await open_workspace(settings, serving=False)
        try:
            await workspace.search("docs", "warm up")
            rows.append(await measured(workspace, name, questions, way, folder / "journal.jsonl"))
        finally:
            await workspace.aclose()
        print(rows[-1], flush=True)
    return rows


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| set | documents | chunks | questions | way | wall s | CPU s | measuring s | recall@5 | nDCG@10 "
        "| search p50 ms | answer p50 ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = ["" if value is None else str(value) for value in asdict(row).values()]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument(
        "--folder", type=Path, help="where data is kept between runs; a temporary one if omitted"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        sets = {"sample": sample()}
        if given.data:
            sets["squad2"] = squad2(given.data, given.questions, Path(temporary) / "squad2")
        rows = [
            row
            for name, (documents, questions) in sets.items()
            for row in asyncio.run(evaluated(name, documents, questions, folder))
        ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    head = f"{date.today()}, {describe()}, Muniment {muniment.__version__}, Python {sys.version.split()[0]}"
    result = {"machine": head, "peak_rss_mb": round(peak), "rows": [asdict(row) for row in rows]}
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    given.out.with_name("RESULTS.md").write_text(
        f"# Evaluation\n\n{head}. Peak memory of the process {peak:.0f} MB.\n\n{table(rows)}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
