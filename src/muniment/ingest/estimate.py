"""What carrying out a plan will take, from what the collection's own documents took."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from muniment.types import Change, ChangeKind, Estimate

BYTES_PER_CHUNK = {
    ".pdf": 6000.0,
    ".docx": 4000.0,
    ".pptx": 20000.0,
    ".xlsx": 3000.0,
    ".html": 2500.0,
    ".htm": 2500.0,
    ".png": 100_000.0,
    ".jpg": 100_000.0,
    ".jpeg": 100_000.0,
    ".tiff": 100_000.0,
}
"""For kinds of files of which a collection has none yet; coarse, of documents of prose."""

TEXT_BYTES_PER_CHUNK = 900.0
"""For text and everything else: 256 tokens are about a thousand characters, and the last one is short."""

_ROW_BYTES = 2500
"""A row's text, places and keyword index, besides its vector."""

_KEPT_SHARE = 1.3
"""Raw file and parsed document, compressed, for each byte of a source file."""

_REPLACES = frozenset({ChangeKind.UPDATE, ChangeKind.REMOVE, ChangeKind.RETRY})
_SPEC_SIZE = re.compile(r"/(\d+)/\d+$")
_WRITES = frozenset({ChangeKind.ADD, ChangeKind.UPDATE, ChangeKind.RETRY, ChangeKind.REPAIR})


_PRIOR_CHUNKS = 20
"""Chunks of a collection's own documents that count as much as what is known of their kind of file."""

_LAST_CHUNK = 0.5
"""A document's last chunk is half full on average."""


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """How quick earlier runs were, and which these were.

    Attributes:
        chunks_per_second: once it is under way; 0 when no run wrote a chunk.
        start_s: seconds until it is, which every run takes once.
    """

    chunks_per_second: float
    basis: str
    start_s: float = 0.0

    def seconds(self, chunks: int) -> float | None:
        """For writing so many chunks; None when nothing was measured."""
        if not chunks:
            return 0.0
        return self.start_s + chunks / self.chunks_per_second if self.chunks_per_second else None


@dataclass(slots=True)
class Estimator:
    """Adds up while changes go by.

    Attributes:
        dimension: length of the vectors.
        growth: chunks that the wanted chunking makes for each that there is.
    """

    dimension: int
    growth: float = 1.0
    _bytes: dict[str, int] = field(default_factory=dict)
    _chunks: dict[str, float] = field(default_factory=dict)
    _to_write: dict[str, int] = field(default_factory=dict)
    _files: dict[str, int] = field(default_factory=dict)
    _deleted: int = 0
    _rewritten: int = 0
    _kept: int = 0

    def learn(self, name: str, size: int, chunks: int) -> None:
        """Take note of a document that is done.

        One that is shorter than a chunk does not tell how many bytes fill one.
        """
        suffix = _suffix(name)
        if chunks > 1 or (chunks and size > _usual_bytes(suffix)):
            self._bytes[suffix] = self._bytes.get(suffix, 0) + size
            self._chunks[suffix] = self._chunks.get(suffix, 0.0) + chunks - _LAST_CHUNK

    def count(self, change: Change) -> None:
        """Add what a change takes."""
        read_anew = _is_read_anew(change)
        if change.kind in _REPLACES or read_anew:
            self._deleted += change.chunks
        if change.kind is ChangeKind.METADATA:
            self._rewritten += change.chunks
        if change.kind in _WRITES or read_anew:
            suffix = _suffix(change.name)
            self._to_write[suffix] = self._to_write.get(suffix, 0) + change.size
            self._files[suffix] = self._files.get(suffix, 0) + 1
        if change.kind is ChangeKind.ADD:
            self._kept += change.size

    def renew(self, chunks: int) -> None:
        """Add what a document takes whose chunks are made anew for another index."""
        self._rewritten += chunks

    def result(self, rate: MeasuredRate) -> Estimate:
        """The estimate for all that was counted."""
        written = self._rewritten
        for suffix, size in self._to_write.items():
            files = self._files[suffix]
            full = size / self._bytes_per_chunk(suffix)
            # No file has less than one chunk, however small it is.
            written += max(files, round(full + files * _LAST_CHUNK))
        written = round(written * self.growth)
        seconds = rate.seconds(written)
        row = 4 * self.dimension + _ROW_BYTES
        return Estimate(
            written,
            self._deleted,
            None if seconds is None else round(seconds, 1),
            rate.basis,
            round(self._kept * _KEPT_SHARE) + written * row,
        )

    def _bytes_per_chunk(self, suffix: str) -> float:
        usual = _usual_bytes(suffix)
        known, chunks = self._bytes.get(suffix, 0), self._chunks.get(suffix, 0.0)
        return max(1.0, (known + _PRIOR_CHUNKS * usual) / (chunks + _PRIOR_CHUNKS))


def _usual_bytes(suffix: str) -> float:
    return BYTES_PER_CHUNK.get(suffix, TEXT_BYTES_PER_CHUNK)


def chunking_growth(live: str, wanted: str) -> float:
    """How many chunks the wanted chunking makes for each of the live one, by the tokens in their specs.

    Specs are such as ``structure-1/256/48``; 1 for those that tell no size.
    """
    sizes = [_SPEC_SIZE.search(spec) for spec in (live, wanted)]
    if not sizes[0] or not sizes[1]:
        return 1.0
    return int(sizes[0][1]) / max(1, int(sizes[1][1]))


def _is_read_anew(change: Change) -> bool:
    """Whether a file was renamed to another format, so that the same bytes are parsed as something else."""
    moved = change.kind is ChangeKind.MOVE and bool(change.moved_from)
    return moved and _suffix(change.moved_from) != _suffix(change.name)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
