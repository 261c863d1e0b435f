"""What a worker is given: a file, and what parsing it may cost. Light to import, on both sides."""

from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """One file to parse; ``name`` is what people call it."""

    path: Path
    name: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits and settings of one document's parsing, as a worker is told them.

    Attributes:
        max_unpacked_bytes: what an Office file may unpack to.
        max_pixels: pixels of one image.
        threads: native threads a worker may use.
        artifacts_path: folder with Docling's own layout and table models, or empty.
    """

    max_file_bytes: int
    max_unpacked_bytes: int
    max_pages: int
    max_pixels: int
    memory_bytes: int
    threads: int
    ocr: bool
    artifacts_path: str = ""

    def to_dict(self) -> dict[str, int | bool | str]:
        """For the wire."""
        return asdict(self)
