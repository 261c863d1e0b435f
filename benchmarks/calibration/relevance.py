"""Fits the probability that a passage is relevant, and shows how calibrated it is on sets left out.

    python benchmarks/calibration/relevance.py --data DIR --model FOLDER [--other FOLDER] [--keep]

DIR/<set>/dev holds the labelled sets; FOLDER is an encoder for the provider `encoder`. A model fitted on all
sets but one is tried on that one; the shipped one is fitted on all, and `--keep` writes it to
src/muniment/retrieve/relevance.json. `--other` is a second encoder, on which the weights fitted with the
first are tried as well, left out alike.
"""

import argparse
import asyncio
import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from labelled import FOREIGN_SHARE, SETS, Candidate, candidates
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
from machine import describe
from muniment.protocols import Embedder, ProviderContext
from muniment.registry import create
from muniment.settings import ProviderSettings

MODELS = {
    "hybrid": ("cosine", "share", "place"),
    "hybrid, no share": ("cosine", "coverage", "place"),
    "vector": ("cosine", "coverage", "place"),
    "keyword": ("share", "place"),
    "keyword, no share": ("coverage", "place"),
}
RIDGE = 1e-3
CACHE = Path(__file__).parent / ".cache"
BINS = 10
SHIPPED = Path(__file__).parents[2] / "src/muniment/retrieve/relevance.json"
Floats = NDArray[np.float64]
Column = Callable[[Candidate], list[float]]


def earlier(one: Candidate) -> float:
    """The height that stood in the place of the probability before: the larger of cosine and s / (s + 10)."""
    bm25 = one.scores.get("bm25", 0.0)
    return min(1.0, max(0.0, one.scores.get("cosine", 0.0), bm25 / (bm25 + 10.0)))


def fit(rows: list[Candidate], column: Column) -> Floats:
    """Intercept and weights by Newton's method; every set weighs alike."""
    x = np.array([[1.0, *column(one)] for one in rows])
    y = np.array([one.relevant for one in rows], float)
    sizes = {name: sum(one.set == name for one in rows) for name in SETS}
    weight = np.array([1.0 / sizes[one.set] for one in rows])
    weight *= len(rows) / weight.sum()
    found = np.zeros(x.shape[1])
    penalty = RIDGE * np.eye(len(found))
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-x @ found))
        gradient = x.T @ (weight * (p - y)) + penalty @ found
        found -= np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + penalty, gradient)
    return found


def predicted(found: Floats, rows: list[Candidate], column: Column) -> Floats:
    x = np.array([[1.0, *column(one)] for one in rows])
    p: Floats = 1.0 / (1.0 + np.exp(-x @ found))
    return p


def figures(rows: list[Candidate], p: Floats) -> dict[str, float]:
    """AUC, expected calibration error over ten bins of equal size, and Brier score."""
    y = np.array([one.relevant for one in rows], float)
    _, place, count = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    relevant = y.sum()
    auc = (rank[y == 1].sum() - relevant * (relevant + 1) / 2) / (relevant * (len(y) - relevant))
    bins = np.array_split(np.argsort(p, kind="stable"), BINS)
    error = sum(len(part) * abs(y[part].mean() - p[part].mean()) for part in bins) / len(y)
    return {"auc": float(auc), "ece": float(error), "brier": float(((p - y) ** 2).mean())}


def left_out(train: list[Candidate], test: list[Candidate], column: Column | None) -> dict[str, Any]:
    """Figures of each set, by a model fitted on the others; None takes ``earlier`` as it is."""
    by_set = {}
    for name in SETS:
        rows = [one for one in test if one.set == name]
        if column is None:
            p = np.array([earlier(one) for one in rows])
        else:
            p = predicted(fit([one for one in train if one.set != name], column), rows, column)
        by_set[name] = figures(rows, p)
    macro = {key: float(np.mean([by_set[name][key] for name in SETS])) for key in ("auc", "ece", "brier")}
    return {"macro": macro, **by_set}


def of_signals(names: tuple[str, ...]) -> Column:
    return lambda one: [one.signals[name] for name in names]


def measured(found: dict[str, list[Candidate]], other: dict[str, list[Candidate]] | None) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, signals in MODELS.items():
        rows = found[name.split(",")[0]]
        results[f"{name}: {' + '.join(signals)}"] = left_out(rows, rows, of_signals(signals))
        if other is not None:
            moved = left_out(rows, other[name.split(",")[0]], of_signals(signals))
            results[f"{name}: the same weights with the other encoder"] = moved
    rows = found["hybrid"]
    results["hybrid: z-score height alone"] = left_out(rows, rows, lambda one: [one.zscore])
    results["hybrid: min-max height alone"] = left_out(rows, rows, lambda one: [one.minmax])
    results["hybrid: place alone"] = left_out(rows, rows, lambda one: [one.signals["place"]])
    results["hybrid: cosine + share, without place"] = left_out(rows, rows, of_signals(("cosine", "share")))
    results["hybrid: cosine, share, place and z-score height"] = left_out(
        rows, rows, lambda one: [*of_signals(("cosine", "share", "place"))(one), one.zscore]
    )
    results["hybrid: larger of cosine and s / (s + 10), as it is"] = left_out(rows, rows, None)
    return results


