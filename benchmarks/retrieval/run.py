"""nDCG@10 on five labelled sets: what peers do, the product's default, its parts, and ideas tried beside it.

    python benchmarks/retrieval/prepare.py --data DIR --model FOLDER --cache CACHE
    python benchmarks/retrieval/run.py --cache CACHE [--out DIR] [--ideas]

Needs requirements.txt beside the project. Baselines use BM25 over context and text as one field. The row
"weights left one set out" uses, on every set, the weights chosen without it.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from asking import asking, focused, framed
from ideas import Ideas
from learned import Learned, interacting, plain
from signals import NATURAL, SETS, Figures, Measured, paired, standard
from trials import Ranker, Trials
from weighing import NAMES, design, figures

from muniment.ranking import Fusion
from muniment.ranking.fusion import weights
from muniment.types import SearchMode

sys.path.append(str(Path(__file__).parents[1]))
from machine import describe

BASELINES = {
    "BM25": (SearchMode.KEYWORD, Fusion.RRF),
    "dense": (SearchMode.VECTOR, Fusion.RRF),
    "RRF": (SearchMode.HYBRID, Fusion.RRF),
    "z-scores": (SearchMode.HYBRID, Fusion.ZSCORE),
}
STEPS = {
    "BM25 with fields": ("cosine", "bm25"),
    "and phrases": ("cosine", "bm25", "phrase"),
    "and sentences": NAMES,
}
STRENGTHS = (0.1, 0.2, 0.4)
SHIPPED = Path(__file__).parents[2] / "src" / "muniment" / "ranking" / "weights.json"


def ranked(sets: list[Measured], mode: SearchMode, fusion: Fusion, *, plain: bool) -> Figures:
    """By the product's own search."""
    return {
        one.name: one.ndcg({q: one.search(q, mode, fusion, plain=plain) for q in one.set.questions})
        for one in sets
    }


def ideas(sets: list[Measured]) -> dict[str, tuple[Figures, float, float]]:
    """By idea: figures with its strength chosen on the other sets, strength by all, ms a question."""
    made = {one.name: Ideas(one) for one in sets}
    shipped = weights()
    tried: dict[str, dict[float, Figures]] = {}
    spent: dict[str, float] = {}
    found = {one.name: {q: one.candidates(q) for q in one.set.questions} for one in sets}
    for name in made[sets[0].name].signals:
        tried[name] = {strength: {} for strength in STRENGTHS}
        began, count = time.process_time(), 0
        for one in sets:
            runs: dict[float, dict[str, dict[str, float]]] = {s: {} for s in STRENGTHS}
            for question, candidates in found[one.name].items():
                base = sum(shipped[n] * standard(candidates.signals[n]) for n in NAMES)
                extra = standard(made[one.name].signals[name](question, candidates))
                count += 1
                for strength in STRENGTHS:
                    fused = (base + strength * extra).tolist()
                    runs[strength][question] = dict(zip(map(str, candidates.pieces), fused, strict=True))
            spent[name] = (time.process_time() - began) * 1000 / count
            for strength in STRENGTHS:
                tried[name][strength][one.name] = one.ndcg(runs[strength])
    return {name: (*_left_out(by_strength), spent[name]) for name, by_strength in tried.items()}


def trials(sets: list[Measured]) -> dict[str, tuple[Figures, str, float]]:
    """The same of ideas that are more than one score added: their best variant in place of a strength."""
    made = {one.name: Trials(one).trials for one in sets}
    out = {}
    for name in made[sets[0].name]:
        _, base = _timed({one.name: made[one.name][name].plain for one in sets}, sets)
        tried, spent = {}, []
        for label in made[sets[0].name][name].variants:
            tried[label], ms = _timed({one.name: made[one.name][name].variants[label] for one in sets}, sets)
            spent.append(ms)
        embedded = [made[one.name][name].embedded * one.ms_to_embed for one in sets if one.name in NATURAL]
        ms = max(0.0, float(np.mean(spent)) - base) + float(np.mean(embedded or [0.0]))
        out[name] = (*_left_out(tried), ms)
    return out


def _timed(rankers: dict[str, Ranker], sets: list[Measured]) -> tuple[Figures, float]:
    spent, count, figured = 0.0, 0, {}
    for one in sets:
        began = time.process_time()
        found = {question: rankers[one.name](question) for question in one.set.questions}
        spent += time.process_time() - began
        count += len(found)
        figured[one.name] = np.array(
            [one.ndcg_of(q, pieces, scores) for q, (pieces, scores) in found.items()]
        )
    return figured, spent * 1000 / count


def learned(sets: list[Measured]) -> dict[str, tuple[Figures, str, float]]:
    """The same of rankers fitted on the other sets."""
    made, out = Learned(sets), {}
    kinds = {"pairwise logistic loss": plain, "the same with interactions": interacting}
    grids = {
        name: {
            f"penalty {p}": lambda p=p, columns=columns: made.logistic(columns, p) for p in (0.01, 0.1, 1.0)
        }
        for name, columns in kinds.items()
    }
    grids["boosted trees (LambdaMART) over the best 30"] = {
        f"{leaves} leaves, {rounds} trees": lambda size=(leaves, rounds): made.trees(*size)
        for leaves, rounds in ((4, 60), (8, 60), (8, 150))
    }
    for name, grid in grids.items():
        tried = {label: fit() for label, fit in grid.items()}
        ms = float(np.mean([spent for _, spent in tried.values()]))
        out[name] = (*_left_out({label: figured for label, (figured, _) in tried.items()}), ms)
    return out


