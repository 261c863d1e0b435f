"""Signals that were tried beside those of the product: each from the pieces and questions alone."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from signals import Candidates, Measured, Scores, standard

from muniment.ranking import analyze
from muniment.ranking.bm25 import FIELDS, Postings, bm25_scores, field_shares

_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|\n+")
_WORD = re.compile(r"\w+")

Signal = Callable[[str, Candidates], Scores]


class Ideas:
    """Signals of one set's candidates, by name."""

    def __init__(self, measured: Measured) -> None:
        self._set = measured
        self._pieces = measured.set.pieces
        self._terms = [analyze(piece.embedding_text) for piece in self._pieces]
        count = len(self._terms)
        frequency = Counter(term for terms in self._terms for term in set(terms))
        self._idf = {t: math.log((count - f + 0.5) / (f + 0.5) + 1) for t, f in frequency.items()}
        self._rarest = math.log((count + 0.5) / 0.5 + 1)
        self._sentences = [[set(analyze(s)) for s in _SENTENCE.split(p.text)] for p in self._pieces]
        self._neighbours = self._beside()
        self._raw = _keyword_index([_WORD.findall(p.embedding_text.lower()) for p in self._pieces])
        self._grams = _keyword_index([_grams(terms) for terms in self._terms])
        self.signals: dict[str, Signal] = {
            "share of the question's idf that stands in the passage": self._covered,
            "the same in the best sentence": self._sentence_covered,
            "words of the question within 8 of each other": self._near,
            "BM25 of unstemmed words": self._unstemmed,
            "BM25 of letter 4-grams": self._by_grams,
            "the better neighbour's fused score": self._neighbour,
            "the document's best fused score": self._document,
            "cosine with the mean of the first three": self._feedback,
            "log length": lambda q, c: np.log([len(self._terms[n]) + 1.0 for n in c.pieces]),
        }

    def _asked(self, question: str) -> str:
        return self._set.set.questions[question]

    def _unstemmed(self, question: str, found: Candidates) -> Scores:
        return _keyword(self._raw, _WORD.findall(self._asked(question).lower()), found)

    def _by_grams(self, question: str, found: Candidates) -> Scores:
        return _keyword(self._grams, _grams(analyze(self._asked(question))), found)

    def _weights(self, question: str) -> dict[str, float]:
        return {term: self._idf.get(term, self._rarest) for term in analyze(self._asked(question))}

    def _covered(self, question: str, found: Candidates) -> Scores:
        weights = self._weights(question)
        held = [sum(weights[t] for t in weights.keys() & set(self._terms[n])) for n in found.pieces]
        return np.array(held) / max(sum(weights.values()), 1e-9)

    def _sentence_covered(self, question: str, found: Candidates) -> Scores:
        weights = self._weights(question)
        return np.array(
            [
                max((sum(weights[t] for t in weights.keys() & s) for s in self._sentences[n]), default=0.0)
                for n in found.pieces
            ]
        )

    def _near(self, question: str, found: Candidates) -> Scores:
        terms, weights = analyze(self._asked(question)), self._weights(question)
        pairs = {(a, b) for a, b in pairwise(terms) if a != b}
        scores = np.zeros(len(found.pieces))
        for row, number in enumerate(found.pieces):
            places = defaultdict(list)
            for place, term in enumerate(self._terms[number]):
                if term in weights:
                    places[term].append(place)
            for a, b in pairs:
                if any(abs(x - y) <= 8 for x in places[a] for y in places[b]):
                    scores[row] += min(weights[a], weights[b])
        return scores

    def _fused(self, found: Candidates) -> Scores:
        return standard(found.signals["cosine"]) + standard(found.signals["bm25"])

    def _neighbour(self, question: str, found: Candidates) -> Scores:
        by_piece = dict(zip(found.pieces.tolist(), self._fused(found).tolist(), strict=True))
        least = min(by_piece.values())
        return np.array(
            [max((by_piece.get(o, least) for o in self._neighbours[n]), default=least) for n in found.pieces]
        )

    def _document(self, question: str, found: Candidates) -> Scores:
        fused, best = self._fused(found), defaultdict(lambda: -math.inf)
        for number, score in zip(found.pieces, fused, strict=True):
            name = self._pieces[number].document
            best[name] = max(best[name], float(score))
        return np.array([best[self._pieces[number].document] for number in found.pieces])

    def _feedback(self, question: str, found: Candidates) -> Scores:
        first = found.pieces[np.argsort(-self._fused(found), kind="stable")[:3]]
        near: Scores = (self._set.vectors[found.pieces] @ self._set.vectors[first].mean(0)).astype(np.float64)
        return near

    def _beside(self) -> dict[int, list[int]]:
        beside: dict[int, list[int]] = defaultdict(list)
        for number in range(1, len(self._pieces)):
            if self._pieces[number].document == self._pieces[number - 1].document:
                beside[number].append(number - 1)
                beside[number - 1].append(number)
        return beside


def _grams(terms: list[str]) -> list[str]:
    padded = [f"_{term}_" for term in terms]
    return [word[i : i + 4] for word in padded for i in range(max(1, len(word) - 3))]


def _keyword_index(rows: list[list[str]]) -> tuple[Postings, NDArray[np.float32]]:
    postings, lengths = Postings(), np.zeros((len(rows), FIELDS), np.float32)
    for number, terms in enumerate(rows):
        postings.add(number, (terms, (), ()))
        lengths[number, 0] = len(terms)
    return postings, lengths


def _keyword(index: tuple[Postings, NDArray[np.float32]], terms: list[str], found: Candidates) -> Scores:
    postings, lengths = index
    live = np.ones(len(lengths), np.bool_)
    scores: Scores = bm25_scores(postings, terms, field_shares(lengths, live), live)[found.pieces]
    return scores
