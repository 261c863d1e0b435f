"""What is computed together, and in which order; needs no engine."""

import os
from collections.abc import Iterator, Sequence

URGENT, PASSAGE = 0, 1  # priorities
# Lengths are rounded up, so that few shapes occur: kernels are made once for each shape.
_LENGTH_STEP = 8

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


def padded(length: int) -> int:
    """The length at which a text of so many tokens is computed."""
    return -(-length // _LENGTH_STEP) * _LENGTH_STEP