def in_frames(sets: list[Measured]) -> dict[str, Figures]:
    """The default when the questions stand in what people write around them, and with that taken off."""
    rules = {"in a frame": lambda text: text, "without what the rules know of it": focused}
    rules["and only what asks"] = asking
    shipped, out = weights(), {}
    for label, rule in rules.items():
        out[label] = {}
        for one in sets:
            rows = []
            for number, (question, asked) in enumerate(one.set.questions.items()):
                found = one.candidates_of(rule(framed(asked, number)))
                fused = sum(shipped[n] * standard(found.signals[n]) for n in NAMES)
                rows.append(one.ndcg_of(question, found.pieces, np.asarray(fused)))
            out[label][one.name] = np.array(rows)
    return out


def _left_out(tried: dict[Any, Figures]) -> tuple[Figures, Any]:
    names = list(next(iter(tried.values())))

    def best(of: list[str]) -> Any:
        return max(tried, key=lambda strength: np.mean([tried[strength][n].mean() for n in of]))

    return {n: tried[best([o for o in names if o != n])][n] for n in names}, best(names)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {"machine": describe(), "date": datetime.now(UTC).isoformat()[:16], "rows": {}}
    results["versions"] = {name: version(name) for name in ("numpy", "openvino", "pytrec-eval-terrier")}
    rows = results["rows"]
    for setting in ("windows", "structure"):
        if not all((arguments.cache / f"{name}.{setting}.json").exists() for name in arguments.sets):
            continue
        sets = [Measured(arguments.cache, name, setting) for name in arguments.sets]
        for label, (mode, fusion) in BASELINES.items():
            made = ranked(sets, mode, fusion, plain=True)
            if label == "RRF":
                reference = made
            rows[f"{setting}: {label}"] = made
        for label in list(BASELINES):
            rows[f"{setting}: {label}"] = paired(rows[f"{setting}: {label}"], reference)
        results[setting] = {one.name: [len(one.set.questions), len(one.set.pieces)] for one in sets}
    default = ranked(sets, SearchMode.HYBRID, Fusion.WEIGHTED, plain=False)
    rows["default"] = paired(default, reference)
    shipped, made = weights(), design(sets)
    for label, names in STEPS.items():
        kept = {name: shipped[name] if name in names else 0.0 for name in NAMES}
        rows[label] = paired(figures(sets, made, dict.fromkeys(arguments.sets, kept)), reference)
    left_out = json.loads(SHIPPED.read_text())["left_out"]
    chosen = {name: left_out[name]["weights"] for name in arguments.sets}
    held = figures(sets, made, chosen)
    rows["weights left one set out"] = paired(held, reference)
    rows["weights left one set out, against z-scores"] = paired(
        held, ranked(sets, SearchMode.HYBRID, Fusion.ZSCORE, plain=True)
    )
    results["ideas"] = {}
    if arguments.ideas:
        for name, (figured, strength, ms) in (ideas(sets) | trials(sets) | learned(sets)).items():
            results["ideas"][name] = {"strength": strength, "ms": round(ms, 2), **paired(figured, default)}
        framed_in = in_frames(sets)
        wordy = framed_in.pop("in a frame")
        results["frames"] = {"in a frame": paired(wordy, default)}
        results["frames"] |= {label: paired(made, wordy) for label, made in framed_in.items()}
    return results


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    names = [*results["structure"], "macro", "natural"]
    lines = [
        "# Retrieval",
        "",
        f"nDCG@10, all-MiniLM-L6-v2 (int8); {results['machine']}; {results['date']}.",
        "Written by `run.py`; what was chosen and what was not is told in `design/011-retrieval.md`.",
        "",
        "In brackets the difference from reciprocal rank fusion in the same setting, with its 95% paired",
        f"bootstrap interval. Natural: the mean of {', '.join(NATURAL)}, whose questions were",
        "asked by people or models; those of the others are made from headings, whose gain is circular.",
        "",
        "| | " + " | ".join(names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    lines += [_line(label, row, names) for label, row in results["rows"].items()]
    if results["ideas"]:
        lines += [
            "",
            "## Tried beside the default, and left out",
            "",
            "Each with what was chosen on the other sets; in brackets the difference from the default.",
            "",
            "| idea (strength or variant by all sets, CPU ms a question) | " + " | ".join(names) + " |",
            "| --- |" + " --- |" * len(names),
        ]
        for label, row in results["ideas"].items():
            lines.append(_line(f"{label} ({row['strength']}, {row['ms']})", row, names))
        lines += _frames(results["frames"], names)
    return "\n".join([*lines, ""])


def _frames(rows: dict[str, dict[str, list[float]]], names: list[str]) -> list[str]:
    return [
        "",
        "## Questions in conversational frames",
        "",
        "The same questions within what people write around them (`FRAMES` in `asking.py`, in turn), and",
        "these with it taken off; in brackets the difference of the first row from the default on the",
        "bare questions, and of the others from the first row. The rule of the last row was made after",
        "seeing which frames the others leave: it says what a frame costs, not what the rule gains.",
        "",
        "| | " + " | ".join(names) + " |",
        "| --- |" + " --- |" * len(names),
        *(_line(label, row, names) for label, row in rows.items()),
    ]


def _line(label: str, row: dict[str, list[float]], names: list[str]) -> str:
    cells = (f"{row[n][0]:.3f} ({row[n][1]:+.3f} [{row[n][2]:+.3f} {row[n][3]:+.3f}])" for n in names)
    return f"| {label} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--ideas", action="store_true", help="measure the ideas too, some minutes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    results = measure(arguments)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (arguments.out / "RESULTS.md").write_text(table(results))


if __name__ == "__main__":
    main()