def reliability(found: dict[str, list[Candidate]]) -> list[dict[str, float]]:
    """Predicted and true shares of relevant passages by tenths of the probability; sets left out in turn."""
    column = of_signals(MODELS["hybrid"])
    p, y = [], []
    for name in SETS:
        rows = [one for one in found["hybrid"] if one.set == name]
        p += list(predicted(fit([o for o in found["hybrid"] if o.set != name], column), rows, column))
        y += [one.relevant for one in rows]
    ps, ys = np.array(p), np.array(y, float)
    parts = [(low / 10, (ps >= low / 10) & (ps < low / 10 + 0.1)) for low in range(10)]
    return [
        {
            "from": low,
            "n": int(part.sum()),
            "predicted": float(ps[part].mean()),
            "true": float(ys[part].mean()),
        }
        for low, part in parts
        if part.any()
    ]


def shipped(found: dict[str, list[Candidate]], model: str, results: dict[str, Any]) -> dict[str, Any]:
    """The models that the product reads."""
    models = []
    # Hybrid and vector search without a share have the same signals; the hybrid's weights serve both.
    for name in ("hybrid", "hybrid, no share", "keyword", "keyword, no share"):
        signals = MODELS[name]
        weights = fit(found[name.split(",")[0]], of_signals(signals))
        models.append(
            {
                "fitted_on": name,
                "intercept": round(float(weights[0]), 4),
                "weights": {s: round(float(w), 4) for s, w in zip(signals, weights[1:], strict=True)},
                "left_out": {
                    key: round(value, 3)
                    for key, value in results[f"{name}: {' + '.join(signals)}"]["macro"].items()
                },
            }
        )
    return {
        "made_by": "benchmarks/calibration/relevance.py",
        "date": datetime.date.today().isoformat(),
        "encoder": model,
        "sets": list(SETS),
        "models": models,
    }


def report(results: dict[str, Any], bins: list[dict[str, float]], machine: str) -> str:
    rows = [
        "# Is the relevance of a passage calibrated?",
        "",
        f"{datetime.date.today().isoformat()}, {machine}. First 10 passages of each question, windows of 200 "
        f"words; one question in {round(1 / FOREIGN_SHARE) + 1} is of another set, so that nothing is "
        "relevant. Each set is judged by a model fitted on the others. ECE: mean distance between predicted "
        "and true share over ten bins of equal size. Every figure is the mean of the sets, then AUC / ECE of "
        "each.",
        "",
        f"| signals | AUC | ECE | Brier | {' | '.join(SETS)} |",
        "| --- | --- | --- | --- |" + " --- |" * len(SETS),
    ]
    for name, one in results.items():
        macro = one["macro"]
        each = " | ".join(f"{one[s]['auc']:.3f} / {one[s]['ece']:.3f}" for s in SETS)
        rows.append(f"| {name} | {macro['auc']:.3f} | {macro['ece']:.3f} | {macro['brier']:.4f} | {each} |")
    rows += ["", "| hybrid, predicted from | passages | predicted | relevant |", "| --- | --- | --- | --- |"]
    rows += [f"| {b['from']:.1f} | {b['n']} | {b['predicted']:.3f} | {b['true']:.3f} |" for b in bins]
    return "\n".join([*rows, "", "Written by `relevance.py`.", ""])


async def encoder(path: Path) -> Embedder:
    settings = ProviderSettings.model_validate({"provider": "encoder", "path": str(path)})
    made: Embedder = await create("embedders", settings, ProviderContext(CACHE, "bench"), "bench")
    return made


async def searched(arguments: argparse.Namespace, path: Path) -> dict[str, list[Candidate]]:
    embedder = await encoder(path)
    found = await candidates(arguments.data, embedder, arguments.cache, arguments.seed)
    await embedder.aclose()
    return found


async def run(arguments: argparse.Namespace) -> None:
    found = await searched(arguments, arguments.model)
    other = await searched(arguments, arguments.other) if arguments.other else None
    results, bins = measured(found, other), reliability(found)
    machine = describe()
    arguments.out.joinpath("results.json").write_text(
        json.dumps({"machine": machine, "left_out": results, "reliability": bins}, indent=1) + "\n"
    )
    arguments.out.joinpath("RESULTS.md").write_text(report(results, bins, machine))
    if arguments.keep:
        SHIPPED.write_text(json.dumps(shipped(found, arguments.model.name, results), indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
