"""How well the product tells questions it can answer from those it cannot, as installed.

usage: run.py --sample FOLDER --data DATA [--each 150] [--out results.json]

Every set is indexed and searched by the product's own parts as they are by default; the confidence is
compared with simple signals of the same search. The weights were trained on questions of these sets:
TRAINING.md has the figures of questions that were left out, RESULTS.md those of thresholds, calibration and
cost.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1] / "answers"),
    str(Path(__file__).resolve().parents[1]),
]
from corpora import Asked, load, sample_questions
from indexed import Indexer
from pairs import DOCUMENTS, paired

from machine import describe
from muniment.answerability import Answerability
from muniment.answerability.calibrate import roc_auc
from muniment.protocols import Embedder, Prompt, PromptPassage, ProviderContext
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits, evidence
from muniment.providers.fake_vector_store import PROVIDER as STORE
from muniment.ranking import Fusion
from muniment.retrieve import Retriever
from muniment.settings.model import AnswersSettings

SETS = ("squad2", "clapnq", "product_docs_qa")
SIGNALS = ("confidence", "evidence before", "best cosine", "first above the rest", "BM25")
RESAMPLES = 500
COVERAGES = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Judged:
    """A question's signals, in the order of SIGNALS; whether the generator itself wrote something."""

    answerable: bool
    signals: tuple[float, ...]
    written: bool
    cpu_ms: float


async def judge(retriever: Retriever, embedder: Embedder, asked: Asked, judging: Answerability) -> Judged:
    """One question to one set."""
    passages = (await retriever.search(asked.text, limit=8)).passages
    begun = time.process_time()
    confidence = (await judging.assess(asked.text, passages, embedder)).confidence
    spent = (time.process_time() - begun) * 1e3
    prompt = Prompt(
        asked.text, tuple(PromptPassage(n, p) for n, p in enumerate(passages, 1)), (), embedder=embedder
    )
    generator = ExtractiveGenerator("extractive", Limits())
    found = await generator.weigh(prompt)
    before = (evidence(found.question, found.best, prompt.passages) if found.best else None) or 0.0
    cosines = sorted((p.scores.get("cosine", 0.0) for p in passages), reverse=True)
    above = cosines[0] - float(np.mean(cosines[1:] or cosines))
    bm25 = max(p.scores.get("bm25", 0.0) for p in passages)
    written = bool(await generator.choose(prompt))
    return Judged(asked.answerable, (confidence, before, cosines[0], above, bm25), written, spent)


def auc_with_interval(rows: list[Judged], signal: int) -> tuple[float, float, float]:
    """ROC-AUC with its 95% bootstrap interval over questions."""
    yes = np.array([one.signals[signal] for one in rows if one.answerable])
    no = np.array([one.signals[signal] for one in rows if not one.answerable])
    random = np.random.default_rng(0)
    values = [roc_auc(random.choice(yes, len(yes)), random.choice(no, len(no))) for _ in range(RESAMPLES)]
    low, high = np.percentile(values, [2.5, 97.5])
    return round(roc_auc(yes, no), 3), round(float(low), 3), round(float(high), 3)


def risk_at(rows: list[Judged]) -> list[float]:
    """Share of unanswerable questions among the most confident share of all, for each of COVERAGES."""
    ordered = sorted(rows, key=lambda one: -one.signals[0])
    kept = [ordered[: max(1, round(share * len(ordered)))] for share in COVERAGES]
    return [round(float(np.mean([not one.answerable for one in part])), 3) for part in kept]


