"""Trains the reader and the weighings of muniment/answerability; measures both out of fold.

usage: train.py --examples FOLDER --seed 0 [--epochs 2] [--measure-only] [--out results.json]

FOLDER is what examples.py wrote. Wants torch, scikit-learn and scipy in an environment of their own (CPU,
one thread, some ten minutes when idle); pass the product's src on PYTHONPATH. The reader is trained four
times, each time without two of the eight squad2 articles and a quarter of every other set; the weighing is
fitted on what the reader said of those it had not seen, again four times, and once more without each set.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import torch
from network import DIRECTIONS, OF_QUESTION, OF_WINDOWS, Network
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from machine import describe
from muniment.answerability.reader import CONTEXT, closeness, matches
from muniment.answerability.signals import NAMES
from muniment.protocols import TokenStates

FOLDS, BATCH, RATE, DECAY, LOOKS = 4, 32, 2e-3, 0.05, 0.3
KINDS_WEIGHT = {"corpus": 500.0, "removed": 250.0, "other": 150.0, "cousin": 100.0}
SAMPLE_WEIGHT = 1.6
SET_WEIGHT = {"clapnq": 3.0, "product_docs_qa": 3.0, "chunk_spans": 2.0}
OTHERS_KEPT = 0.35
PENALTY = 0.01
SUREST = 3.0
SIGNS = [1] * 7 + [-1] * 10
CLOSENESS_SIGNS = [1, -1, 1, 1, 1]
OF_VECTORS = 4  # the first signals need vectors
PACKAGE = Path(__file__).resolve().parents[2] / "src" / "muniment" / "answerability"


class Examples:
    """What examples.py wrote."""

    def __init__(self, folder: Path, tokenizer: Path) -> None:
        stored = json.loads((folder / "examples.json").read_text("utf-8"))
        self.sha256 = stored["encoder_sha256"]
        self.rows = [row for row in stored["rows"] if row["windows"]]
        self.questions, self.windows = Texts(folder / "questions.npz"), Texts(folder / "windows.npz")
        self.answerable = np.array([row["answerable"] for row in self.rows], int)
        self.sets = np.array([row["set"] for row in self.rows])
        self.kinds = np.array([row["kind"] for row in self.rows])
        self.signals = np.array([row["signals"] for row in self.rows], np.float32)
        self.folds = np.array([self._fold(row["group"]) for row in self.rows])
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._prepare()

    def _fold(self, group: str) -> int:
        articles = sorted({r["group"] for r in self.rows if r["set"] == "squad2" and r["kind"] == "corpus"})
        return articles.index(group) % FOLDS if group in articles else int(group[-1]) % FOLDS

    def _prepare(self) -> None:
        context = self.windows.states[CONTEXT].astype(np.float32)[::7]
        self.mean = context.mean(0)
        values, vectors = np.linalg.eigh(np.cov((context - self.mean).T, bias=True))
        scale = np.sqrt(values[::-1][:DIRECTIONS].mean())
        self.directions = (vectors[:, ::-1][:, :DIRECTIONS] / scale).astype(np.float32)
        for texts in (self.questions, self.windows):
            texts.reduced = ((texts.states[CONTEXT].astype(np.float32) - self.mean) @ self.directions).astype(
                "f2"
            )
        self.of_question, self.of_windows, near, self.spans = [], [], [], []
        for row in self.rows:
            question = self.questions.get(row["question"])
            windows = [self.windows.get(one) for one in row["windows"]]
            of_question, of_windows = matches(question, windows)
            self.of_question.append(of_question.astype(np.float16))
            self.of_windows.append(of_windows.astype(np.float16))
            near.append(closeness(question, windows))
            self.spans.append(self._span(row, windows) if row["kind"] in ("own", "corpus") else [])
        self.closeness = np.array(near)

    def _span(self, row: dict, windows: list[TokenStates]) -> list[int]:
        """Tokens of the windows at which the first answer found stands."""
        ids = np.concatenate([one.ids for one in windows])
        for answer in row["answers"][:3]:
            wanted = self._tokenizer.encode(answer, add_special_tokens=False).ids[:8]
            starts = (
                [s for s in np.flatnonzero(ids == wanted[0]) if list(ids[s : s + len(wanted)]) == wanted]
                if wanted
                else []
            )
            if starts:
                return [start + n for start in starts for n in range(len(wanted))]
        return []

    def batch(self, chosen: NDArray[np.int64]) -> dict[str, torch.Tensor]:
        """Padded arrays of the chosen rows."""
        length = max(len(self.of_question[i]) for i in chosen)
        given = max(len(self.of_windows[i]) for i in chosen)
        arrays = {
            "question": np.zeros((len(chosen), length, DIRECTIONS), np.float32),
            "windows": np.zeros((len(chosen), given, DIRECTIONS), np.float32),
            "of_question": np.zeros((len(chosen), length, OF_QUESTION), np.float32),
            "of_windows": np.zeros((len(chosen), given, OF_WINDOWS), np.float32),
            "question_mask": np.zeros((len(chosen), length), bool),
            "windows_mask": np.zeros((len(chosen), given), bool),
        }
        for place, i in enumerate(chosen):
            row = self.rows[i]
            parts = {
                "question": self.questions.reduced_of(row["question"]),
                "windows": np.concatenate([self.windows.reduced_of(one) for one in row["windows"]]),
                "of_question": self.of_question[i],
                "of_windows": self.of_windows[i],
            }
            for name, part in parts.items():
                arrays[name][place, : len(part)] = part
            for name in ("question", "windows"):
                arrays[name + "_mask"][place, : len(parts[name])] = True
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Texts:
    """Token states of texts."""

    def __init__(self, file: Path) -> None:
        stored = np.load(file)
        self._ids, self.states = stored["ids"], stored["states"]
        self._starts = np.concatenate([[0], np.cumsum(stored["lengths"])])
        self.reduced = np.zeros(0)

    def get(self, number: int) -> TokenStates:
        """One text; its vector is not kept."""
        part = slice(self._starts[number], self._starts[number + 1])
        return TokenStates(self._ids[part], self.states[:, part].astype(np.float32), np.zeros(0, np.float32))

    def reduced_of(self, number: int) -> NDArray[np.float16]:
        """The reduced states of one text's tokens."""
        return self.reduced[self._starts[number] : self._starts[number + 1]]


