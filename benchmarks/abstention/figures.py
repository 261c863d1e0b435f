"""Figures of the training: ROC-AUC by kind of question, intervals, thresholds, and their tables."""

import numpy as np
from labelled import FOLDS, Examples
from numpy.typing import NDArray
from sets import OF_PAIRS
from sklearn.metrics import roc_auc_score
from weighing import ALL_SIGNS, KINDS_WEIGHT, SIGNS, WORDS_SIGNS, held_out

from muniment.answerability.calibrate import roc_auc
from muniment.answerability.signals import NAMES

REFUSED = 0.025  # half of the 5% promised: the extractive generator's own floor refuses some besides
RESAMPLES = 1000
KINDS = """“corpus”: as the set labels it, searched in the whole set; “own”: the question's own passage alone
is given; “removed”: answerable questions against the same with every passage that answers taken out of what
was found; “other”: questions of other sets; “cousin”: of the other Wikipedia set; “pairs”: see
pairs/README.md. “Words” have no vectors,
“signals” no reader: so collections with another embedding model, or none, are judged. “Weighing without the
set”: only the weighing leaves the set out, the reader has seen other articles of it."""
RULE = """A set's own threshold is the highest that refuses at most 2.5% of its answerable questions out of
fold: half of the 5% that may be refused, since the extractive generator refuses some besides. The default
of `answers.min_confidence` is the lowest of all sets, rounded down to hundredths: {:.2f}. No unanswerable
question has a say in it. What it refuses, out of fold:"""


def figures(examples: Examples, everything: NDArray, said: NDArray) -> dict:
    """ROC-AUC of several ways of judging, and the threshold of each set."""
    folds = [examples.folds == fold for fold in range(FOLDS)]
    sets = [examples.sets == name for name in sorted(set(examples.sets))]
    columns = dict(zip(NAMES, examples.signals["all"].T, strict=True))
    judged = {
        "best cosine": columns["passage cosine"],
        "nearest passage and sentence": columns["passage with its nearest sentence"],
        "BM25": np.array([row["bm25"] for row in examples.rows]),
        "reader alone": said,
        "words, by article": held_out(examples, examples.signals["words"], WORDS_SIGNS, folds),
        "signals, by article": held_out(examples, examples.signals["vectors"], SIGNS, folds),
        "all, by article": held_out(examples, everything, ALL_SIGNS, folds),
        "all, weighing without the set": held_out(examples, everything, ALL_SIGNS, sets),
    }
    shipped = judged["all, by article"]
    return {
        "auc": {name: auc(examples, p) for name, p in judged.items()},
        "interval": intervals(examples, shipped),
        "thresholds": thresholds(examples, shipped),
    }


def intervals(examples: Examples, p: NDArray) -> dict[str, tuple[float, float]]:
    """95% bootstrap intervals over the questions as their sets label them."""
    random, result = np.random.default_rng(0), {}
    for name in sorted(set(examples.sets)):
        here = np.flatnonzero((examples.sets == name) & (examples.kinds == "corpus"))
        yes, no = (p[here[examples.answerable[here] == kind]] for kind in (1, 0))
        if len(no):
            draws = [
                roc_auc(random.choice(yes, len(yes)), random.choice(no, len(no))) for _ in range(RESAMPLES)
            ]
            result[name] = tuple(round(float(v), 3) for v in np.percentile(draws, [2.5, 97.5]))
    return result


def thresholds(examples: Examples, p: NDArray) -> dict[str, dict]:
    """For each set the highest threshold that refuses at most REFUSED of its answerable questions; and what
    the lowest of them, rounded down to hundredths, refuses."""
    asked = {}
    # Of fifty answerable questions 2.5% is one: the pairs are taken together.
    sets = np.array(["all pairs" if name.endswith(OF_PAIRS) else name for name in examples.sets])
    for name in sorted(set(sets)):
        own = {kind: (sets == name) & (examples.kinds == kind) for kind in KINDS_WEIGHT}
        labelled = own["corpus"] & (examples.answerable == 1)
        asked[name] = {"answerable": np.sort(p[labelled])}
        asked[name] |= {kind: p[rows & (examples.answerable == 0)] for kind, rows in own.items()}
    highest = {n: float(k["answerable"][int(REFUSED * len(k["answerable"]))]) for n, k in asked.items()}
    default = np.floor(min(highest.values()) * 100) / 100
    refused = {
        name: {kind: round(float((q < default).mean()), 3) for kind, q in kinds.items() if len(q)}
        for name, kinds in asked.items()
    }
    return {"default": float(default), "of sets": highest, "refused": refused}


def auc(examples: Examples, p: NDArray) -> dict[str, float]:
    """By set and kind; made-up unanswerable questions stand against the set's answerable ones."""
    figures = {}
    for name in sorted(set(examples.sets)):
        for kind in ("corpus", "own", "removed", "other", "cousin"):
            here = (examples.sets == name) & (examples.kinds == kind)
            if kind in ("removed", "other", "cousin"):
                here |= (examples.sets == name) & (examples.kinds == "corpus") & (examples.answerable == 1)
            if len(set(examples.answerable[here])) == 2:
                figures[f"{name}, {kind}"] = round(
                    float(roc_auc_score(examples.answerable[here], p[here])), 3
                )
    of_pairs = [value for name, value in figures.items() if name.endswith(f"{OF_PAIRS}, corpus")]
    return figures | {"mean of all pairs, corpus": round(float(np.mean(of_pairs)), 3)}


def markdown(report: dict) -> str:
    """The tables of ROC-AUC and of thresholds."""
    columns, found = list(report["auc"]), report["thresholds"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    lines = ["# Training of the answerability model", ""]
    lines += [f"{report['date']}, {report['machine']}, {versions}, seed {report['seed']}."]
    lines += ["ROC-AUC out of fold, by article.", ""]
    lines += ["| questions | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in report["auc"]["best cosine"]:
        lines.append("| " + " | ".join([row, *(f"{report['auc'][c][row]:.3f}" for c in columns)]) + " |")
    shown = ", ".join(f"{name} {low:.3f} to {high:.3f}" for name, (low, high) in report["interval"].items())
    lines += ["", KINDS, "", f"95% bootstrap intervals of “all, by article”, corpus: {shown}.", ""]
    lines += ["## The threshold", "", RULE.format(found["default"]), ""]
    kinds = ["answerable", *KINDS_WEIGHT]
    lines += ["| set | its own threshold | " + " | ".join(kinds) + " |", "|---" * (len(kinds) + 2) + "|"]
    for name, refused in found["refused"].items():
        cells = [f"{refused[kind]:.1%}" if kind in refused else "" for kind in kinds]
        lines.append(f"| {name} | {found['of sets'][name]:.3f} | " + " | ".join(cells) + " |")
    return "\n".join(
        [
            *lines,
            "",
            "[NOTES.md](NOTES.md) says what was tried.",
            "",
            "Made by `benchmarks/abstention/train.py`.",
            "",
        ]
    )