def calibration_error(rows: list[Judged]) -> float:
    """Expected calibration error over ten bins of equal width."""
    p, y = np.array([one.signals[0] for one in rows]), np.array([one.answerable for one in rows])
    bins = np.minimum((p * 10).astype(int), 9)
    gaps = [abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return round(float(sum(gaps)), 3)


def summary(rows: list[Judged], threshold: float) -> dict:
    """All figures of one group of questions."""
    below = np.array([one.signals[0] < threshold for one in rows])
    silent = below | ~np.array([one.written for one in rows])
    answerable = np.array([one.answerable for one in rows])
    return {
        "questions": [int(answerable.sum()), int((~answerable).sum())],
        "auc": {name: auc_with_interval(rows, place) for place, name in enumerate(SIGNALS)},
        "risk": risk_at(rows),
        "calibration error": calibration_error(rows),
        "refused by confidence": [
            round(float(below[answerable == kind].mean()), 3) for kind in (True, False)
        ],
        "refused in all": [round(float(silent[answerable == kind].mean()), 3) for kind in (True, False)],
        "cpu ms": round(median(one.cpu_ms for one in rows), 1),
    }


async def measure(a: argparse.Namespace) -> dict[str, dict]:
    """Every set with its own unanswerable questions, with those of other sets, and with those in pairs."""
    with TemporaryDirectory() as scratch:
        context = ProviderContext(Path(scratch), "all-MiniLM-L6-v2")
        embedder = await ENCODER.create(ENCODER.options(), context)
        store = await STORE.create(STORE.options(fusion=Fusion.WEIGHTED), context)
        indexer = Indexer(embedder, store, Path(scratch))
        retrievers = {"sample": await indexer.folder(a.sample / "corpus")}
        asked = {"sample": sample_questions(a.sample / "questions.jsonl")}
        for name in SETS:
            corpus = load(a.data / name / "dev")
            retrievers[name], asked[name] = await indexer.corpus(corpus), corpus.questions
        judging = Answerability()
        groups = await labelled_groups(retrievers, asked, embedder, judging, a.each)
        groups |= await pair_groups(retrievers, indexer, judging, a.data)
        await embedder.aclose()
    threshold = AnswersSettings().min_confidence
    return {name: summary(rows, threshold) for name, rows in groups.items()}


async def labelled_groups(
    retrievers: dict[str, Retriever],
    asked: dict[str, list[Asked]],
    embedder: Embedder,
    judging: Answerability,
    each: int,
) -> dict[str, list[Judged]]:
    """The sets as they label their questions, and with questions of other sets."""
    result = {}
    for name, retriever in retrievers.items():
        most = len(asked[name]) if name == "sample" else each
        yes = spread([one for one in asked[name] if one.answerable], most)
        near = spread([one for one in asked[name] if not one.answerable], each)
        far = [
            Asked(one.text, False, ())
            for other in asked
            if other != name and {other, name} != {"squad2", "clapnq"}
            for one in spread([q for q in asked[other] if q.answerable], each // 3)
        ]
        answered = [await judge(retriever, embedder, one, judging) for one in yes]
        for kind, no in (("own unanswerable", near), ("other topics", far)):
            if no:
                rows = answered + [await judge(retriever, embedder, one, judging) for one in no]
                result[f"{name}, {kind}"] = rows
    return result


async def pair_groups(
    retrievers: dict[str, Retriever], indexer: Indexer, judging: Answerability, data: Path
) -> dict[str, list[Judged]]:
    """The questions in pairs, by set and all together."""
    result: dict[str, list[Judged]] = {}
    for name, pairs in paired().items():
        if name in DOCUMENTS:
            folder, pattern = DOCUMENTS[name]
            retriever = await indexer.files(f"{name}_documents", data / folder, pattern)
        else:
            retriever = retrievers[name]
        rows = [await judge(retriever, indexer.embedder, one.asked, judging) for one in pairs]
        result[f"{name}, in pairs"] = rows
    return result | {"all in pairs": [row for rows in result.values() for row in rows]}


def spread(questions: list[Asked], most: int) -> list[Asked]:
    """At most so many, evenly taken."""
    return questions[:: max(1, len(questions) // most)][:most]


def markdown(report: dict) -> str:
    """The results as tables."""
    lines = ["# Abstention as installed", "", f"{report['date']}, {report['machine']}.", ""]
    lines += [f"Threshold {report['threshold']}. ROC-AUC with 95% bootstrap intervals.", ""]
    lines += ["| questions | n | " + " | ".join(SIGNALS) + " |", "|---" * (len(SIGNALS) + 2) + "|"]
    for name, row in report["groups"].items():
        cells = [f"{v:.3f} [{low:.3f} {high:.3f}]" for v, low, high in row["auc"].values()]
        lines.append(f"| {name} | {row['questions'][0]} + {row['questions'][1]} | {' | '.join(cells)} |")
    shares = " | ".join(f"risk at {share:.0%}" for share in COVERAGES)
    lines += [
        "",
        "“Refused” are shares of answerable / unanswerable questions: by the confidence, and by it or",
    ]
    lines += ["the extractive generator. Risk: unanswerable ones among the most confident share of all.", ""]
    lines += [
        f"| questions | refused by confidence | refused in all | calibration error | CPU ms | {shares} |"
    ]
    lines += ["|---" * (5 + len(COVERAGES)) + "|"]
    for name, row in report["groups"].items():
        refused = [
            " / ".join(f"{v:.1%}" for v in row[key]) for key in ("refused by confidence", "refused in all")
        ]
        cells = [name, *refused, row["calibration error"], row["cpu ms"], *row["risk"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += [
        "",
        "The weights have seen questions of all these sets; TRAINING.md has the figures out of fold.",
    ]
    return "\n".join([*lines, "", "Made by `benchmarks/abstention/run.py`.", ""])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=150)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.json")
    a = parser.parse_args()
    about = {"date": date.today().isoformat(), "machine": describe()}
    report = about | {"threshold": AnswersSettings().min_confidence, "groups": asyncio.run(measure(a))}
    a.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    a.out.with_name("RESULTS.md").write_text(markdown(report), "utf-8")
    print(markdown(report))


if __name__ == "__main__":
    main()
