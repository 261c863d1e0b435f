"""Imports without the garbage collector, which would search what they make again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected_imports() -> Iterator[None]:
    """What the block makes is never searched for garbage: it stays to the end of the process.

    Importing the server makes some 600,000 objects, of which nearly none goes away; looking for those that
    do takes a seventh of the time, and each full collection later on would look at all of them once more.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
