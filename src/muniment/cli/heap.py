"""How the C library hands out memory in this process, so that a long run does not grow by what it frees."""

import ctypes
import sys

_MMAP_THRESHOLD, _TRIM_THRESHOLD, _ARENA_MAX = -3, -1, -8
_LARGE_BYTES = 256 * 1024
_ARENAS = 2


def keep_heap_small() -> None:
    """Have glibc give large blocks back to the system when they are freed; elsewhere nothing is done.

    By itself it takes the size of blocks it has seen freed, up to 32 MB, as a hint to keep such ones in
    the heap, where what is small and stays is then put between them; and it has eight heaps for each
    core. The tensors of an embedding model, of another size for every batch, so leave holes that add up
    to half of a run's growth.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        # Another C library, which has its own ways.
        return
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_TRIM_THRESHOLD, _LARGE_BYTES)
    mallopt(_ARENA_MAX, _ARENAS)
