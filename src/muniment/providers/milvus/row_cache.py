"""Rows read lately, so that popular ones are not read again."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]

ROW_OVERHEAD = 1_000
"""Characters that a row counts beside those of its texts."""


class RowCache:
    """The rows used last, by id, up to a size. Methods may be called from any thread.

    Only for a store with one writer, which tells what it changed: a row that is read while it is being
    written is not kept.

    Args:
        max_chars: size of all rows together, in characters of their texts and ``ROW_OVERHEAD`` each.
    """

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars
        self._chars = 0
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._changes = 0
        self._lock = threading.Lock()

    @property
    def changes(self) -> int:
        """How often rows have changed; ask before a read, and give it to ``keep``."""
        return self._changes

    def get(self, ids: Iterable[int]) -> dict[int, Row]:
        """Those of the rows that are here."""
        with self._lock:
            found = {number: self._rows[number] for number in ids if number in self._rows}
            for number in found:
                self._rows.move_to_end(number)
            return found

    def keep(self, rows: Mapping[int, Row], changes: int) -> None:
        """Keep rows that were read after ``changes`` was asked, unless any row has changed since."""
        with self._lock:
            if changes != self._changes:
                return
            for number, row in rows.items():
                self._remove(number)
                self._rows[number] = row
                self._chars += _size(row)
            while self._chars > self._max_chars:
                self._remove(next(iter(self._rows)))

    def changed(self, ids: Iterable[int]) -> None:
        """Forget rows that were written or removed; call when that is done, and when it failed."""
        with self._lock:
            self._changes += 1
            for number in ids:
                self._remove(number)

    def _remove(self, number: int) -> None:
        row = self._rows.pop(number, None)
        if row is not None:
            self._chars -= _size(row)


def _size(row: Row) -> int:
    return ROW_OVERHEAD + sum(len(value) for value in row.values() if isinstance(value, str))
