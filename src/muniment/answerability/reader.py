"""A small network that reads a question against a few windows of text, on an embedding model's token states.

Two transformer layers (Vaswani et al. 2017, normalised before each part as in Xiong et al. 2020) over the
tokens of question and windows together. Each token brings its state at one layer of the embedding model,
reduced to its principal directions, and how well the other side matches it at several layers. What comes
out is pooled by attention over the question and over the windows. Trained by
benchmarks/abstention/train.py; here it is only computed.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from muniment.protocols import TokenStates

Array: TypeAlias = NDArray[np.float32]

CONTEXT = 2
"""Place of the layer among ``TokenStates.layers`` whose states the tokens bring along."""
MATCHED = 3
"""How many of ``TokenStates.layers``, from the first, tokens are matched at."""
_HEADS = 4
_EPSILON = 1e-5
_FIRST_WORD = 1997
_LEAST = 0.02
_SUREST = 3.0


class Reader:
    """Reads with given weights; holds no state, so threads may share it."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = weights
        self._layers = sum(name.endswith(".qkv.weight") for name in weights)

    def read(self, question: TokenStates, windows: Sequence[TokenStates]) -> float:
        """The log-odds that the windows answer the question, cut to -3 to 3. At least one window."""
        of_question, of_windows = matches(question, windows)
        asked = self._linear(self._reduced(question), "proj") + self._linear(of_question, "fq")
        reduced = np.concatenate([self._reduced(window) for window in windows])
        given = self._linear(reduced, "proj") + self._linear(of_windows, "fp")
        states = np.concatenate([asked, given])
        for layer in range(self._layers):
            states = self._layer(states, f"ls.{layer}.")
        states = self._norm(states, "n")
        parts = [
            self._pooled(states[: len(asked)], "aq"),
            self._pooled(states[len(asked) :], "ap"),
        ]
        hidden = np.maximum(self._linear(np.concatenate(parts)[None], "c1"), 0)
        return float(np.clip(self._linear(hidden, "c2")[0, 0], -_SUREST, _SUREST))

    def _reduced(self, text: TokenStates) -> Array:
        reduced: Array = (text.layers[CONTEXT] - self._weights["mean"]) @ self._weights["directions"]
        return reduced

    def _linear(self, values: Array, name: str) -> Array:
        return values @ self._weights[name + ".weight"].T + self._weights[name + ".bias"]

    def _norm(self, values: Array, name: str) -> Array:
        centred = values - values.mean(1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(1, keepdims=True) + _EPSILON)
        normal: Array = centred / scale * self._weights[name + ".weight"] + self._weights[name + ".bias"]
        return normal

    def _layer(self, states: Array, name: str) -> Array:
        joined = self._linear(self._norm(states, name + "n1"), name + "qkv")
        length, width = states.shape
        query, key, value = joined.reshape(length, 3, _HEADS, width // _HEADS).transpose(1, 2, 0, 3)
        scores = query @ key.transpose(0, 2, 1) / np.float32((width // _HEADS) ** 0.5)
        attended = (_softmax(scores) @ value).transpose(1, 0, 2).reshape(length, width)
        states = states + self._linear(attended, name + "o")
        inner = np.maximum(self._linear(self._norm(states, name + "n2"), name + "f1"), 0)
        return states + self._linear(inner, name + "f2")

    def _pooled(self, states: Array, name: str) -> Array:
        pooled: Array = _softmax(self._linear(states, name).T)[0] @ states
        return pooled


def matches(question: TokenStates, windows: Sequence[TokenStates]) -> tuple[Array, Array]:
    """How well each token is matched by the other side.

    For the question's tokens, shape (tokens, 13): the greatest cosine with any token of the windows at
    each layer and whether the token itself stands there, their fourth powers, the same within the window
    that matches best as a whole, how well that does, and 1. For the windows' tokens, shape (tokens, 8):
    greatest cosines with the question's tokens, their fourth powers, whether the token stands in the
    question, and the window's place.
    """
    asked = _unit(question.layers[:MATCHED])
    by_window: list[Array] = []
    of_windows: list[Array] = []
    for place, window in enumerate(windows):
        cosines = asked @ _unit(window.layers[:MATCHED]).transpose(0, 2, 1)
        same = question.ids[:, None] == window.ids[None, :]
        by_window.append(np.column_stack([cosines.max(2).T, same.any(1)]).astype(np.float32))
        of_tokens = cosines.max(1).T
        places = np.full(len(window.ids), place / 4)
        of_windows.append(np.column_stack([of_tokens, of_tokens**4, same.any(0), places]).astype(np.float32))
    each = np.stack(by_window)
    best = int(each.mean(1).sum(1).argmax())
    anywhere = each.max(0)
    whole = np.full((len(anywhere), 1), each[:, :, -2].mean(1).max())
    of_question = np.concatenate(
        [anywhere, anywhere[:, :-1] ** 4, each[best], whole, np.ones_like(whole)], axis=1
    )
    return of_question.astype(np.float32), np.concatenate(of_windows)


def closeness(question: TokenStates, windows: Sequence[TokenStates]) -> Array:
    """Late interaction at the last layer (Khattab and Zaharia 2020), shape (5,): each token of the question
    has its greatest cosine with any of the windows' tokens. Given are their mean and what is missing at most,
    both with rare tokens counting more; the mean of the three least; the plain mean; and the greatest mean
    that one window alone gives."""
    asked = _unit(question.layers[-1:])[0]
    each = np.stack([(asked @ _unit(window.layers[-1:])[0].T).max(1) for window in windows])
    anywhere = each.max(0)
    rarity = _rarity(question.ids)
    return np.array(
        [
            (anywhere * rarity).sum() / rarity.sum(),
            ((1 - anywhere) * rarity).max(),
            np.sort(anywhere)[:3].mean(),
            anywhere.mean(),
            each.mean(1).max(),
        ],
        np.float32,
    )


def _rarity(ids: NDArray[np.int64]) -> Array:
    """From about 0 to 1: BERT's vocabulary stands in the order of frequency, behind marks and letters."""
    rarity = np.log(np.maximum(ids, 1) / 1000.0) / np.log(30.0)
    clipped: Array = np.where(ids < _FIRST_WORD, _LEAST, np.clip(rarity, _LEAST, 1.0)).astype(np.float32)
    return clipped


def _unit(states: Array) -> Array:
    lengths = np.linalg.norm(states, axis=2, keepdims=True)
    unit: Array = states / np.maximum(lengths, 1e-6)
    return unit


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    shares: Array = raised / raised.sum(-1, keepdims=True)
    return shares
