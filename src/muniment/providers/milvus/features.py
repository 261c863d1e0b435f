"""What a server can do, found out when it is connected."""

import re
from dataclasses import dataclass

BM25_SINCE = (2, 5)
"""The first Milvus that makes BM25's vectors itself and keeps more than one vector field."""


OLDEST = (2, 3)
"""The first Milvus with upsert, arrays and cosine."""


@dataclass(frozen=True, slots=True)
class ServerFeatures:
    """``version`` as the server names it, empty for an embedded database. ``escapes`` when patterns of
    ``like`` may hold ``%``, ``_`` and backslashes that stand for themselves; Milvus Lite 3.2 knows none."""

    version: str = ""
    bm25: bool = True
    too_old: bool = False
    escapes: bool = False

    @classmethod
    def of(cls, version: str) -> "ServerFeatures":
        """What a server of this version can do; one that names no number is taken for a new one."""
        number = re.match(r"v?(\d+)\.(\d+)", version)
        if number is None:
            return cls(version, escapes="lite" not in version)
        release = (int(number[1]), int(number[2]))
        return cls(version, bm25=release >= BM25_SINCE, too_old=release < OLDEST, escapes=True)

    def lacking(self, place: str) -> tuple[str, ...]:
        """What it cannot do and what is done instead, in plain words."""
        if self.bm25:
            return ()
        return (
            f"Milvus {self.version.removeprefix('v')} at {place} has no BM25 and takes one vector for each "
            f"chunk: keyword ranking and its fusion with vectors are computed in this process, with the "
            f"same results. That needs memory for the words of all chunks and reads them at every start; "
            f"Milvus {BM25_SINCE[0]}.{BM25_SINCE[1]} or newer does it itself.",
        )
