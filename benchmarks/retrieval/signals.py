"""Signals of every candidate, by the product's own index, and nDCG@10 of any ranking of them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from labelled import Labelled
from numpy.typing import NDArray
from pytrec_eval import RelevanceEvaluator

from muniment.ranking import Attributes, Entry, Fusion, ResidentIndex, terms_of
from muniment.ranking.sentences import sentence_scores
from muniment.types import SearchMode, VectorQuery

Scores = NDArray[np.float64]
Run = dict[str, float]
SETS = ("eu_ai_act", "redhat_docs", "product_docs_qa", "chunk_spans", "squad2")
NATURAL = ("product_docs_qa", "chunk_spans", "squad2")
DEEP = 100


@dataclass(frozen=True)
class Candidates:
    """Of one question: pieces by number, and each signal's scores of them, shape (n,)."""

    pieces: NDArray[np.int64]
    signals: dict[str, Scores]


class Measured:
    """A set with its indexes: with fields and sentences, and plain (one field, no sentences)."""

    def __init__(self, cache: Path, name: str, setting: str) -> None:
        path = cache / f"{name}.{setting}.json"
        self.name = name
        self.set = Labelled.load(path)
        self.questions = dict(
            zip(self.set.questions, np.load(path.with_suffix(".questions.npy")), strict=True)
        )
        self.vectors = np.load(path.with_suffix(".npy"))
        self.sentences = _sentences(path.with_suffix(".sentences.npz"), len(self.vectors))
        self.index = self._indexed(fields=True)
        self.plain = self._indexed(fields=False)
        self.reworded, self.ms_to_embed = _reworded(path.with_suffix(".reworded.npz"))
        self.reworded |= {self.set.questions[q]: vector for q, vector in self.questions.items()}
        self._gains = {q: dict(g) for q, g in self.set.gains.items()}
        self._judge = RelevanceEvaluator(self._gains, {"ndcg_cut.10"})

    def _indexed(self, *, fields: bool) -> ResidentIndex:
        index = ResidentIndex(self.vectors.shape[1])
        for number, piece in enumerate(self.set.pieces):
            headings = piece.headings if fields else []
            context = piece.context if fields else ""
            text = piece.text if fields else piece.embedding_text
            sentences = self.sentences[number] if fields else None
            attributes = Attributes(piece.document, (), {})
            terms = terms_of(text, context, headings)
            index.upsert([Entry(number, attributes, terms, self.vectors[number], sentences)])
        return index

    def search(self, question: str, mode: SearchMode, fusion: Fusion, *, plain: bool) -> Run:
        """Scores by piece as the product ranks them, best first."""
        asked = VectorQuery(mode, DEEP, self.set.questions[question], self.questions[question])
        found = (self.plain if plain else self.index).search(asked, fusion)
        return {str(one.id): one.score for one in found}

    def candidates(self, question: str) -> Candidates:
        """All that a hybrid search fuses."""
        return self.candidates_of(self.set.questions[question])

    def candidates_of(self, text: str) -> Candidates:
        """The same for a text that was embedded with the set's questions."""
        asked = VectorQuery(SearchMode.HYBRID, 10 * DEEP, text, self.reworded[text])
        depth, found = 10 * DEEP, self.index.search(asked, Fusion.WEIGHTED)
        keep = [
            one
            for one in found
            if one.scores["cosine_rank"] <= DEEP or one.scores.get("bm25_rank", depth) <= DEEP
        ]
        names = ("cosine", "bm25", "phrase", "sentence")
        return Candidates(
            np.array([one.id for one in keep], np.int64),
            {name: np.array([one.scores.get(name, 0.0) for one in keep]) for name in names},
        )

    def signals_of(self, text: str, pieces: NDArray[np.int64]) -> dict[str, Scores]:
        """Each signal of these pieces for a text that was embedded with the set's questions."""
        vector = self.reworded[text]
        cosine: Scores = np.einsum("ij,j->i", self.vectors[pieces], vector).astype(np.float64)
        own = [self.sentences[n] for n in pieces]
        kept = [one if one is not None else np.zeros((0, len(vector)), np.int8) for one in own]
        place = np.repeat(np.arange(len(pieces)), [len(one) for one in kept])
        nearest = sentence_scores(np.concatenate(kept), place, len(pieces), vector)
        sentence = np.where(np.isnan(nearest), cosine, nearest)
        return {"cosine": cosine, **self.index.keyword_signals(text, pieces.tolist()), "sentence": sentence}

    def ndcg_of(self, question: str, pieces: NDArray[np.int64], scores: Scores) -> float:
        """nDCG@10 of one question; quicker than the judge, and equal to it."""
        gains = self.set.gains[question]
        found: dict[str, int] = {}
        for place in np.argsort(-scores, kind="stable"):
            for unit in self.set.pieces[int(pieces[place])].units:
                found.setdefault(unit, gains.get(unit, 0))
            if len(found) >= 10:
                break
        return discounted(list(found.values())) / discounted(sorted(gains.values(), reverse=True))

    def ndcg(self, runs: dict[str, Run]) -> NDArray[np.float64]:
        """nDCG@10 of each question, in the set's order; a unit takes the place of its best piece."""
        judged = self._judge.evaluate({question: self._units(run) for question, run in runs.items()})
        return np.array([judged[q]["ndcg_cut_10"] for q in self.set.questions])

    def relevant(self, question: str, pieces: NDArray[np.int64]) -> Scores:
        """The highest gain among the units of each piece."""
        gains = self._gains[question]
        units = (self.set.pieces[int(number)].units for number in pieces)
        return np.array([max((gains.get(unit, 0) for unit in own), default=0) for own in units], float)

    def _units(self, run: Run) -> dict[str, float]:
        ordered = sorted(run, key=lambda number: (-run[number], int(number)))
        units = dict.fromkeys(unit for number in ordered for unit in self.set.pieces[int(number)].units)
        return {unit: float(-place) for place, unit in enumerate(units)}


