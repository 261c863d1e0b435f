"""Arrays of rows of different lengths, of which only those of some slots are asked for at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


class Ragged:
    """For every slot (row number) some items: a base of flat arrays, and what came since.

    Args:
        width: shape of an item; () for a number.
        starts, items: what ``arrays`` gave.
    """

    def __init__(
        self,
        dtype: DTypeLike,
        width: tuple[int, ...] = (),
        starts: NDArray[np.int64] | None = None,
        items: Array | None = None,
    ) -> None:
        self._starts = np.zeros(1, np.int64) if starts is None else starts
        self._items: Array = np.zeros((0, *width), dtype) if items is None else items
        self._recent: list[Array] = []

    def append(self, items: Array) -> None:
        """Those of the next slot."""
        self._recent.append(items)

    def of(self, slot: int) -> Array:
        """Those of a slot, in order."""
        packed = len(self._starts) - 1
        if slot >= packed:
            return self._recent[slot - packed]
        found: Array = self._items[self._starts[slot] : self._starts[slot + 1]]
        return found

    def joined(self, slots: Sequence[int] | NDArray[np.intp]) -> tuple[Array, NDArray[np.intp]]:
        """The items of these slots in one array, and for each the place of its slot among ``slots``."""
        parts = [self.of(int(slot)) for slot in slots]
        place = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return (np.concatenate(parts) if parts else self._items[:0]), place

    def packed(self, keep: Sequence[int] | NDArray[np.intp]) -> "Ragged":
        """Those of the slots in ``keep``, which are numbered anew, with everything in the base."""
        parts = [self.of(int(slot)) for slot in keep]
        starts = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
        width, dtype = self._items.shape[1:], self._items.dtype
        items = np.concatenate(parts) if parts else np.zeros((0, *width), dtype)
        return Ragged(dtype, width, starts, items)

    def arrays(self) -> tuple[NDArray[np.int64], Array]:
        """Starts and items of a packed one, as the constructor takes them."""
        return self._starts, self._items
