"""Ways of ranking that were tried beside the product's: other wordings, other candidates, other orders."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from asking import asking, content, focused, parts
from exact import KINDS, Exact
from numpy.typing import NDArray
from signals import DEEP, Candidates, Measured, Scores, standard
from weighing import NAMES

from muniment.ranking import Fusion
from muniment.ranking.fusion import weights
from muniment.ranking.sentences import sentence_scores
from muniment.types import SearchMode, VectorQuery

Ranked = tuple[NDArray[np.int64], Scores]
Ranker = Callable[[str], Ranked]
WORDS, VECTOR = np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0])
"""Which of NAMES look at the question's words, and which at its vector."""
LOOKED_AT, PLACED = 30, 15
"""Of the best 30 the first 15 places are dealt out one after another where an order is to be diverse."""


@dataclass(frozen=True)
class Trial:
    """An idea in its variants.

    ``plain`` ranks as the default by the same means: what the time of the variants is compared with.
    ``embedded`` are texts embedded beside the question, a question.
    """

    plain: Ranker
    variants: dict[str, Ranker]
    embedded: float = 0.0


class Trials:
    """All trials over one set; a ranker takes a question's id."""

    def __init__(self, measured: Measured) -> None:
        self._set = measured
        self._weights = np.array([weights()[name] for name in NAMES])
        self._found = {q: measured.candidates(q) for q in measured.set.questions}
        self._exact = Exact([piece.embedding_text for piece in measured.set.pieces])
        self._tokens = [set(piece.embedding_text.lower().split()) for piece in measured.set.pieces]
        self.trials = {**self._wordings(), **self._depths(), **self._orders(), **self._shapes()}
        for label, kinds in KINDS.items():
            self.trials[f"exact match of {label}"] = self._exactly(kinds)

    def asked(self, question: str) -> str:
        return self._set.set.questions[question]

    def columns(self, question: str) -> tuple[NDArray[np.int64], Scores]:
        """Candidates and their standardised signals, shape (n, NAMES)."""
        found = self._found[question]
        return found.pieces, _standardised(found)

    def default(self, question: str) -> Ranked:
        pieces, columns = self.columns(question)
        return pieces, columns @ self._weights

    # -- the question in other words

    def _wordings(self) -> dict[str, Trial]:
        rules = {"question without its frame": focused, "the same, and only what asks": asking}
        rules["content words only"] = content
        kinds = {"for words": WORDS, "for the vector": VECTOR}
        trials = {
            f"{label}, {kind}": self._reworded(rule, mask, kind == "for the vector")
            for label, rule in rules.items()
            for kind, mask in kinds.items()
        }
        asked = list(self._set.set.questions.values())
        more = sum(len(parts(text)) for text in asked if len(parts(text)) > 1) / len(asked)
        joins = {"mean 0.3": (0.3, "mean"), "mean 0.6": (0.6, "mean"), "max 0.3": (0.3, "max")}
        joins |= {"max 0.6": (0.6, "max"), "in turn 0.3": (0.3, "turn"), "in turn 0.6": (0.6, "turn")}
        variants = {name: self._joined(share, how) for name, (share, how) in joins.items()}
        trials["compound question in its parts"] = Trial(self.default, variants, more)
        return trials

    def _reworded(self, rule: Callable[[str], str], mask: Scores, embeds: bool) -> Trial:
        asked = list(self._set.set.questions.values())
        more = sum(rule(text) != text for text in asked) / len(asked) if embeds else 0.0

        def ranker(share: float) -> Ranker:
            def rank(question: str) -> Ranked:
                pieces, columns = self.columns(question)
                text = rule(self.asked(question))
                if text != self.asked(question):
                    other = _standardised(Candidates(pieces, self._set.signals_of(text, pieces)))
                    columns = columns * (1 - share * mask) + other * share * mask
                return pieces, columns @ self._weights

            return rank

        def higher(question: str) -> Ranked:
            found, text = self._found[question], rule(self.asked(question))
            other = self._set.signals_of(text, found.pieces)
            raised = {
                n: np.maximum(v, other[n]) if mask[NAMES.index(n)] else v for n, v in found.signals.items()
            }
            return found.pieces, _standardised(Candidates(found.pieces, raised)) @ self._weights

        variants = {f"mean {share}": ranker(share) for share in (0.3, 0.6)}
        return Trial(self.default, {**variants, "in its place": ranker(1.0), "max": higher}, more)

    def _joined(self, share: float, how: str) -> Ranker:
        def rank(question: str) -> Ranked:
            texts = parts(self.asked(question))
            if len(texts) < 2:
                return self.default(question)
            own = [self._set.candidates_of(text).pieces for text in texts]
            pieces = np.unique(np.concatenate([self._found[question].pieces, *own]))
            whole = self._fused(self.asked(question), pieces)
            each = np.stack([self._fused(text, pieces) for text in texts])
            if how == "turn":
                places = np.argsort(np.argsort(-each, axis=1, kind="stable"), axis=1)
                joined = standard(-np.log(places.min(axis=0) + 1.0)) * whole.std()
            else:
                joined = each.max(axis=0) if how == "max" else each.mean(axis=0)
            return pieces, (1 - share) * whole + share * joined

        return rank

    def _fused(self, text: str, pieces: NDArray[np.int64]) -> Scores:
        fused: Scores = _standardised(Candidates(pieces, self._set.signals_of(text, pieces))) @ self._weights
        return fused

    # -- other candidates

    def _depths(self) -> dict[str, Trial]:
        depths = {"50": self._shallow, "200": self._deep(2 * DEEP), "400": self._deep(4 * DEEP)}
        nearest = {f"{count}": self._nearest(count) for count in (20, 50, 100)}
        return {
            "another number of candidates than 100 and 100": Trial(self._deep(DEEP), depths),
            "candidates by the nearest sentence too": Trial(self._nearest(0), nearest),
        }

    def _shallow(self, question: str) -> Ranked:
        found = self._found[question]
        first = [np.argsort(-found.signals[name], kind="stable")[:50] for name in ("cosine", "bm25")]
        kept = np.unique(np.concatenate(first))
        fewer = Candidates(found.pieces[kept], {n: values[kept] for n, values in found.signals.items()})
        return fewer.pieces, _standardised(fewer) @ self._weights

    def _deep(self, depth: int) -> Ranker:
        """By the product's own search, which looks as deep as it is asked to."""

        def rank(question: str) -> Ranked:
            vector = self._set.questions[question]
            asked = VectorQuery(SearchMode.HYBRID, depth, self.asked(question), vector)
            found = sorted(self._set.index.search(asked, Fusion.WEIGHTED), key=lambda one: one.id)
            return np.array([one.id for one in found]), np.array([one.score for one in found])

        return rank

    def _nearest(self, count: int) -> Ranker:
        kept = [one if one is not None else np.zeros((0, 1), np.int8) for one in self._set.sentences]
        place = np.repeat(np.arange(len(kept)), [len(one) for one in kept])
        everything = np.concatenate([one for one in kept if len(one)])

        def rank(question: str) -> Ranked:
            pieces = self._found[question].pieces
            if count:
                vector = self._set.questions[question]
                near = sentence_scores(everything, place, len(kept), vector)
                more = np.argsort(-np.nan_to_num(near, nan=-1.0), kind="stable")[:count]
                pieces = np.union1d(pieces, more)
            return pieces, self._fused(self.asked(question), pieces)

        return rank

    # -- other orders

    def _orders(self) -> dict[str, Trial]:
        near: dict[str, Penalty] = {"passages near one already ranked (MMR)": self._nearness}
        near["passages that share words with one already ranked"] = self._overlap
        near["passages of a document already ranked"] = self._same_document
        near["passages beside one already ranked"] = self._beside
        strengths = dict.fromkeys(near, (0.1, 0.3, 0.6))
        strengths["passages that share words with one already ranked"] = (0.5, 1.0, 2.0)
        trials = {
            f"less for {name}": Trial(
                self.default, {f"{s}": self._diverse(penalty, s) for s in strengths[name]}
            )
            for name, penalty in near.items()
        }
        trials["of equal scores the later passage first"] = Trial(self.default, {"always": self._later})
        return trials

    def _later(self, question: str) -> Ranked:
        pieces, scores = self.default(question)
        return pieces[::-1], scores[::-1]

    def _diverse(self, penalty: "Penalty", strength: float) -> Ranker:
        def rank(question: str) -> Ranked:
            pieces, scores = self.default(question)
            left = dict.fromkeys(np.argsort(-scores, kind="stable")[:LOOKED_AT].tolist(), 0.0)
            out, highest = scores.copy(), float(scores.max())
            for place in range(min(PLACED, len(left))):
                best = max(left, key=lambda row: (scores[row] - strength * left[row], -row))
                left.pop(best)
                out[best] = highest + PLACED - place
                for row in left:
                    left[row] = max(left[row], penalty(int(pieces[row]), int(pieces[best])))
            return pieces, out

        return rank

    def _nearness(self, one: int, other: int) -> float:
        return float(self._set.vectors[one] @ self._set.vectors[other])

    def _overlap(self, one: int, other: int) -> float:
        mine, theirs = self._tokens[one], self._tokens[other]
        return len(mine & theirs) / max(1, min(len(mine), len(theirs)))

    def _same_document(self, one: int, other: int) -> float:
        pieces = self._set.set.pieces
        return float(pieces[one].document == pieces[other].document)

    def _beside(self, one: int, other: int) -> float:
        pieces = self._set.set.pieces
        near = abs(pieces[one].ordinal - pieces[other].ordinal) == 1
        return float(near and pieces[one].document == pieces[other].document)

    # -- exact matches

    def _exactly(self, kinds: str) -> Trial:
        def ranker(strength: float, *, standardised: bool) -> Ranker:
            def rank(question: str) -> Ranked:
                pieces, scores = self.default(question)
                share = self._exact.shares(self.asked(question), kinds)[pieces]
                return pieces, scores + strength * (standard(share) if standardised else share)

            return rank

        variants = {f"standardised {s}": ranker(s, standardised=True) for s in (0.1, 0.2, 0.4)}
        variants |= {f"as it is {s}": ranker(s, standardised=False) for s in (0.2, 0.4, 0.8)}
        return Trial(self.default, variants)

    # -- other sums of the same scores

    def _shapes(self) -> dict[str, Trial]:
        both = {f"{s}": self._summed(partial(_with_product, s, self._weights)) for s in (0.025, 0.05, 0.1)}
        floors = {f"{at}": self._summed(partial(_floored, at, self._weights)) for at in (-0.5, 0.0)}
        powers = {f"{p}": self._summed(partial(_powered, p, self._weights)) for p in (0.8, 1.1, 1.2, 1.35)}
        shares = (-0.4, -0.2, 0.2, 0.4)
        lengths = {
            f"{s}": self._by(s, lambda q, c: math.log(len(_words(self.asked(q))) / 11)) for s in shares
        }
        margins = {f"{s}": self._by(s, lambda q, c: _margin(c[:, 0])) for s in shares}
        return {
            "product of what BM25 and sentence have above their means": Trial(self.default, both),
            "a score lower than this counts as this": Trial(self.default, floors),
            "standardised scores to a power": Trial(self.default, powers),
            "weight of the vector's scores by the question's length": Trial(self.default, lengths),
            "weight of the vector's scores by how far the first is ahead": Trial(self.default, margins),
        }

    def _summed(self, sum_of: Callable[[Scores], Scores]) -> Ranker:
        def rank(question: str) -> Ranked:
            pieces, columns = self.columns(question)
            return pieces, sum_of(columns)

        return rank

    def _by(self, strength: float, measure: Callable[[str, Scores], float]) -> Ranker:
        def rank(question: str) -> Ranked:
            pieces, columns = self.columns(question)
            factor = 1 + strength * float(np.clip(measure(question, columns), -1, 1)) * VECTOR
            return pieces, columns @ (self._weights * factor)

        return rank


Penalty = Callable[[int, int], float]


def _standardised(found: Candidates) -> Scores:
    return np.stack([standard(found.signals[name]) for name in NAMES], axis=1)


def _with_product(strength: float, by: Scores, columns: Scores) -> Scores:
    above = np.maximum(columns, 0)
    product = above[:, NAMES.index("bm25")] * above[:, NAMES.index("sentence")]
    return columns @ by + strength * product


def _floored(least: float, by: Scores, columns: Scores) -> Scores:
    return np.maximum(columns, least) @ by


def _powered(power: float, by: Scores, columns: Scores) -> Scores:
    return (np.sign(columns) * np.abs(columns) ** power) @ by


def _margin(scores: Scores) -> float:
    """Log of the distance between the first and the tenth, in standard deviations."""
    ordered = np.sort(scores)[::-1]
    return math.log(max(float(ordered[0] - ordered[min(9, len(ordered) - 1)]), 0.05))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text) or [text]
