"""What a language model's opinion adds to the judge's, on questions near the documents' topics.

usage: asked.py --model FILE.gguf --sample FOLDER --data DATA [--each 40] [--passages 3] [--out asked.json]

Every set is indexed and searched by the product's own parts, as in ``run.py``. The model, run by llama.cpp in
this process (extra ``llama-cpp``), is asked as `answers.ask_model` has it asked, with the best passages
found. Compared are the judge alone, the model alone and both pooled, on the same questions.
"""

import argparse
import asyncio
import json
import time
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from run import SETS, Indexer, describe, load, sample_questions, spread

from muniment.answer.opinion import opinion, pooled
from muniment.answer.prompt import build_prompt
from muniment.answer.tokens import estimate_tokens
from muniment.answerability import Answerability
from muniment.answerability.calibrate import roc_auc
from muniment.protocols import Generator, ProviderContext
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.providers.fake_vector_store import PROVIDER as STORE
from muniment.providers.llama_cpp import PROVIDER as LLAMA_CPP
from muniment.retrieve import Retriever

WAYS = ("judge", "model", "both")
UNSAID = 0.5
"""Stands for an opinion that was not given."""
RESAMPLES = 1000
LONGEST = 4096


async def ask(retriever: Retriever, generator: Generator, text: str, passages: int) -> tuple[float, float]:
    """The model's probability, and the seconds it took."""
    assert generator.chat is not None
    found = (await retriever.search(text, limit=8)).passages[:passages]
    begun = time.perf_counter()
    said = await opinion(build_prompt(text, found, LONGEST, estimate_tokens), generator.chat)
    return UNSAID if said is None else said, time.perf_counter() - begun


def compared(rows: list[dict]) -> dict:
    """ROC-AUC of each way, and the difference of both from the judge, with 95% bootstrap intervals."""
    labels = np.array([row["answerable"] for row in rows])
    values = {way: np.array([row[way] for row in rows]) for way in WAYS}
    random, drawn = np.random.default_rng(0), []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([random.choice(np.flatnonzero(labels == kind), (labels == kind).sum())
                                 for kind in (True, False)])  # fmt: skip
        drawn.append([auc(labels[chosen], values[way][chosen]) for way in WAYS])
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    gains = np.array(drawn)[:, 2] - np.array(drawn)[:, 0]
    return {
        "questions": [int(labels.sum()), int((~labels).sum())],
        "seconds": round(median(row["seconds"] for row in rows), 1),
        "auc": {way: [round(auc(labels, values[way]), 3), round(low[n], 3), round(high[n], 3)]
                for n, way in enumerate(WAYS)},
        "gain": [round(float(v), 3) for v in (auc(labels, values["both"]) - auc(labels, values["judge"]),
                                              *np.percentile(gains, [2.5, 97.5]))],
    }  # fmt: skip


def auc(labels: np.ndarray, values: np.ndarray) -> float:
    """ROC-AUC."""
    return roc_auc(values[labels], values[~labels])


async def measure(a: argparse.Namespace) -> dict[str, dict]:
    """Every set with its own unanswerable questions."""
    with TemporaryDirectory() as scratch:
        context = ProviderContext(Path(scratch), "all-MiniLM-L6-v2")
        embedder = await ENCODER.create(ENCODER.options(), context)
        options = LLAMA_CPP.options(model_path=a.model, context_tokens=LONGEST)
        generator = await LLAMA_CPP.create(options, ProviderContext(Path(scratch), a.model.stem))
        indexer = Indexer(embedder, await STORE.create(STORE.options(), context), Path(scratch))
        retrievers = {"sample": await indexer.folder(a.sample / "corpus")}
        asked = {"sample": sample_questions(a.sample / "questions.jsonl")}
        for name in SETS:
            corpus = load(a.data / name / "dev")
            if not all(one.answerable for one in corpus.questions):
                retrievers[name], asked[name] = await indexer.corpus(corpus), corpus.questions
        judging, result = Answerability(), {}
        for name, retriever in retrievers.items():
            rows = []
            for kind in (True, False):
                for one in spread([q for q in asked[name] if q.answerable is kind], a.each):
                    found = (await retriever.search(one.text, limit=8)).passages
                    judged = (await judging.assess(one.text, found, embedder)).confidence
                    said, seconds = await ask(retriever, generator, one.text, a.passages)
                    rows.append({"answerable": kind, "judge": judged, "model": said,
                                 "both": pooled(judged, said), "seconds": seconds})  # fmt: skip
            result[name] = compared(rows)
        await generator.aclose()
        await embedder.aclose()
    return result


def markdown(report: dict) -> str:
    """The results as a table."""
    lines = [
        "# A language model's opinion beside the judge's", "",
        f"{report['date']}, {report['machine']}. {report['model']} in llama.cpp, "
        f"{report['passages']} passages.",
        "ROC-AUC with 95% bootstrap intervals; the judge has seen questions of these sets in training.", "",
        "| questions | n | judge | model | both | both against the judge | seconds a question |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, row in report["sets"].items():
        cells = [f"{v:.3f} [{low:.3f} {high:.3f}]" for v, low, high in row["auc"].values()]
        gain = "{:+.3f} [{:+.3f} {:+.3f}]".format(*row["gain"])
        n = " + ".join(map(str, row["questions"]))
        lines.append(f"| {name} | {n} | {' | '.join(cells)} | {gain} | {row['seconds']} |")
    return "\n".join([*lines, "", "Made by `benchmarks/abstention/asked.py`.", ""])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--passages", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "asked.json")
    a = parser.parse_args()
    about = {"date": date.today().isoformat(), "machine": describe(), "model": a.model.stem}
    report = about | {"passages": a.passages, "sets": asyncio.run(measure(a))}
    a.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    a.out.with_name("ASKED.md").write_text(markdown(report), "utf-8")
    print(markdown(report))


if __name__ == "__main__":
    main()
