"""Confidence intervals and significance by resampling, the same for the same numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing numpy would cost every command line 0.1 s
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
FLIPS = 10_000
EXACT_UP_TO = 12
"""Differences that are not 0, up to which every way to flip their signs is tried."""
_SEED = 20_260_101
_BLOCK_VALUES = 1_000_000
"""Values drawn at a time, which bounds the memory."""


def interval(
    values: "NDArray[np.float64]",
    statistic: "Callable[[NDArray[np.float64]], NDArray[np.float64]] | None" = None,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic of the values (Efron, 1979), 95%.

    Questions are drawn with replacement. The interval holds the statistic of the values themselves.

    Args:
        values: one for each question; shape (questions, ...), at least one.
        statistic: gives that of each row of an array of shape (resamples, questions, ...); the mean when
            omitted.
    """
    import numpy as np

    of = statistic or _mean
    value = float(of(values[None, :])[0])
    generator = np.random.default_rng(_SEED)
    block = max(1, _BLOCK_VALUES // len(values))
    sizes = [min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block)]
    made = [of(values[generator.integers(0, len(values), (size, len(values)))]) for size in sizes]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(made), (tail, 1 - tail))
    return min(float(low), value), max(float(high), value)


def paired_p_value(differences: "NDArray[np.float64]") -> float:
    """How often chance alone makes a mean as far from 0, two-sided: a paired permutation test (Fisher, 1935).

    Were there nothing between the two, each difference might as well have the other sign.

    Args:
        differences: one for each question; shape (questions,).
    """
    import numpy as np

    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    seen = abs(float(differences.sum())) * (1 - 1e-12)
    if len(differences) <= EXACT_UP_TO:
        bits = np.arange(2 ** len(differences))[:, None] >> np.arange(len(differences)) & 1
        return float(np.mean(np.abs((1 - 2 * bits) @ differences) >= seen))
    generator = np.random.default_rng(_SEED)
    signs = 1 - 2 * generator.integers(0, 2, (FLIPS, len(differences)), dtype=np.int8)
    # The differences as they are belong to what chance can make, so that the value is never 0.
    return float((np.count_nonzero(np.abs(signs @ differences) >= seen) + 1) / (FLIPS + 1))


def _mean(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    means: NDArray[np.float64] = rows.mean(axis=-1)
    return means
