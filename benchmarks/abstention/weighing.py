"""The weighing of signals and reader: a logistic regression, its fit, and what it says out of fold."""

from dataclasses import dataclass

import numpy as np
from labelled import Examples
from numpy.typing import NDArray
from scipy.optimize import minimize
from sets import OF_PAIRS

KINDS_WEIGHT = {"corpus": 4.0, "removed": 1.0, "other": 1.0, "cousin": 0.5}
SAMPLE_WEIGHT = 1.6
PAIRS_WEIGHT = 0.5  # each has a tenth of the questions of most sets
PENALTY = 0.02
SIGNS = [1] * 8 + [-1] * 10
CLOSENESS_SIGNS = [1, -1, 1, 1, 1]
ALL_SIGNS = [*SIGNS, *CLOSENESS_SIGNS, 1]
OF_VECTORS = 5  # the first signals need vectors
WORDS_SIGNS = [0] * OF_VECTORS + SIGNS[OF_VECTORS:]


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
                result[here] = weight * _weight_of_set(name) / here.sum()
    return result


def _weight_of_set(name: str) -> float:
    return PAIRS_WEIGHT if name.endswith(OF_PAIRS) else SAMPLE_WEIGHT if name == "sample" else 1.0


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