def train(examples: Examples, rows: NDArray[np.int64], epochs: int, random: np.random.Generator) -> Network:
    """A reader for these rows. Beside the answer it learns to look at where the answer stands."""
    network, losses = Network(), torch.nn.functional.binary_cross_entropy_with_logits
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * (len(rows) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.15)
    lengths = np.array([len(examples.of_windows[i]) for i in rows])
    weights = np.array([_weight(row) for row in examples.rows], np.float32)
    for _ in range(epochs):
        network.train()
        order = rows[np.argsort(lengths + random.normal(0, 25, len(rows)))]
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        for number in random.permutation(len(batches)):
            chosen = batches[number]
            odds, looks = network(examples.batch(chosen))
            wanted = torch.tensor(examples.answerable[chosen], dtype=torch.float32)
            loss = losses(odds, wanted, weight=torch.from_numpy(weights[chosen]))
            loss = loss + LOOKS * _looks_away(examples, chosen, looks)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return network


def _weight(row: dict) -> float:
    return SET_WEIGHT.get(row["set"], 1.0) if row["kind"] in ("corpus", "removed") else 0.7


def _looks_away(examples: Examples, chosen: NDArray[np.int64], looks: torch.Tensor) -> torch.Tensor:
    """Minus the log of the attention that falls on the answer, where it is known."""
    known = [place for place, i in enumerate(chosen) if examples.spans[i]]
    if not known:
        return torch.zeros(())
    inside = torch.zeros(len(known), looks.shape[1], dtype=torch.bool)
    for row, place in enumerate(known):
        inside[row, examples.spans[chosen[place]]] = True
    shares = torch.log_softmax(looks[known], 1)
    return -torch.logsumexp(shares.masked_fill(~inside, -1e4), 1).mean()


