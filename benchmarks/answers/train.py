"""Fits the weights by which the extractive generator chooses a sentence.

usage: train.py --sample FOLDER --data DATA [--cache FILE] [--write FILE]

A question's candidates are weighed by a linear model over their signals
(muniment.providers.extractive.signals), fitted so that the softmax over the candidates falls on those that
hold the gold answer (conditional logit, McFadden 1974; every set counts alike). Prints, for each set, how
often the first choice holds the answer: with all sets in the fit, by five folds of articles, and with the
set left out. With --write the weights of all sets together go into the module that ships them.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from gathered import CLAPNQ, SAMPLE, SPANS, SQUAD, Case, gather

from muniment.providers.extractive.choice import BY_HAND
from muniment.providers.extractive.nearness import embedded_text
from muniment.providers.extractive.question import read_question
from muniment.providers.extractive.shortlist import weighed
from muniment.providers.extractive.signals import SIGNALS

SETS = (SAMPLE, SQUAD, CLAPNQ, SPANS)
FITTED = [index for index, name in enumerate(SIGNALS) if name not in BY_HAND]
NAMES = [SIGNALS[index] for index in FITTED]
FOLDS = 5
PENALTY = 0.3
STEPS = 200
RATE = 0.3


@dataclass(frozen=True)
class Choice:
    """The candidates of one question: ``signals`` (n, signals), ``cosines`` and ``right`` (n,)."""

    set: str
    fold: int
    signals: NDArray[np.float64]
    cosines: NDArray[np.float64]
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """Choices as one table: ``rows`` (n, columns), ``starts`` of each, ``weight`` of each."""

    rows: NDArray[np.float64]
    right: NDArray[np.bool_]
    starts: NDArray[np.intp]
    weight: NDArray[np.float64]


def choice_of(case: Case) -> Choice:
    """All candidates of a question with their signals."""
    question = read_question(case.text)
    rows, cosines, right = [], [], []
    for one in weighed(question, case.passages).scored:
        candidate = one.candidate
        rows.append(one.signals)
        cosines.append(case.cosines[embedded_text(candidate)])
        right.append(case.gold.in_unit(candidate.passage.passage, candidate.unit))
    fold = crc32(case.article.encode()) % FOLDS
    table = np.array(rows).reshape(len(rows), len(SIGNALS))[:, FITTED]
    return Choice(case.set, fold, table, np.array(cosines), np.array(right, bool))


def table(choices: Sequence[Choice], *, vectors: bool) -> Batch:
    """Choices that have a right candidate among them, and a wrong one."""
    used = [one for one in choices if one.right.any() and not one.right.all()]
    sizes = [len(one.right) for one in used]
    counts = {name: sum(one.set == name for one in used) for name in {one.set for one in used}}
    rows = [np.column_stack([one.signals, one.cosines]) if vectors else one.signals for one in used]
    return Batch(
        np.concatenate(rows),
        np.concatenate([one.right for one in used]),
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp),
        np.array([1 / counts[one.set] / len(counts) for one in used]),
    )


def fit(choices: Sequence[Choice], *, vectors: bool) -> NDArray[np.float64]:
    """Weights that make the right candidates likely, with a penalty on their squares (Adam)."""
    batch = table(choices, vectors=vectors)
    weights = np.zeros(batch.rows.shape[1])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    sizes = np.diff(np.append(batch.starts, len(batch.rows)))
    each = np.repeat(batch.weight, sizes)
    for step in range(1, STEPS + 1):
        value = batch.rows @ weights
        value = np.exp(value - np.repeat(np.maximum.reduceat(value, batch.starts), sizes))
        likely = value / np.repeat(np.add.reduceat(value, batch.starts), sizes)
        held = value * batch.right
        among = held / np.repeat(np.add.reduceat(held, batch.starts), sizes)
        gradient = batch.rows.T @ ((likely - among) * each) + PENALTY / len(sizes) * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-9)
    return weights


def hits(choices: Sequence[Choice], weights: NDArray[np.float64], *, vectors: bool) -> list[bool]:
    """Whether the first choice is right, for each question."""
    found = []
    for one in choices:
        rows = np.column_stack([one.signals, one.cosines]) if vectors else one.signals
        found.append(bool(len(rows)) and bool(one.right[int(np.argmax(rows @ weights))]))
    return found


def report(choices: Sequence[Choice], *, vectors: bool) -> tuple[NDArray[np.float64], list[str]]:
    """The weights of all sets together, and for each set a line on how often the first choice is right."""
    whole = fit(choices, vectors=vectors)
    folds = [fit([c for c in choices if c.fold != n], vectors=vectors) for n in range(FOLDS)]
    lines = []
    for name in SETS:
        mine = [one for one in choices if one.set == name]
        crossed = [hits([one], folds[one.fold], vectors=vectors)[0] for one in mine]
        without = fit([one for one in choices if one.set != name], vectors=vectors)
        lines.append(
            f"{name:12} {len(mine):9} {np.mean(hits(mine, whole, vectors=vectors)):8.3f}"
            f" {np.mean(crossed):8.3f} {np.mean(hits(mine, without, vectors=vectors)):8.3f}"
            f" {np.mean([one.right.any() for one in mine]):13.3f}"
        )
    return whole, lines


def module(words: NDArray[np.float64], vectors: NDArray[np.float64], lines: Sequence[str]) -> str:
    """The source of the module that ships the weights."""

    def shown(name: str, weights: NDArray[np.float64]) -> str:
        pairs = ", ".join(f'"{key}": {value:.2f}' for key, value in zip(NAMES, weights, strict=False))
        return f"{name} = {{{pairs},}}"

    return "\n".join(
        [
            '"""What each signal counts, as fitted by benchmarks/answers/train.py; not to be edited by hand.',
            "",
            "Share of questions whose first choice holds the answer, vectors compared: fitted to all sets,",
            "by five folds of articles, with the set left out, and the most that any choice could reach.",
            "",
            f"{'set':12} questions      all    folds left out most possible",
            *lines,
            '"""',
            "",
            shown("WORDS_ALONE", words),
            '"""Where no vectors are compared."""',
            shown("WITH_VECTORS", vectors),
            '"""Where the cosine of question and unit is known."""',
            f"COSINE = {vectors[-1]:.2f}",
            "",
        ]
    )


def main() -> None:
    """Fit and print; with --write also ship the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("gathered.pkl"))
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    cases = asyncio.run(gather(arguments.sample, arguments.data, arguments.cache))
    choices = [one for one in map(choice_of, cases) if len(one.right)]
    (words, of_words), (vectors, of_vectors) = (report(choices, vectors=known) for known in (False, True))
    source = module(words, vectors, of_vectors)
    sys.stdout.write("words alone\n" + "\n".join(of_words) + "\n\n" + source)
    if arguments.write:
        arguments.write.write_text(source, "utf-8")


if __name__ == "__main__":
    main()