def _sentences(path: Path, count: int) -> list[NDArray[np.int8] | None]:
    if not path.exists():
        return [None] * count
    with np.load(path) as file:
        parts = np.split(file["vectors"], np.cumsum(file["counts"])[:-1])
    # As the store keeps them: one sentence alone says what the passage's own vector says.
    return [part if len(part) > 1 else None for part in parts]


def _reworded(path: Path) -> tuple[dict[str, NDArray[np.float32]], float]:
    """Vectors of other wordings, and the CPU ms that one takes."""
    if not path.exists():
        return {}, 0.0
    with np.load(path) as file:
        texts = json.loads(str(file["texts"]))
        return dict(zip(texts, file["vectors"], strict=True)), float(file["ms"])


def discounted(gains: Sequence[int]) -> float:
    """Discounted cumulative gain of the first ten."""
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains[:10]))


def standard(scores: Scores) -> Scores:
    """Standardised over the candidates."""
    deviation = scores.std()
    return (scores - scores.mean()) / deviation if deviation > 1e-12 else np.zeros(len(scores))


Figures = dict[str, NDArray[np.float64]]
"""nDCG@10 of each question by set."""


def paired(new: Figures, old: Figures, draws: int = 2000) -> dict[str, list[float]]:
    """Mean, difference and its 95% paired bootstrap interval, by set, ``macro`` and ``natural``."""
    rng = np.random.default_rng(0)
    resampled, out = {}, {}
    for name in new:
        difference = new[name] - old[name]
        resampled[name] = difference[rng.integers(0, len(difference), (draws, len(difference)))].mean(1)
        out[name] = _row([float(new[name].mean())], [float(difference.mean())], resampled[name])
    for label, names in (("macro", list(new)), ("natural", [n for n in new if n in NATURAL])):
        means = [float(new[n].mean()) for n in names]
        differences = [float((new[n] - old[n]).mean()) for n in names]
        out[label] = _row(means, differences, np.mean([resampled[n] for n in names], axis=0))
    return out


def _row(means: list[float], differences: list[float], draws: NDArray[np.float64]) -> list[float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return [round(float(x), 4) for x in (np.mean(means), np.mean(differences), low, high)]