def opinions(examples: Examples, network: Network, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The reader's log-odds."""
    network.eval()
    result = np.zeros(len(rows))
    order = np.argsort([len(examples.of_windows[i]) for i in rows])
    with torch.no_grad():
        for start in range(0, len(order), 64):
            places = order[start : start + 64]
            result[places] = network(examples.batch(rows[places]))[0].numpy()
    return np.clip(result, -SUREST, SUREST)


@dataclass
class Weighing:
    """A logistic regression whose coefficients keep the sign that their signal's meaning gives them."""

    centre: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    intercept: float

    @classmethod
    def fit(cls, x: NDArray, y: NDArray, weights: NDArray, signs: list[int]) -> "Weighing":
        """Penalised by the squares of the standardised coefficients."""
        centre, spread, weights = x.mean(0), x.std(0) + 1e-6, weights / weights.mean()
        z = (x - centre) / spread

        def loss(t: NDArray) -> tuple[float, NDArray]:
            odds = z @ t[:-1] + t[-1]
            error = weights * (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - y) / len(y)
            value = np.mean(weights * (np.logaddexp(0, odds) - y * odds)) + PENALTY * np.sum(t[:-1] ** 2) / 2
            return value, np.append(z.T @ error + PENALTY * t[:-1], error.sum())

        allowed = {1: (0, None), -1: (None, 0), 0: (0, 0)}
        bounds = [*(allowed[sign] for sign in signs), (None, None)]
        found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(centre, found[:-1] / spread, float(found[-1]))

    def probability(self, x: NDArray) -> NDArray:
        """Of being answered."""
        return 1 / (1 + np.exp(-((x - self.centre) @ self.coefficients + self.intercept)))

    def stored(self) -> dict:
        """As weights.json keeps it."""
        coefficients, centre = (
            [round(float(v), 5) for v in part] for part in (self.coefficients, self.centre)
        )
        return {"coefficients": coefficients, "centre": centre, "intercept": round(self.intercept, 5)}


def balanced(examples: Examples) -> NDArray[np.float64]:
    """Weights that give every kind of question of every set its say; none to a question's second reading."""
    result = np.zeros(len(examples.rows))
    for name in set(examples.sets):
        for kind, weight in KINDS_WEIGHT.items():
            here = (examples.sets == name) & (examples.kinds == kind)
            if here.any():
                result[here] = weight * (SAMPLE_WEIGHT if name == "sample" else 1) / here.sum()
    return result


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
    return figures


def held_out(
    examples: Examples, x: NDArray, signs: list[int], parts: list[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Probabilities from weighings fitted without the part that a row is in."""
    weights, result = balanced(examples), np.zeros(len(x))
    for part in parts:
        rest = ~part & (weights > 0)
        fitted = Weighing.fit(x[rest], examples.answerable[rest], weights[rest], signs)
        result[part] = fitted.probability(x[part])
    return result


def measure(a: argparse.Namespace) -> None:
    """Out-of-fold figures, then the weights."""
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    random, begun = np.random.default_rng(a.seed), time.process_time()
    examples = Examples(a.examples, a.tokenizer)
    kept = random.random(len(examples.rows)) < OTHERS_KEPT
    usable = (examples.sets != "sample") & (examples.kinds != "own")
    usable &= np.isin(examples.kinds, ["corpus", "removed"]) | kept
    said = np.zeros(len(examples.rows))
    for fold in range(FOLDS):
        rest, here = np.flatnonzero(usable & (examples.folds != fold)), np.flatnonzero(examples.folds == fold)
        said[here] = opinions(examples, train(examples, rest, a.epochs, random), here)
        print("fold", fold, round(time.process_time() - begun), "s of CPU", flush=True)
    everything = np.column_stack([examples.signals, examples.closeness, said])
    signs = [*SIGNS, *CLOSENESS_SIGNS, 1]
    folds = [examples.folds == fold for fold in range(FOLDS)]
    sets = [examples.sets == name for name in sorted(set(examples.sets))]
    columns = dict(zip(NAMES, examples.signals.T, strict=True))
    evidence = (columns["passage cosine"] + columns["window cosine"]) / 2
    evidence = evidence + 0.2 * columns["words in the best passage"] - 0.2 * columns["names missing"]
    figures = {
        "best cosine": auc(examples, columns["passage cosine"]),
        "first above the rest": auc(examples, columns["passage cosine, first above the rest"]),
        "BM25": auc(examples, np.array([row["bm25"] for row in examples.rows])),
        "evidence before (cosines, words, names)": auc(examples, evidence),
        "reader alone": auc(examples, said),
        "signals, by article": auc(examples, held_out(examples, examples.signals, SIGNS, folds)),
        "all, by article": auc(examples, held_out(examples, everything, signs, folds)),
        "all, weighing without the set": auc(examples, held_out(examples, everything, signs, sets)),
    }
    report = {
        "date": date.today().isoformat(),
        "machine": describe(),
        "seed": a.seed,
        "epochs": a.epochs,
        "auc": figures,
    }
    a.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    a.out.with_name("TRAINING.md").write_text(markdown(report), "utf-8")
    print(markdown(report))
    if not a.measure_only:
        final = train(examples, np.flatnonzero(usable), a.epochs, random)
        write(examples, final, everything, signs)


def write(examples: Examples, network: Network, everything: NDArray, signs: list[int]) -> None:
    """The package's weights."""
    arrays = {name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()}
    arrays |= {"mean": examples.mean.astype("f2"), "directions": examples.directions.astype("f2")}
    np.savez_compressed(PACKAGE / "weights.npz", **arrays)
    weights = balanced(examples)
    used = weights > 0
    words = [0] * OF_VECTORS + SIGNS[OF_VECTORS:]
    weighings = {
        name: Weighing.fit(x[used], examples.answerable[used], weights[used], with_signs).stored()
        for name, x, with_signs in (
            ("all", everything, signs),
            ("vectors", examples.signals, SIGNS),
            ("words", examples.signals, words),
        )
    }
    about = {"encoder": "all-MiniLM-L6-v2", "encoder_sha256": examples.sha256, "weighings": weighings}
    (PACKAGE / "weights.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def markdown(report: dict) -> str:
    """The table of ROC-AUC."""
    columns = list(report["auc"])
    lines = [
        "# Training of the answerability model",
        "",
        f"{report['date']}, {report['machine']}. ROC-AUC.",
        "",
    ]
    lines += ["| questions | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in report["auc"]["best cosine"]:
        lines.append("| " + " | ".join([row, *(f"{report['auc'][c][row]:.3f}" for c in columns)]) + " |")
    return "\n".join([*lines, "", "Made by `benchmarks/abstention/train.py`.", ""])


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of all-MiniLM-L6-v2")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--measure-only", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "training.json")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
