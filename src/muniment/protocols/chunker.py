"""From a parsed document to chunks."""

from typing import Protocol

from muniment.types import Chunk, ParsedDocument


class Chunker(Protocol):
    """Splits documents; deterministic, CPU only, so it is called in a thread."""

    @property
    def spec(self) -> str:
        """Name, version and settings that decide the result; part of every chunk's id."""

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """The chunks in reading order; together they cover the document's text."""
