"""Rankers fitted on the other sets: pairwise logistic regression, with interactions, and boosted trees."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from signals import Figures, Measured, Scores, standard
from weighing import NAMES

from muniment.ranking.fusion import weights

NEGATIVES, POSITIVES = 10, 3
"""Of each question the best by the default that are paired, wrong with right."""
LOOKED_AT = 30
"""How many of the best the trees order anew."""


@dataclass(frozen=True)
class Example:
    """Standardised signals (n, NAMES), scores by the default, what is known of the question, relevance."""

    question: str
    pieces: NDArray[np.int64]
    columns: Scores
    default: Scores
    context: Scores
    gains: Scores


Columns = Callable[[Example], Scores]


def plain(one: Example) -> Scores:
    """The signals alone."""
    return one.columns


def interacting(one: Example) -> Scores:
    """The signals, and each of them times each number that is known of the question."""
    return np.concatenate([one.columns, *(one.columns * number for number in one.context)], axis=1)


class Learned:
    """Fits on all sets but one, ranks that one."""

    def __init__(self, sets: list[Measured]) -> None:
        self._sets = {one.name: one for one in sets}
        self._weights = np.array([weights()[name] for name in NAMES])
        self._examples = {one.name: [self._example(one, q) for q in one.set.questions] for one in sets}

    def _example(self, measured: Measured, question: str) -> Example:
        found = measured.candidates(question)
        columns = np.stack([standard(found.signals[name]) for name in NAMES], axis=1)
        raw = {name: np.sort(found.signals[name])[::-1] for name in NAMES}
        words = len(re.findall(r"\w+", measured.set.questions[question]))
        # About 0 and of the size of 1: length, how far the first of each score is ahead, the best phrase.
        context = [
            math.log(max(words, 1)) - 2.3,
            raw["bm25"][0] / max(float(raw["bm25"][1:6].mean()), 1e-9) - 1.3,
            *((raw[name][0] - raw[name][1:10].mean()) * 10 - 1 for name in ("cosine", "sentence")),
            raw["phrase"][0] - 0.3,
        ]
        gains = measured.relevant(question, found.pieces)
        return Example(question, found.pieces, columns, columns @ self._weights, np.array(context), gains)

    def logistic(self, columns: Columns, penalty: float) -> tuple[Figures, float]:
        """Pairwise logistic loss, drawn to the default's weights by ``penalty``; ms a question."""
        models = {name: self._fitted(columns, penalty, name) for name in self._sets}
        return self._ranked(lambda name, one: columns(one) @ models[name])

    def _fitted(self, columns: Columns, penalty: float, without: str) -> Scores:
        names = [name for name in self._sets if name != without]
        parts = [_pairs(self._examples[name], columns) for name in names]
        differences = np.concatenate([rows for rows, _ in parts])
        counts = np.concatenate([counted for _, counted in parts]) / len(names)
        start = np.zeros(differences.shape[1])
        start[: len(NAMES)] = 2 * self._weights

        def loss(vector: Scores) -> tuple[float, Scores]:
            margins = differences @ vector
            slope = -(counts / (1 + np.exp(margins))) @ differences
            away = vector - start
            value = float(counts @ np.logaddexp(0, -margins) + penalty * away @ away)
            return value, slope + 2 * penalty * away

        fitted: Scores = minimize(loss, start, jac=True, method="L-BFGS-B").x
        return fitted

    def trees(self, leaves: int, rounds: int) -> tuple[Figures, float]:
        """LambdaMART over signals and context, added to the default; ms a question."""
        models = {name: self._boosted(leaves, rounds, name) for name in self._sets}

        def score(name: str, one: Example) -> Scores:
            best, scores = _best(one), 2 * one.default - 1000
            scores[best] += 1000 + models[name].predict(_rows(one, best), num_threads=1)
            return scores

        return self._ranked(score)

    def _boosted(self, leaves: int, rounds: int, without: str) -> lightgbm.Booster:
        rows, gains, groups, counts = [], [], [], []
        for name, examples in self._examples.items():
            for one in examples if name != without else []:
                best = _best(one)
                rows.append(_rows(one, best))
                gains.append((one.gains[best] > 0).astype(int))
                groups.append(len(best))
                counts.append(np.full(len(best), 300 / len(examples)))
        start = 2 * np.concatenate(rows)[:, -1]
        data = lightgbm.Dataset(
            np.concatenate(rows),
            np.concatenate(gains),
            group=groups,
            weight=np.concatenate(counts),
            init_score=start,
        )
        options = {"objective": "lambdarank", "num_leaves": leaves, "learning_rate": 0.03, "verbose": -1}
        return lightgbm.train(
            {**options, "min_data_in_leaf": 100, "num_threads": 1, "lambdarank_truncation_level": 10},
            data,
            rounds,
        )

    def _ranked(self, score: Callable[[str, Example], Scores]) -> tuple[Figures, float]:
        figured: Figures = {}
        began, count = time.process_time(), 0
        scored = {n: [score(n, one) for one in examples] for n, examples in self._examples.items()}
        spent = time.process_time() - began
        for name, examples in self._examples.items():
            count += len(examples)
            measured, own = self._sets[name], zip(examples, scored[name], strict=True)
            figured[name] = np.array([measured.ndcg_of(e.question, e.pieces, s) for e, s in own])
        return figured, spent * 1000 / count


def _pairs(examples: list[Example], columns: Columns) -> tuple[Scores, Scores]:
    """Right less wrong, a row a pair, and what each counts: every question alike, 1 in all."""
    rows, counts = [], []
    for one in examples:
        order = np.argsort(-one.default, kind="stable")
        right = order[one.gains[order] > 0][:POSITIVES]
        wrong = order[one.gains[order] == 0][:NEGATIVES]
        if len(right) and len(wrong):
            made = columns(one)
            own = (made[right][:, None] - made[wrong][None]).reshape(-1, made.shape[1])
            rows.append(own)
            counts.append(np.full(len(own), 1 / len(own)))
    return np.concatenate(rows), np.concatenate(counts) / len(counts)


def _best(one: Example) -> NDArray[np.intp]:
    return np.argsort(-one.default, kind="stable")[:LOOKED_AT]


def _rows(one: Example, best: NDArray[np.intp]) -> Scores:
    context = np.tile(one.context, (len(best), 1))
    return np.concatenate([one.columns[best], context, one.default[best, None]], axis=1)
