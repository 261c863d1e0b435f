"""The resident index over an embedded database: loaded from a snapshot, or from the rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from muniment.protocols import IndexSpec
from muniment.providers.milvus.reading import EVERY_ROW, batches, count, search_bytes
from muniment.providers.milvus.schema import SEARCH_FIELDS, SENTENCES, to_entry
from muniment.ranking import Fusion, Ranked, ResidentIndex
from muniment.types import VectorQuery

if TYPE_CHECKING:
    from pymilvus import MilvusClient


class ResidentCopy:
    """What Milvus holds, searchable in memory.

    Milvus keeps the rows; this is derived from them. The snapshot is removed before the first write
    and written again after a pause and on closing, so one that exists is right: after a crash while
    writing there is none, and the index is made from the rows. Rows are counted all the same, for
    a power cut may bring back a file that was removed.
    """

    def __init__(self, index: ResidentIndex, path: Path, stamp: str, saved: bool) -> None:
        self.index = index
        self._path = path
        self._stamp = stamp
        self._saved = saved

    @classmethod
    def open(
        cls, client: "MilvusClient", spec: IndexSpec, path: Path, stamp: str, *, sentences: bool
    ) -> "ResidentCopy":
        """Load the snapshot of this very collection, or read all rows; ``sentences``: has their vectors."""
        index = ResidentIndex.load(path, stamp)
        if index is not None and len(index) == count(client, spec.name):
            return cls(index, path, stamp, saved=True)
        path.unlink(missing_ok=True)
        index = ResidentIndex(spec.dimension)
        fields = ["id", *SEARCH_FIELDS, *([SENTENCES] if sentences else [])]
        for batch in batches(client, spec.name, EVERY_ROW, fields, search_bytes(spec.dimension)):
            index.upsert(to_entry(row) for row in batch)
        return cls(index, path, stamp, saved=False)

    def search(self, query: VectorQuery, fusion: Fusion) -> list[Ranked]:
        """The best rows by id."""
        return self.index.search(query, fusion)

    def before_write(self) -> None:
        """Take back the snapshot; call before the rows in Milvus change."""
        if self._saved:
            self._path.unlink(missing_ok=True)
            self._saved = False

    def save(self) -> None:
        """Write the snapshot, unless it is there. A full disk costs the next start time, nothing else."""
        if not self._saved and len(self.index):
            try:
                self._path.parent.mkdir(exist_ok=True)
                self.index.save(self._path, self._stamp)
            except OSError:
                self._path.with_suffix(".part").unlink(missing_ok=True)
            else:
                self._saved = True

    def forget(self) -> None:
        """Remove the snapshot: the collection goes."""
        self._path.unlink(missing_ok=True)
        self._saved = False
