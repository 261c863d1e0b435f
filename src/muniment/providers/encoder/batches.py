"""What is computed together, and in which order; needs no engine."""

import os
from collections.abc import Iterator, Sequence

URGENT, PASSAGE = 0, 1  # priorities
# Lengths are rounded up, so that few shapes occur: kernels are made once for each shape.
_LENGTH_STEP = 8

_BATCH_COST = 32  # tokens that could be computed in the time that a batch takes beside its tokens
_LEAST_SHARE = 256  # tokens; what is smaller is not divided for the sake of the other threads

Ids = list[int]


def available_threads() -> int:
    """CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batches(lengths: Sequence[int], max_tokens: int, threads: int = 1) -> Iterator[list[int]]:
    """Positions of texts, longest first, in batches of at most ``max_tokens`` with padding.

    Longest first, so that the last batches, which leave threads idle, are the cheapest. What would fit
    into fewer batches than there are ``threads`` is shared out among them.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    max_tokens = min(max_tokens, -(-sum(map(padded, lengths)) // threads))
    start = 0
    while start < len(order):
        size = max(1, max_tokens // padded(lengths[order[start]]))
        yield order[start : start + size]
        start += size


def tight_batches(lengths: Sequence[int], max_tokens: int, threads: int = 1) -> list[list[int]]:
    """As ``batches``, with as little padding as pays: for few texts that somebody waits for.

    Of all ways to divide the texts by length, the one that computes least (dynamic programming; each batch
    counts as some tokens more). The time grows with the square of the number of texts.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    widths = [padded(lengths[i]) for i in order]
    max_tokens = min(max_tokens, max(_LEAST_SHARE, -(-sum(widths) // threads)))
    least, starts = [0], []
    for end in range(1, len(order) + 1):
        costs = {
            start: least[start] + _BATCH_COST + (end - start) * widths[start]
            for start in range(end)
            if start == end - 1 or (end - start) * widths[start] <= max_tokens
        }
        starts.append(min(costs, key=lambda start: costs[start]))
        least.append(costs[starts[-1]])
    found: list[list[int]] = []
    end = len(order)
    while end:
        found.append(order[starts[end - 1] : end])
        end = starts[end - 1]
    return found[::-1]


def padded(length: int) -> int:
    """The length at which a text of so many tokens is computed."""
    return -(-length // _LENGTH_STEP) * _LENGTH_STEP
