"""Trains the reader and the weighings of muniment/answerability; measures both out of fold.

usage: train.py --examples FOLDER --tokenizer FILE [--seed 0] [--epochs 4] [--measure-only] [--out FILE]

FOLDER is what examples.py wrote, FILE the tokenizer.json of all-MiniLM-L6-v2. Wants requirements.txt in an
environment of its own (CPU, one thread, some five minutes when idle); pass the product's src on PYTHONPATH.
The reader is trained four times, each time without two of the eight squad2 articles and a quarter of every
other set; the weighing is fitted on what the reader said of those it had not seen, again four times, and
once more without each set. What is shipped is then fitted in the same way to all. The threshold of a set is
the highest that refuses at most REFUSED of its answerable questions out of fold; the lowest of all sets is
the default of ``answers.min_confidence``.
"""

import argparse
import json
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch
from figures import figures, markdown
from labelled import FOLDS, Examples
from network import Network
from numpy.typing import NDArray
from sets import OF_PAIRS
from weighing import ALL_SIGNS, SIGNS, WORDS_SIGNS, Weighing, balanced

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from machine import describe

BATCH, RATE, DECAY, LOOKS = 32, 2e-3, 0.05, 0.3
SET_WEIGHT = {"clapnq": 3.0, "product_docs_qa": 3.0, "chunk_spans": 2.0}
PAIRS_WEIGHT = 2.0
OTHERS_KEPT = 0.35
SUREST = 3.0
PACKAGE = Path(__file__).resolve().parents[2] / "src" / "muniment" / "answerability"


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
    by_set = PAIRS_WEIGHT if row["set"].endswith(OF_PAIRS) else SET_WEIGHT.get(row["set"], 1.0)
    return by_set if row["kind"] in ("corpus", "removed") else 0.7


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


def opinions_out_of_fold(
    examples: Examples, usable: NDArray[np.bool_], epochs: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """What readers say of the rows that they were trained without."""
    said, begun = np.zeros(len(examples.rows)), time.process_time()
    for fold in range(FOLDS):
        rest, here = np.flatnonzero(usable & (examples.folds != fold)), np.flatnonzero(examples.folds == fold)
        said[here] = opinions(examples, train(examples, rest, epochs, random), here)
        print("fold", fold, round(time.process_time() - begun), "s of CPU", flush=True)
    return said


def measure(a: argparse.Namespace) -> None:
    """Out-of-fold figures, then the weights."""
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    random = np.random.default_rng(a.seed)
    examples = Examples(a.examples, a.tokenizer)
    kept = random.random(len(examples.rows)) < OTHERS_KEPT
    usable = (examples.sets != "sample") & (examples.kinds != "own")
    usable &= np.isin(examples.kinds, ["corpus", "removed"]) | kept
    said = opinions_out_of_fold(examples, usable, a.epochs, random)
    everything = np.column_stack([examples.signals["all"], examples.closeness, said])
    report = {
        "date": date.today().isoformat(),
        "machine": describe(),
        "versions": {module.__name__: module.__version__ for module in (torch, np)},
        "seed": a.seed,
        "epochs": a.epochs,
        **figures(examples, everything, said),
    }
    a.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    a.out.with_name("TRAINING.md").write_text(markdown(report), "utf-8")
    print(markdown(report))
    if not a.measure_only:
        write(examples, train(examples, np.flatnonzero(usable), a.epochs, random), everything)


def write(examples: Examples, network: Network, everything: NDArray) -> None:
    """The package's weights."""
    arrays = {name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()}
    arrays |= {"mean": examples.mean.astype("f2"), "directions": examples.directions.astype("f2")}
    np.savez_compressed(PACKAGE / "weights.npz", **arrays)
    weights = balanced(examples)
    used = weights > 0
    weighings = {
        name: Weighing.fit(x[used], examples.answerable[used], weights[used], signs).stored()
        for name, x, signs in (
            ("all", everything, ALL_SIGNS),
            ("vectors", examples.signals["vectors"], SIGNS),
            ("words", examples.signals["words"], WORDS_SIGNS),
        )
    }
    about = {"encoder": "all-MiniLM-L6-v2", "encoder_sha256": examples.sha256, "weighings": weighings}
    (PACKAGE / "weights.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of all-MiniLM-L6-v2")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--measure-only", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "training.json")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
