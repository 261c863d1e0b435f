"""The weights: a reader, and three ways of weighing it up with the signals."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from muniment.answerability.reader import Reader


@dataclass(frozen=True, slots=True)
class Weighing:
    """A logistic regression; ``coefficients`` and ``centre`` have one entry for each signal."""

    coefficients: NDArray[np.float32]
    centre: NDArray[np.float32]
    intercept: float

    def log_odds(self, counted: NDArray[np.float32]) -> float:
        """The log-odds that the documents answer."""
        return float((counted - self.centre) @ self.coefficients) + self.intercept


@dataclass(frozen=True, slots=True)
class Model:
    """All that was trained.

    Attributes:
        all: weighs the signals and the reader's opinion.
        vectors: weighs the signals alone, for other embedding models than the reader's.
        words: weighs those signals that need no vectors.
        encoder_sha256: of the weights of the embedding model whose states the reader reads.
    """

    reader: Reader
    all: Weighing
    vectors: Weighing
    words: Weighing
    encoder_sha256: str


@cache
def load_model() -> Model:
    """The packaged weights, read once."""
    folder = files("muniment.answerability")
    about = json.loads((folder / "weights.json").read_text("utf-8"))
    with (folder / "weights.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        weights = {name: arrays[name].astype(np.float32) for name in arrays.files}
    return Model(
        Reader(weights),
        _weighing(about["weighings"]["all"]),
        _weighing(about["weighings"]["vectors"]),
        _weighing(about["weighings"]["words"]),
        about["encoder_sha256"],
    )


class _StoredWeighing(TypedDict):
    coefficients: list[float]
    centre: list[float]
    intercept: float


def _weighing(stored: _StoredWeighing) -> Weighing:
    return Weighing(
        np.array(stored["coefficients"], np.float32),
        np.array(stored["centre"], np.float32),
        stored["intercept"],
    )
