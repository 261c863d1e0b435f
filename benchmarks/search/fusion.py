"""Which fusion ranks better: reciprocal rank fusion, or the mean of standardised scores.

nDCG@10 of the in-memory index on labelled sets, windows of 200 words overlapping by 30; the rank of a
corpus entry is that of its best window. The interval is a paired bootstrap over all queries.

    python benchmarks/search/fusion.py --data DIR --model FOLDER [--out DIR]

DIR/<set>/dev holds corpus.jsonl, queries.jsonl and qrels.tsv (or corpora/ and questions.jsonl with
character spans); FOLDER is an encoder for the provider `encoder`.
"""

import argparse
import asyncio
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from muniment.protocols import Embedder, ProviderContext
from muniment.ranking import Attributes, Entry, Fusion, ResidentIndex, terms_of
from muniment.registry import create
from muniment.settings import ProviderSettings
from muniment.types import SearchMode, VectorQuery

SETS = ("squad2", "product_docs_qa", "chunk_spans")
WORDS, OVERLAP = 200, 30
WAYS = ("vector", "keyword", "rrf", "zscore")


@dataclass
class Labelled:
    """Windows with the unit each belongs to, and the relevant units of each query."""

    texts: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    queries: dict[str, str] = field(default_factory=dict)
    gains: dict[str, dict[str, int]] = field(default_factory=dict)


def lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines(): texts hold other line ends than \n.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def windows(text: str) -> list[tuple[int, int]]:
    """Character ranges of runs of WORDS words, overlapping by OVERLAP."""
    places, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        places.append((at, at + len(word)))
        at += len(word)
    starts = range(0, max(1, len(places) - OVERLAP), WORDS - OVERLAP)
    return [(places[s][0], places[s : s + WORDS][-1][1]) for s in starts if places]


def load(folder: Path) -> Labelled:
    made = Labelled()
    if (folder / "corpora").is_dir():
        return load_spans(folder, made)
    for entry in lines(folder / "corpus.jsonl"):
        text, title = entry["text"], entry.get("title") or ""
        text = text if text.startswith(title) else f"{title}\n{text}"
        for start, end in windows(text):
            made.texts.append(text[start:end])
            made.units.append(entry["_id"])
    made.queries = {entry["_id"]: entry["text"] for entry in lines(folder / "queries.jsonl")}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            query, unit, gain = line.split("\t")
            made.gains.setdefault(query, {})[unit] = int(gain)
    return made


def load_spans(folder: Path, made: Labelled) -> Labelled:
    places: list[tuple[str, int, int]] = []
    for path in sorted((folder / "corpora").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        for start, end in windows(text):
            made.units.append(str(len(made.texts)))
            made.texts.append(text[start:end])
            places.append((path.name, start, end))
    for entry in lines(folder / "questions.jsonl"):
        made.queries[entry["id"]] = entry["question"]
        made.gains[entry["id"]] = {
            str(n): 1
            for n, (name, start, end) in enumerate(places)
            for span in entry["references"]
            if name == entry["corpus"] and start < span["end_index"] and span["start_index"] < end
        }
    return made


def ndcg(ranked: list[str], gains: dict[str, int]) -> float:
    """nDCG@10 of distinct units."""
    order = list(dict.fromkeys(ranked))[:10]
    found = sum(gains.get(unit, 0) / math.log2(rank + 2) for rank, unit in enumerate(order))
    ideal = sum(g / math.log2(r + 2) for r, g in enumerate(sorted(gains.values(), reverse=True)[:10]))
    return found / ideal if ideal else 0.0


async def measure(made: Labelled, embedder: Embedder) -> tuple[dict[str, list[float]], dict[str, float]]:
    """nDCG of each query, and milliseconds a search, by way."""
    index = ResidentIndex(embedder.dimension)
    vectors = await embedder.embed_texts(made.texts)
    index.upsert(
        Entry(n, Attributes("", (), {}), terms_of(text, "", ()), vectors[n])
        for n, text in enumerate(made.texts)
    )
    scores: dict[str, list[float]] = {way: [] for way in WAYS}
    spent = dict.fromkeys(WAYS, 0.0)
    judged = [query for query in made.queries if any(made.gains.get(query, {}).values())]
    for query in judged:
        text = made.queries[query]
        vector = await embedder.embed_query(text)
        for way in WAYS:
            mode = SearchMode(way) if way in list(SearchMode) else SearchMode.HYBRID
            fusion = Fusion(way) if mode is SearchMode.HYBRID else Fusion.RRF
            begun = time.perf_counter()
            found = index.search(VectorQuery(mode, 60, text, vector), fusion)
            spent[way] += time.perf_counter() - begun
            scores[way].append(ndcg([made.units[one.id] for one in found], made.gains[query]))
    return scores, {way: round(total * 1000 / len(judged), 2) for way, total in spent.items()}


def interval(difference: np.ndarray) -> list[float]:
    """95% bootstrap interval of the mean."""
    draws = np.random.default_rng(0).integers(0, len(difference), (2000, len(difference)))
    return [round(float(x), 4) for x in np.percentile(difference[draws].mean(axis=1), [2.5, 97.5])]


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = ProviderSettings.model_validate({"provider": "encoder", "path": str(arguments.model)})
    embedder: Embedder = await create("embedders", settings, ProviderContext(Path.cwd(), "bench"), "bench")
    results: dict[str, Any] = {}
    for name in SETS:
        made = load(arguments.data / name / "dev")
        scores, spent = await measure(made, embedder)
        difference = np.array(scores["zscore"]) - np.array(scores["rrf"])
        results[name] = {
            "queries": len(difference),
            "windows": len(made.texts),
            "ndcg@10": {way: round(float(np.mean(values)), 4) for way, values in scores.items()},
            "zscore - rrf": [round(float(difference.mean()), 4), *interval(difference)],
            "ms": spent,
        }
    await embedder.aclose()
    return results


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    rows = [
        "# Fusion",
        "",
        "nDCG@10, all-MiniLM-L6-v2; 95% interval of the difference; ms of one search in memory. "
        "Written by `fusion.py`.",
        "",
        "| set (queries, windows) | vector | keyword | rrf | zscore | zscore - rrf | ms rrf / zscore |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, r in results.items():
        by, (mean, low, high) = r["ndcg@10"], r["zscore - rrf"]
        figures = " | ".join(f"{by[way]:.3f}" for way in WAYS)
        rows.append(
            f"| {name} ({r['queries']}, {r['windows']}) | {figures} | {mean:+.3f} [{low:+.3f} {high:+.3f}] "
            f"| {r['ms']['rrf']} / {r['ms']['zscore']} |"
        )
    return "\n".join([*rows, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    results = asyncio.run(run(arguments))
    (arguments.out / "fusion.json").write_text(json.dumps(results, indent=1) + "\n")
    (arguments.out / "FUSION.md").write_text(table(results))


if __name__ == "__main__":
    main()
